import socket

import aiohttp
import pytest
from yarl import URL

from bot.net import traced
from bot.net.tracing import part_of
from tests.loopback_site import site_on


async def test_each_request_is_heard_of_with_its_answer() -> None:
    noted: list[tuple[str, int | None]] = []

    def note(part: str, status: int | None) -> None:
        noted.append((part, status))

    with socket.socket() as taken:
        # A port that nobody listens on.
        taken.bind(("127.0.0.1", 0))
        deaf = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        async with (
            site_on("127.0.0.1") as site,
            aiohttp.ClientSession(trace_configs=[traced(note)]) as session,
        ):
            site.answers["/busy"] = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
            async with session.get(site.url("/busy")):
                pass
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(deaf)
    assert noted == [("api", 429), ("api", None)]


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://discord.com/api/v10/users/@me", "api"),
        ("wss://gateway.discord.gg/?v=10", "api"),
        ("https://cdn.discordapp.com/attachments/1/2/a.png", "files"),
        ("https://media.discordapp.net/attachments/1/2/a.png", "files"),
        ("https://evildiscordapp.com/", "api"),
    ],
)
def test_the_parts_of_discord(url: str, part: str) -> None:
    assert part_of(URL(url)) == part
