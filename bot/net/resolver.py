"""Looking names up, without letting a slow or a sly name server do harm."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from bot.net.addresses import IPAddress


class AddressRefusedError(OSError):
    """A connection would have gone to an address that is not allowed."""


class ThreadResolver(AbstractResolver):
    """Asks the system, in threads of its own.

    A look-up can't be interrupted, and a stranger's name server can make one last for half a
    minute: in the event loop's own few threads that would hold up the whole bot.

    With ``rooted``, a name is what it says and nothing shorter: the system does not try it with the
    domains of its own network behind it, where it may stand for something inside.
    """

    def __init__(self, threads: int, *, rooted: bool = False) -> None:
        self._rooted = rooted
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="resolver")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        name = f"{host.rstrip('.')}." if self._rooted else host
        found = await asyncio.get_running_loop().run_in_executor(
            self._executor, _look_up, name, port, family
        )
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, address in found
        ]

    async def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> list[tuple[int, str]]:
    found = socket.getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [(kind, str(address[0])) for kind, _, _, _, address in found]


class GuardedResolver(AbstractResolver):
    """Forgets every address that another resolver finds and that is not allowed.

    :meth:`resolve` raises :class:`AddressRefusedError` where that leaves none.
    """

    def __init__(
        self, resolver: AbstractResolver, allow_address: Callable[[IPAddress], bool]
    ) -> None:
        self._resolver = resolver
        self._allow_address = allow_address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        allowed = [result for result in found if self._allow_address(ip_address(result["host"]))]
        if not allowed:
            raise AddressRefusedError
        return allowed

    async def close(self) -> None:
        """The other resolver belongs to whoever made it."""
