"""Downloads what a stranger's link leads to, and goes nowhere else.

The rules: http and https; public addresses, judged on the address that the connection is made to;
each redirect judged like a first link; bounded bytes (as sent, as unpacked, and around the file),
seconds and connections; nothing sent that tells who asks.  What a file is, its bytes say and not
its headers.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from bot.errors import DownloadFailedError, FetchError, RefusedURLError
from bot.net.addresses import IPAddress, is_public
from bot.net.allowance import Allowance, BoundedSocket
from bot.net.bodies import read_body
from bot.net.discord_files import is_copy, is_expired_attachment
from bot.net.links import NOT_PUBLIC, WEB_PORTS, checked
from bot.net.preview import is_html, picture_of_page
from bot.net.resolver import AddressRefusedError, GuardedResolver, ThreadResolver

DEFAULT_MAX_BYTES = 25 * 1024 * 1024
DEFAULT_TIMEOUT = 10.0
DEFAULT_USER_AGENT = "whereis-bot (finds where a picture is from)"
MAX_REDIRECTS = 5
MAX_CONCURRENT = 8

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_ANSWER = "That link did not answer. Try again later, or attach the picture."
_BROKE_OFF = "That download broke off. Try again, or attach the picture."
_SENTENCES_OF_STATUS = {
    401: "That link needs a login (401). Attach the picture instead.",
    403: "That link is not open to me (403). Attach the picture instead.",
    404: "There is nothing at that link (404). Check it, or attach the picture.",
    410: "There is nothing at that link any more (410). Attach the picture instead.",
    429: "That site asks me to slow down (429). Try again later, or attach the picture.",
}


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded file: its bytes, and the link that it came from in the end."""

    data: bytes
    url: str


