"""Links to attachments that have run out: a Discord on loopback signs them anew, or does not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import discord
import pytest
from discord.http import Route

from bot.client import intents
from cogs.refreshing import MAX_LINKS, refreshed
from cogs.targets import Target, find_links
from tests.fake_discord import FakeDiscord, discord_here
from tests.fake_discord.faults import Fault, Held, answers, broken
from tests.fake_discord.rest import SIGNED

FILE = "https://cdn.discordapp.com/attachments/1/2/a.png"
OTHER = "https://media.discordapp.net/attachments/1/3/b.png"
REFRESH = "POST /attachments/refresh-urls"


@dataclass
class Signing:
    """A Discord on loopback, and a bot that is logged in to it."""

    server: FakeDiscord
    client: discord.Client

    async def of(self, *links: str, timeout: float = 10.0) -> list[str]:  # noqa: ASYNC109
        """What becomes of the links that somebody wrote."""
        targets = find_links(" ".join(links))
        found = await refreshed(targets, self.client.http, timeout=timeout)
        assert [target.name for target in found] == [target.name for target in targets]
        return [target.url for target in found]

    @property
    def to_sign(self) -> list[list[str]]:
        """The links that were to be signed, for each time."""
        return [asked.body["attachment_urls"] for asked in self.server.heard.asked(REFRESH)]

    def goes(self, fault: Fault) -> None:
        """Have that become of the question."""
        self.server.faults.on(REFRESH, fault, times=None)


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with (
        discord_here() as running,
        discord.Client(intents=intents()) as client,
    ):
        await client.login("token")
        yield Signing(running, client)


def says(refreshed_urls: Any) -> Fault:
    """Answer with that, whatever was asked."""
    return answers({"refreshed_urls": refreshed_urls})


async def test_expired_links_are_signed_anew_all_at_once(signing: Signing) -> None:
    links = [f"{FILE}?ex=1&is=0&hm=0&", "https://example.com/c.png", OTHER]
    assert await signing.of(*links) == [FILE + SIGNED, links[1], OTHER + SIGNED]
    assert signing.to_sign == [[FILE, OTHER]]


async def test_the_same_file_twice_is_asked_for_once(signing: Signing) -> None:
    assert await signing.of(f"{FILE}?ex=1", f"{FILE}?ex=2") == [FILE + SIGNED] * 2
    assert signing.to_sign == [[FILE]]


async def test_what_was_asked_may_come_back_in_another_form(signing: Signing) -> None:
    link = FILE.replace("a.png", "a%20(b).png")
    other = FILE.replace("a.png", "a%20%28b%29.png") + SIGNED
    signing.goes(says([{"original": "?", "refreshed": other}]))
    assert await signing.of(link) == [other]


async def test_nothing_is_asked_where_nothing_has_run_out(signing: Signing) -> None:
    links = [FILE + SIGNED, "https://example.com/attachments/1/2/a.png", "http://[bad"]
    assert await signing.of(*links) == links
    assert signing.to_sign == []


async def test_what_discord_reads_itself_is_left_to_it(signing: Signing) -> None:
    class Asset:
        async def read(self) -> bytes:
            raise AssertionError

    targets = (Target("a.png", FILE, None, "sticker", asset=Asset()),)
    assert await refreshed(targets, signing.client.http, timeout=5) == targets
    assert signing.to_sign == []


async def test_no_more_are_asked_about_than_discord_takes(signing: Signing) -> None:
    links = [FILE.replace("/2/", f"/{number}/") for number in range(MAX_LINKS + 5)]
    found = await signing.of(*links)
    assert [len(asked) for asked in signing.to_sign] == [MAX_LINKS]
    assert found == [link + SIGNED for link in links[:MAX_LINKS]] + links[MAX_LINKS:]


@pytest.mark.parametrize(
    "refreshed_urls",
    [
        None,
        [],
        {},
        "text",
        [None],
        [[]],
        [{}],
        [{"original": FILE}],
        [{"original": FILE, "refreshed": None}],
        [{"original": FILE, "refreshed": [FILE + SIGNED]}],
        [{"original": FILE, "refreshed": FILE}],
        [{"original": FILE, "refreshed": f"{FILE}?ex=1"}],
        [{"original": OTHER, "refreshed": OTHER + SIGNED}],
        [{"original": FILE, "refreshed": OTHER + SIGNED}],
        [{"original": FILE, "refreshed": f"http{FILE.removeprefix('https')}{SIGNED}"}],
        [{"original": FILE, "refreshed": f"https://example.com/attachments/1/2/a.png{SIGNED}"}],
        [{"original": FILE, "refreshed": f"https://127.0.0.1/attachments/1/2/a.png{SIGNED}"}],
        [{"original": FILE, "refreshed": "http://[bad"}],
    ],
)
async def test_an_answer_that_is_not_to_be_trusted_changes_nothing(
    signing: Signing, refreshed_urls: Any
) -> None:
    signing.goes(says(refreshed_urls))
    assert await signing.of(FILE) == [FILE]
    assert len(signing.to_sign) == 1


@pytest.mark.parametrize("body", [None, [], "text", 7])
async def test_an_answer_of_another_shape_changes_nothing(signing: Signing, body: Any) -> None:
    signing.goes(answers(body))
    assert await signing.of(FILE) == [FILE]


@pytest.mark.parametrize(
    "fault",
    [
        answers({"message": "no", "code": 0}, 400),
        answers({"message": "no", "code": 0}, 401),
        answers({"message": "no", "code": 0}, 403),
        answers({"message": "no", "code": 0}, 404),
        broken(429),
        broken(200),
    ],
    ids=["400", "401", "403", "404", "429", "a page"],
)
async def test_a_refusal_changes_nothing_and_no_link_gets_into_the_log(
    signing: Signing, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    signing.goes(fault)
    assert await signing.of(FILE) == [FILE]
    assert "attachments/1/2" not in caplog.text


@pytest.mark.parametrize("status", [500, 503])
async def test_a_discord_that_is_down_is_not_waited_for_longer_than_allowed(
    signing: Signing, status: int
) -> None:
    signing.goes(answers({}, status))
    assert await signing.of(FILE, timeout=0.5) == [FILE]


async def test_a_discord_that_says_nothing_is_not_waited_for_longer_than_allowed(
    signing: Signing,
) -> None:
    signing.goes(Held())
    assert await signing.of(FILE, timeout=0.3) == [FILE]
    assert len(signing.to_sign) == 1


async def test_a_discord_that_can_not_be_reached_changes_nothing(
    signing: Signing, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{unused_tcp_port}")
    assert await signing.of(FILE) == [FILE]
