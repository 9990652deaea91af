import asyncio
import socket
import threading

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.net.addresses import is_public
from bot.net.resolver import AddressRefusedError, GuardedResolver, ThreadResolver


class Names(AbstractResolver):
    """Finds the same addresses behind every name."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


async def test_only_what_is_allowed_is_passed_on() -> None:
    names = GuardedResolver(Names("10.0.0.1", "8.8.8.8", "fe80::1%1", "::ffff:1.1.1.1"), is_public)
    found = await names.resolve("mixed.example", 80)
    assert [result["host"] for result in found] == ["8.8.8.8", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("addresses", [(), ("127.0.0.1",), ("10.0.0.1", "::1")])
async def test_where_nothing_is_left_that_is_an_error(addresses: tuple[str, ...]) -> None:
    with pytest.raises(AddressRefusedError):
        await GuardedResolver(Names(*addresses), is_public).resolve("inside.example", 80)


@pytest.mark.parametrize(
    ("rooted", "asked"), [(True, "name.example."), (False, "name.example")], ids=str
)
async def test_names_are_looked_up_in_threads_of_its_own(
    rooted: bool, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def look_up(host: str, port: int, **_: object) -> list[object]:
        calls.append((host, threading.current_thread().name))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    resolver = ThreadResolver(1, rooted=rooted)
    try:
        (found,) = await asyncio.wait_for(resolver.resolve("name.example", 80), 10)
    finally:
        await resolver.close()
    assert (found["hostname"], found["host"], found["port"]) == ("name.example", "8.8.8.8", 80)
    assert calls == [(asked, "resolver_0")]