class Fetcher:
    """Downloads links; used as an async context manager.

    ``max_bytes`` bounds a file, both as sent and as unpacked; ``timeout`` is the total of seconds
    that one link may take, redirects and pages included; ``max_concurrent`` is how many are
    downloaded at a time (others wait, at most ``timeout`` more).  ``allow_address`` judges each
    address before it is connected to, ``allowed_ports`` are the ports that a link may name, and
    ``resolver`` looks names up (``None``: as the system does).
    """

    def __init__(
        self,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        timeout: float = DEFAULT_TIMEOUT,
        user_agent: str = DEFAULT_USER_AGENT,
        max_concurrent: int = MAX_CONCURRENT,
        allow_address: Callable[[IPAddress], bool] = is_public,
        allowed_ports: Collection[int] = WEB_PORTS,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._user_agent = user_agent
        self._allow_address = allow_address
        self._allowed_ports = allowed_ports
        self._resolver = resolver
        # A look-up may outlive the download that wanted it, so there is room for more of them.
        self._threads = 4 * max_concurrent
        self._slots = asyncio.Semaphore(max_concurrent)
        self._stack = AsyncExitStack()
        self._names: GuardedResolver | None = None

    async def __aenter__(self) -> Self:
        resolver = self._resolver
        if resolver is None:
            resolver = ThreadResolver(self._threads, rooted=True)
            self._stack.push_async_callback(resolver.close)
        self._names = GuardedResolver(resolver, self._allow_address)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._names = None
        await self._stack.aclose()

    async def fetch(self, url: str) -> Download:
        """Download the file behind ``url``, or the picture of the web page behind it.

        Raises :class:`RefusedURLError`, :class:`~bot.errors.DownloadTooLargeError` or
        :class:`DownloadFailedError`, whose text is for the one who sent the link.
        """
        link = self._checked(url)
        try:
            async with asyncio.timeout(self._timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise DownloadFailedError(
                "I am busy with other downloads. Try again in a moment."
            ) from None
        try:
            async with asyncio.timeout(self._timeout):
                return await self._fetch_picture(link)
        except TimeoutError:
            raise DownloadFailedError(
                f"That link took longer than {self._timeout:g} seconds. "
                "Try again later, or attach the picture."
            ) from None
        finally:
            self._slots.release()

    def _session(self, allowance: Allowance) -> aiohttp.ClientSession:
        """A session for one request: nothing is shared with any other."""
        if self._names is None:
            raise RuntimeError("Fetcher.fetch() outside of its `async with`")
        connector = aiohttp.TCPConnector(
            # Both guards stand: the resolver's for a name with several addresses, the socket's for
            # whatever reaches a connection by any other way.
            resolver=self._names,
            socket_factory=partial(self._open_socket, allowance),
            use_dns_cache=False,
            force_close=True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            # Twice as much may wait to be read, which is well within the allowance.
            read_bufsize=64 * 1024,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
            headers={
                "User-Agent": self._user_agent,
                "Accept": "image/*, */*;q=0.5",
                "Accept-Encoding": "identity",
            },
        )

    def _checked(self, url: str) -> URL:
        return checked(url, allow_address=self._allow_address, allowed_ports=self._allowed_ports)

    async def _fetch_picture(self, link: URL) -> Download:
        download = await self._follow(link)
        if not is_html(download.data):
            return download
        picture = picture_of_page(download.data)
        if picture is None:
            raise DownloadFailedError(
                "That link leads to a web page, not to a picture. "
                "Send the link of the picture itself, or attach it."
            )
        download = await self._follow(self._joined(URL(download.url, encoded=True), picture))
        if is_html(download.data):
            raise DownloadFailedError(
                "That web page names a picture, but what is there is another web page. "
                "Send the link of the picture itself, or attach it."
            )
        return download

    async def _follow(self, link: URL) -> Download:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._get(link)
            if isinstance(answer, bytes):
                return Download(answer, str(link))
            link = answer
        raise DownloadFailedError(
            f"That link was redirected more than {MAX_REDIRECTS} times. "
            "Send the link of the picture itself, or attach it."
        )

    async def _get(self, link: URL) -> bytes | URL:
        """The body behind ``link``, or where it redirects to."""
        allowance = Allowance()
        try:
            async with (
                self._session(allowance) as session,
                session.get(link, allow_redirects=False) as response,
            ):
                try:
                    return await self._read(link, response, allowance)
                finally:
                    # The rest of a body that was not read to its end is not waited for.
                    response.close()
        except FetchError:
            raise
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError):
            raise DownloadFailedError(
                "I could not make a secure connection to that link. Attach the picture instead."
            ) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefusedError):
                raise RefusedURLError(NOT_PUBLIC) from None
            raise DownloadFailedError(_NO_ANSWER) from None
        except aiohttp.ClientPayloadError:
            raise DownloadFailedError(_BROKE_OFF) from None
        # ValueError: a name that no name server can be asked for.
        except (aiohttp.ClientError, OSError, ValueError):
            raise DownloadFailedError(_NO_ANSWER) from None

    async def _read(
        self, link: URL, response: aiohttp.ClientResponse, allowance: Allowance
    ) -> bytes | URL:
        location = response.headers.get("Location")
        if response.status in _REDIRECTS and location is not None:
            return self._joined(link, location)
        if response.status not in (200, 203):
            raise DownloadFailedError(_sentence_of_status(link, response.status))
        body = await read_body(response, self._max_bytes, allowance.extend)
        if not body:
            raise DownloadFailedError(
                "That link leads to an empty file. Check it, or attach the picture."
            )
        return body

    def _joined(self, base: URL, reference: str) -> URL:
        # As browsers do; in a host it is refused all the same.
        reference = reference.strip().replace(" ", "%20")
        if not _ABSOLUTE.match(reference):
            # Where it is none, the check says so.
            with suppress(ValueError):
                reference = str(base.join(URL(reference)))
        # A whole link is judged as it was written, not as a parser would mend it.
        return self._checked(reference)

    def _open_socket(self, allowance: Allowance, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self._allow_address(ip_address(address[0])):
            raise AddressRefusedError
        return BoundedSocket(allowance, family, kind, protocol)


def _sentence_of_status(link: URL, status: int) -> str:
    if status in (403, 404) and is_expired_attachment(link):
        return (
            "That Discord link has expired. Copy the link of the picture again, "
            "or reply to the message that shows it."
        )
    if status in (403, 404, 410, 415) and is_copy(link):
        return (
            "Discord no longer has its copy of that picture. "
            "Send the link of the picture itself, or attach it."
        )
    return _SENTENCES_OF_STATUS.get(
        status,
        f"That link answered with an error ({status}). Try again later, or attach the picture.",
    )
