"""One HTTP exchange, within bounds of bytes, seconds and addresses.

There are two ways out.  A wiki that the operator named may be anywhere, in an intranet as well.
Whatever else an answer names must be on the public Internet, as a stranger's link must.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_address
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from bot.errors import DownloadFailedError, DownloadTooLargeError, RefusedURLError
from bot.net.addresses import IPAddress
from bot.net.bodies import read_body
from bot.net.mediawiki.waiting import FEW, BrokenError, UnreachableError
from bot.net.resolver import AddressRefusedError, GuardedResolver, ThreadResolver

# Of a body that only says what went wrong.
_MAX_ERROR_BYTES = 64 * 1024
_CONNECT_SECONDS = 20.0
_THREADS = 4
_MAX_HEARD = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def location(self) -> str | None:
        """Where this answer redirects to, if it does."""
        return self.headers.get("Location") if self.status in (301, 302, 303, 307, 308) else None


class Transport:
    """Makes exchanges; used as an async context manager.

    ``allow_address`` judges the addresses of the guarded way, ``resolver`` looks names up
    (``None``: as the system does).
    """

    def __init__(
        self,
        user_agent: str,
        *,
        allow_address: Callable[[IPAddress], bool],
        resolver: AbstractResolver | None,
    ) -> None:
        self._user_agent = user_agent
        self._allow_address = allow_address
        self._resolver = resolver
        self._stack = AsyncExitStack()
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._heard: set[str] = set()

    async def __aenter__(self) -> Self:
        guarded = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._names(rooted=True), self._allow_address),
            socket_factory=self._open_socket,
            use_dns_cache=False,
        )
        # The operator's own wiki may have a short name, in the operator's own domain.
        names = self._names(rooted=False)
        named = aiohttp.TCPConnector(resolver=GuardedResolver(names, _anywhere))
        for is_guarded, connector in ((True, guarded), (False, named)):
            self._sessions[is_guarded] = await self._stack.enter_async_context(
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                    trust_env=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                    headers={"User-Agent": self._user_agent},
                )
            )
        return self

    def _names(self, *, rooted: bool) -> AbstractResolver:
        if self._resolver is not None:
            return self._resolver
        resolver = ThreadResolver(_THREADS, rooted=rooted)
        self._stack.push_async_callback(resolver.close)
        return resolver

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._sessions.clear()
        await self._stack.aclose()

    async def exchange(
        self,
        url: URL,
        *,
        guarded: bool,
        headers: Mapping[str, str],
        max_bytes: int,
        seconds: float,
        form: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask for ``url``, following no redirect; ``form`` is posted.

        Raises :class:`UnreachableError` and :class:`BrokenError` for what may pass,
        :class:`DownloadTooLargeError`, :class:`RefusedURLError`, or :class:`DownloadFailedError`
        where no secure connection can be made.
        """
        if not self._sessions:
            raise RuntimeError("a MediaWikiClient outside of its `async with`")
        host = url.host or ""
        answered = False
        try:
            async with (
                asyncio.timeout(seconds),
                self._sessions[guarded].request(
                    "GET" if form is None else "POST",
                    url,
                    data=form,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                answered = True
                if len(self._heard) < _MAX_HEARD:
                    self._heard.add(host)
                return await _read(response, max_bytes)
        except TimeoutError:
            if answered:
                raise BrokenError(
                    f"{host} did not come to an end of its answer in {seconds:g} seconds.",
                    tries=FEW,
                ) from None
            raise UnreachableError(
                f"{host} did not answer in {seconds:g} seconds.", tries=FEW
            ) from None
        except DownloadFailedError:
            raise BrokenError(f"{host} broke off its answer.", tries=FEW) from None
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError):
            raise DownloadFailedError(
                f"There is no secure connection to {host}: its certificate is not one that is "
                "trusted here. Check the address, or add its authority to the system's."
            ) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefusedError):
                raise RefusedURLError(f"{host} is not on the public Internet.") from None
            raise UnreachableError(f"{host} can't be reached.", tries=self._tries(host)) from None
        # ValueError: a name that no name server can be asked for.
        except (aiohttp.InvalidURL, ValueError):
            raise RefusedURLError(f"{host or 'What was named'} is no address.") from None
        except (aiohttp.ClientError, OSError):
            if answered:
                raise BrokenError(f"{host} broke off its answer.", tries=FEW) from None
            raise UnreachableError(
                f"{host} closed the connection without an answer.", tries=self._tries(host)
            ) from None

    def _tries(self, host: str) -> int | None:
        # A host that was there comes back; one that never was may be a slip of the pen.
        return None if host in self._heard else FEW

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self._allow_address(ip_address(address[0])):
            raise AddressRefusedError
        return socket.socket(family=family, type=kind, proto=protocol)


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> Reply:
    whole = False
    try:
        body = await read_body(response, max_bytes if response.status == 200 else _MAX_ERROR_BYTES)
        whole = response.content.at_eof()
    except DownloadTooLargeError:
        if response.status == 200:
            raise
        body = b""
    finally:
        # The rest of a body that was not read to its end is not waited for.
        if not whole:
            response.close()
    return Reply(response.status, response.headers, body)


def _anywhere(address: IPAddress) -> bool:
    return True
