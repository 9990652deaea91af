import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from bot.errors import ConfigurationError, DatabaseUnavailableError
from bot.health import Health, serve_health


async def ask(port: int, path: str = "/healthz", method: str = "GET") -> tuple[int, str]:
    """A request over a real socket: the status and the body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split(" ")[1]), body


def says(health: Health) -> Callable[[], Awaitable[Health]]:
    async def check() -> Health:
        return health

    return check


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 503)])
async def test_what_the_check_says(ok: bool, status: int) -> None:
    async with serve_health(0, says(Health(ok, {"discord": ok}))) as port:
        found, body = await ask(port)
    assert found == status
    assert json.loads(body) == {"ok": ok, "discord": ok}


async def test_nothing_else_is_there() -> None:
    async with serve_health(0, says(Health(ok=True))) as port:
        assert (await ask(port, "/"))[0] == 404
        assert (await ask(port, method="POST"))[0] == 405


async def test_a_check_that_hangs() -> None:
    async def check() -> Health:
        await asyncio.Event().wait()
        raise AssertionError

    async with serve_health(0, check, timeout=0.05) as port:
        status, body = await ask(port)
    assert status == 503
    assert json.loads(body) == {"ok": False, "reason": "no answer within 0.05 seconds"}


async def test_a_check_that_fails() -> None:
    async def check() -> Health:
        raise DatabaseUnavailableError("The database is away.")

    async with serve_health(0, check) as port:
        status, body = await ask(port)
    assert status == 503
    assert json.loads(body) == {"ok": False, "reason": "The database is away."}


async def test_a_port_that_is_taken() -> None:
    async with serve_health(0, says(Health(ok=True))) as port:
        with pytest.raises(ConfigurationError, match="WHEREIS_HEALTH_PORT"):
            async with serve_health(port, says(Health(ok=True))):
                pass


async def test_it_listens_on_loopback_alone_and_ends() -> None:
    async with serve_health(0, says(Health(ok=True))) as port:
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.2", port)
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", port)
