"""Reading the body of an answer, within bounds."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import aiohttp

from bot.errors import DownloadFailedError, DownloadTooLargeError
from bot.net.preview import MAX_PAGE_BYTES, SNIFF_BYTES, is_html

_PIECE = 256 * 1024
_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


async def read_body(
    response: aiohttp.ClientResponse,
    max_bytes: int,
    arrived: Callable[[int], None] = lambda _: None,
) -> bytes:
    """The body of ``response``, unpacked; what follows the end of a packed body is left alone.

    A web page is cut off after :data:`MAX_PAGE_BYTES`.  ``arrived`` is told of bytes of the body as
    they come, packed as they are.  Expects a session with ``auto_decompress=False``.

    Raises :class:`DownloadTooLargeError` as soon as more than ``max_bytes`` are announced, arrive,
    or come out of the unpacking, and :class:`DownloadFailedError` where it can't be unpacked.
    """
    if response.content_length is not None and response.content_length > max_bytes:
        raise _too_large(max_bytes)
    pieces: list[bytes] = []
    size = 0
    page: bool | None = None
    async with aclosing(_unpacked(response, max_bytes, arrived)) as unpacked:
        async for piece in unpacked:
            pieces.append(piece)
            size += len(piece)
            if page is None and size >= SNIFF_BYTES:
                pieces = [b"".join(pieces)]
                page = is_html(pieces[0])
            if page and size >= MAX_PAGE_BYTES:
                break
            if size > max_bytes:
                raise _too_large(max_bytes)
    return b"".join(pieces)


async def _unpacked(
    response: aiohttp.ClientResponse, max_bytes: int, arrived: Callable[[int], None]
) -> AsyncGenerator[bytes, None]:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        async for chunk in response.content.iter_any():
            arrived(len(chunk))
            yield chunk
        return
    if encoding not in _WBITS:
        raise DownloadFailedError(
            "That link sends its file packed in a way I did not ask for. Attach the picture."
        )
    received = 0
    unpacker = zlib.decompressobj(_WBITS[encoding])
    try:
        async for chunk in response.content.iter_any():
            arrived(len(chunk))
            received += len(chunk)
            if received > max_bytes:
                raise _too_large(max_bytes)
            piece = unpacker.decompress(chunk, _PIECE)
            yield piece
            # A small chunk can unpack into a thousand times as much; a full piece says that there
            # is, or may be, more.
            while len(piece) == _PIECE and not unpacker.eof:
                await asyncio.sleep(0)
                piece = unpacker.decompress(unpacker.unconsumed_tail, _PIECE)
                yield piece
            if unpacker.eof:
                # Fed any further, it would copy all that it has been fed since, each time.
                return
    except zlib.error:
        raise DownloadFailedError(
            "The file behind that link is damaged. Try again, or attach the picture."
        ) from None
    raise DownloadFailedError("That download broke off. Try again, or attach the picture.")


def _too_large(max_bytes: int) -> DownloadTooLargeError:
    return DownloadTooLargeError(
        f"The file behind that link is larger than {max_bytes / 1024 / 1024:.3g} MB, "
        "more than I read. Send a smaller copy."
    )
