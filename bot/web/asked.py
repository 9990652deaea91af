"""What is asked: a picture that is sent or linked to, read within bounds; hashes and numbers."""

import asyncio
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from urllib.parse import parse_qs

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.text import clip, plain
from bot.web.problems import ProblemError, bad_request

MAX_RADIUS = 16
# 53 bytes of base64: the pHash and the look.
LOOK_PATTERN = "^[A-Za-z0-9_-]{71}$"
MAX_FORM = 16 * 1024
MAX_PAGES = 100
PAGES_LISTED = 50
MAX_ID = 2**31 - 1
MAX_NAME = 255

# What stands around a file in a form.
_ENVELOPE = 64 * 1024
_MAX_PARTS = 8
_PIECE = 256 * 1024
_LARGEST = 2**63 - 1

_HEXADECIMAL = re.compile(r"(?:0x)?([0-9a-f]{16})", re.ASCII | re.IGNORECASE)
_HASH_BYTES = 8
_LOOK = re.compile(LOOK_PATTERN, re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,24}", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that is sent, and what its sender calls it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A picture that is linked to."""

    url: str


async def read_asked(request: web.Request, *, max_bytes: int, seconds: float) -> Upload | Link:
    """The picture that a request sends or links to; one that is sent goes first.

    It is a form, with the fields ``file`` and ``url``, or a JSON object with ``url``.  Raises
    :class:`ProblemError`: for anything else, for a file of more than ``max_bytes``, and for a
    request that has not come after ``seconds``.
    """
    form = request.content_type == "multipart/form-data"
    if not form and request.content_type not in _READERS:
        raise ProblemError(
            415,
            "unsupported_media_type",
            "Send a form (multipart/form-data) with a file, or JSON with a url.",
            {"Accept-Post": ", ".join(("multipart/form-data", *_READERS))},
        )
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise ProblemError(415, "unsupported_encoding", "Send the picture unpacked.")
    length = request.content_length
    if length is None:
        if request.body_exists:
            raise ProblemError(
                411, "length_required", "Say how long the request is (Content-Length)."
            )
        length = 0
    if length > (max_bytes + _ENVELOPE if form else MAX_FORM):
        raise too_large(max_bytes if form else MAX_FORM)
    try:
        async with asyncio.timeout(seconds):
            if form:
                return await _of_form(request, max_bytes)
            body = await request.content.readexactly(length)
    except TimeoutError:
        raise ProblemError(
            408, "too_slow", f"The request did not come within {seconds:g} seconds."
        ) from None
    except (asyncio.IncompleteReadError, web.RequestPayloadError):
        raise bad_request("The request broke off.") from None
    return _link(_READERS[request.content_type](body))


def too_large(max_bytes: int) -> ProblemError:
    """What one reads who sends too much."""
    return ProblemError(
        413, "too_large", f"That is larger than {_size(max_bytes)}, more than I read."
    )


def hash_asked(text: str) -> int:
    """The signed 64-bit hash that is written in 16 hexadecimal digits, or as a decimal number.

    Sixteen digits are hexadecimal; a decimal number of so many is written with a 0 before it.
    Raises :class:`ProblemError`.
    """
    if match := _HEXADECIMAL.fullmatch(text):
        value = int(match[1], 16)
        return value - 2**64 if value > _LARGEST else value
    if _DECIMAL.fullmatch(text) and -_LARGEST - 1 <= int(text) <= _LARGEST:
        return int(text)
    raise ProblemError(
        422,
        "bad_hash",
        "A hash is 16 hexadecimal digits, or a signed 64-bit number in decimal.",
    )


def look_asked(text: str) -> tuple[int, bytes]:
    """The pHash and the look that are written as answers write them.

    Raises :class:`ProblemError`.
    """
    if not _LOOK.fullmatch(text):
        raise ProblemError(422, "bad_look", "A look is what the answer to a picture has as such.")
    data = urlsafe_b64decode(f"{text}=")
    return int.from_bytes(data[:_HASH_BYTES], signed=True), data[_HASH_BYTES:]


def number_asked(
    request: web.Request, name: str, default: int | None, least: int, most: int
) -> int | None:
    """The whole number of a field of the query, ``default`` where it is not there.

    Raises :class:`ProblemError` where it is none from ``least`` to ``most``.
    """
    text = request.query.get(name)
    if text is None:
        return default
    if _WHOLE_NUMBER.fullmatch(text) and least <= int(text) <= most:
        return int(text)
    raise ProblemError(422, f"bad_{name}", f"{name} is a whole number from {least} to {most}.")


async def _of_form(request: web.Request, max_bytes: int) -> Upload | Link:
    upload: Upload | None = None
    url = ""
    try:
        reader = await request.multipart()
        for _ in range(_MAX_PARTS):
            part = await reader.next()
            if part is None:
                break
            if isinstance(part, MultipartReader):
                raise bad_request("That form has another form inside.")
            if part.name == "file":
                data = await _read_part(part, max_bytes)
                if data or part.filename:
                    upload = upload or Upload(_name(part.filename), data)
            elif part.name == "url":
                url = (await _read_part(part, MAX_FORM)).decode("utf-8", "replace")
            else:
                await _read_part(part, MAX_FORM)
        else:
            raise bad_request("That form has too many fields.")
    # What aiohttp raises for a form that is none.
    except (ValueError, RuntimeError, AssertionError, LookupError, HttpProcessingError):
        raise bad_request("That form can't be read.") from None
    return upload or _link(url)


async def _read_part(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while piece := await part.read_chunk(_PIECE):
        data += piece
        if len(data) > most:
            raise too_large(most)
    return bytes(data)


def _of_json(body: bytes) -> str:
    try:
        document = json.loads(body)
    # A document may be nested more deeply than its reader can follow.
    except (ValueError, RecursionError):
        raise bad_request("That is no JSON.") from None
    if not isinstance(document, dict) or not isinstance(document.get("url", ""), str):
        raise ProblemError(422, "bad_request", 'Send a JSON object: {"url": "https://…"}.')
    return str(document.get("url", ""))


def _of_fields(body: bytes) -> str:
    try:
        fields = parse_qs(body.decode(), max_num_fields=_MAX_PARTS)
    except ValueError:
        raise bad_request("That form can't be read.") from None
    return fields.get("url", [""])[0]


_READERS = {"application/json": _of_json, "application/x-www-form-urlencoded": _of_fields}


def _link(url: str) -> Link:
    url = url.strip()
    if not url:
        raise ProblemError(422, "nothing_asked", "There is no picture. Send one, or a link to one.")
    return Link(url)


def _name(filename: str | None) -> str:
    return clip(plain(filename or ""), MAX_NAME) or "picture"


def _size(count: int) -> str:
    if count < 1024 * 1024:
        return f"{count / 1024:.3g} kB"
    return f"{count / 1024 / 1024:.3g} MB"
