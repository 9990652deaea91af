"""Downloads with the network cut off behind the last guard: what would be contacted is noted."""

import socket
from collections.abc import Callable
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bench.hostile.links import TrickyLink
from bot.net import Fetcher, IPAddress, is_public
from bot.net.allowance import Allowance
from bot.net.links import WEB_PORTS
from bot.net.resolver import AddressRefusedError


class Names(AbstractResolver):
    """A name server that knows what a row of the table says, and notes what it is asked.

    ``case`` is that row; ``known`` are names beside it, with their address and port.
    """

    def __init__(self, case: TrickyLink | None = None) -> None:
        self.case = case
        self.known: dict[str, tuple[str, int]] = {}
        self.looked_up: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host in self.known:
            return [_result(host, *self.known[host])]
        addresses = () if self.case is None else self.case.resolves_to
        if self.looked_up and self.case is not None and self.case.then_to is not None:
            addresses = self.case.then_to
        self.looked_up.append(host)
        if not addresses:
            raise OSError("no such name")
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        pass


class CutOff(Fetcher):
    """Notes where a connection would go once every guard has let it, and makes none.

    But to ``home``, an address on loopback where a server of one's own is, on its ``port``.
    """

    def __init__(self, names: Names, *, home: str | None = None, port: int | None = None) -> None:
        ports = WEB_PORTS if port is None else {*WEB_PORTS, port}
        super().__init__(
            timeout=10.0, allow_address=_allowing(home), allowed_ports=ports, resolver=names
        )
        self._home = home
        self.contacted: list[tuple[str, int]] = []

    def _open_socket(self, allowance: Allowance, info: aiohttp.AddrInfoType) -> socket.socket:
        host, port = info[4][:2]
        try:
            opened = super()._open_socket(allowance, info)
        except AddressRefusedError:
            raise
        except OSError:
            # This machine has no IPv6.
            opened = socket.socket()
        if host == self._home:
            return opened
        opened.close()
        self.contacted.append((str(host), int(port)))
        raise ConnectionRefusedError


def _allowing(home: str | None) -> Callable[[IPAddress], bool]:
    def allow(address: IPAddress) -> bool:
        return (home is not None and address == ip_address(home)) or is_public(address)

    return allow


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
