"""Whatever is asked, and however it ends: nothing of it is in the log, and all of it has an id."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import discord
import pytest
from simcord import Env

from bot.client import Services
from bot.search import SearchService
from tests.acceptance.conftest import LoseDatabase
from tests.acceptance.forging import COMPONENT, button, forge
from tests.acceptance.ruling import watch
from tests.acceptance.staff import moderator
from tests.acceptance.world import Library, Town, Website, changed_copy, png
from tests.logs import logged

# In every name, text, title, file and link of this world.
MARK = "zqmark"
TITLE = f"Page_{MARK}"
FILE = f"{MARK}.png"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What has been logged, at the lowest level; the mark is in none of it."""
    with logged(form="json") as read:
        yield lambda: [json.loads(line) for line in read().splitlines()]
        assert MARK not in read().lower()


@pytest.fixture
def town(env: Env, lines: Lines) -> Town:
    """A server in which everything has a name with the mark in it."""
    guild = env.create_guild(f"{MARK} town")
    channel = guild.create_text_channel(f"{MARK}-channel")
    return Town(env, guild, channel, guild.add_member(env.create_user(f"{MARK}-alice")))


def requests(found: list[dict[str, Any]]) -> list[tuple[str, dict[str, int]]]:
    """The requests that have ended: the way of each, and what became of it."""
    return [(line["way"], line["outcomes"]) for line in found if line["logger"] == "bot.requests"]


async def ask(town: Town, data: bytes) -> discord.Message:
    text = f"!whereis {MARK}"
    return await town.alice.send(town.channel, text, attachments=[(FILE, data)])


async def test_questions_and_their_answers(
    town: Town, library: Library, website: Website, services: Services, lines: Lines
) -> None:
    await library.add(png(1), TITLE, *(f"{TITLE}_{n:02}" for n in range(11)), file=FILE)
    link = website.put(FILE, png(1))
    asked = await town.alice.send(town.channel, f"!whereis {link} {MARK}")
    await town.alice.edit(asked, f"!whereis {website.address}/missing/{FILE}")
    await town.alice.slash(town.channel, "whereis", picture=(FILE, png(2)), url=link)
    await town.alice.context_menu(town.channel, "Search image", asked)
    await ask(town, b"broken")
    answer = await town.alice.slash(town.channel, "whereis", url=link)
    assert answer.response is not None
    await town.alice.click(answer.response, label="Next")
    await watch(services, town)
    bob = town.join(f"{MARK}-bob")
    for actor, data in ((town.alice, png(3)), (bob, changed_copy(3)), (bob, b"broken")):
        await actor.send(town.channel, MARK, attachments=[(FILE, data)])
    assert requests(lines()) == [
        ("text", {"found": 1}),
        ("edit", {"unfetched": 1}),
        ("slash", {"found": 1, "none": 1}),
        ("menu", {"unfetched": 1}),
        ("text", {"unreadable": 1}),
        ("slash", {"found": 1}),
        ("click", {"done": 1}),
        ("watch", {"none": 1}),
        ("watch", {"found": 1}),
        ("watch", {"unreadable": 1}),
    ]
    ended = [line for line in lines() if line["logger"] == "bot.requests"]
    assert len({line["request"] for line in ended}) == len(ended)
    assert {line["server"] for line in ended} == {town.guild.id}
    assert {"fetch", "index", "look", "pages", "send"} <= set(ended[0]["steps"])
    # Nor is there who asked, or what is nobody's business.
    assert str(town.alice.id) not in json.dumps(ended)


async def test_steps_of_moderators(
    town: Town, library: Library, website: Website, lines: Lines
) -> None:
    mod = moderator(town, f"{MARK}-mod")

    async def say(text: str, *files: tuple[str, bytes]) -> None:
        await mod.send(town.channel, text, attachments=list(files))

    await say(f"!addimage {MARK} title", (FILE, png(1)))
    await say(f"!addimage {MARK} {website.put(FILE, png(2))}")
    posted = await town.alice.send(town.channel, f"# {MARK}", attachments=[(FILE, png(3))])
    await mod.send(town.channel, "!addimages", reply_to=posted)
    await say(f"!images {MARK}")
    await say("!history")
    await say("!undo")
    await say("!settings")
    await say(f"!removeimage {MARK}")
    await say(f"!addimage --collection {MARK} {MARK}", (FILE, png(4)))
    await say("!privacy")
    await say(f"!{MARK} {MARK}")
    await town.alice.send(town.channel, f"!addimage {MARK}", attachments=[(FILE, png(5))])
    ended = requests(lines())
    assert {way for way, _ in ended} == {"text"}
    # What is no command of ours is no request.
    assert [outcomes for _, outcomes in ended] == [
        *[{"done": 1}] * 7,
        *[{"refused": 1}] * 2,
        {"done": 1},
        {"refused": 1},
    ]
    assert town.env.errors


async def test_what_goes_wrong(
    town: Town,
    library: Library,
    lines: Lines,
    lose_database: LoseDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await library.add(png(1), TITLE, file=FILE)
    env = town.env
    path = f"/channels/{town.channel.id}/messages"
    # An embed that Discord does not take, and then nothing that it takes.
    for status, code, times in ((400, 50035, 1), (403, 50013, None)):
        words = f"In embeds.0.url: {MARK}"
        env.inject_error("POST", path, status=status, code=code, message=words, times=times)
        await ask(town, png(1))
    await forge(town.alice, town.channel, COMPONENT, button(f"whereis:{town.alice.id}:{MARK}:next"))

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("by chance")

    with monkeypatch.context() as patch:
        patch.setattr(SearchService, "search", broken)
        await town.alice.slash(town.channel, "whereis", picture=(FILE, png(1)))
    await lose_database()
    await town.alice.slash(town.channel, "whereis", picture=(FILE, png(1)))
    assert env.errors
    found = lines()
    assert requests(found)[-2:] == [("slash", {"failed": 1}), ("slash", {"failed": 1})]
    (unforeseen,) = [line for line in found if line.get("error", "").startswith("ZeroDivision")]
    ended = [line for line in found if line["logger"] == "bot.requests"]
    assert unforeseen["request"] == ended[-2]["request"]
