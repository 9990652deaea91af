"""Titles, names and words that are made to have an effect have none, wherever they are shown."""

import json
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor

from tests.acceptance.forging import COMMAND, command, forge
from tests.acceptance.security.hostile import MENTIONS, NAMES, WORDS, check
from tests.acceptance.staff import bots_owner, moderator, told
from tests.acceptance.world import Library, Town, buttons_of, menus_of, png

each_of_them = pytest.mark.parametrize("words", WORDS, ids=NAMES)


def stored(words: str, limit: int) -> str:
    """As much of the words as the database takes, which any import could bring."""
    text = words.replace("\0", "").encode("utf-8", "ignore")[:limit].decode("utf-8", "ignore")
    return text or "x"


@each_of_them
async def test_words_in_the_database_that_a_member_sees(
    town: Town, library: Library, words: str
) -> None:
    title, name = stored(words, 500), stored(words, 1000)
    wiki = await library.wiki(stored(words, 200))
    titles = [title, *(f"{number} {title[:400]}" for number in range(12))]
    await library.add(png(1), *titles, to=wiki, file=name, url="javascript:alert(1)")
    await library.add(png(1), title, to=wiki, file="b", url="https://a@evil.example/x y)")
    await library.add(png(1), title, to=wiki, file="c")
    files = [(f"{name[:60].replace('/', '')}.png", png(1)), ("b.png", png(2))]
    await town.alice.send(town.channel, "!whereis", attachments=files)
    answer = town.answer()
    pictures, matches = menus_of(answer)
    await town.alice.click(answer, label="Next")
    for value in ("1", "2"):
        await town.alice.select(town.answer(), [value], custom_id=matches.custom_id)
    await town.alice.select(town.answer(), ["1"], custom_id=pictures.custom_id)
    await town.alice.slash(town.channel, "whereis", picture=files[0])
    await town.alice.context_menu(town.channel, "Search image", answer)
    await town.alice.send(town.channel, "!stats")
    await town.alice.slash(town.channel, "stats")
    bare = discord.PermissionOverwrite(embed_links=False)
    as_text = town.guild.create_text_channel("text", overwrites={town.guild.default_role: bare})
    await town.alice.send(as_text, "!whereis", attachments=files)
    assert town.answer(as_text).embeds == []
    assert town.answer(as_text).content
    assert check(town.env) >= 9
    assert town.env.errors == []


@each_of_them
async def test_words_in_the_database_that_a_moderator_sees(
    town: Town, library: Library, words: str
) -> None:
    own = await library.server(town.guild.id)
    title, name = stored(words, 500), stored(words, 1000)
    for file in (name, "b"):
        await library.add(png(1), title, f"1 {title[:400]}", to=own, file=file)
    mod = moderator(town)
    await mod.send(town.channel, "!images")
    await mod.send(town.channel, "!history")
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await mod.send(town.channel, "!removeimage", attachments=[("a.png", png(1))])
    asked = town.answers()[-1]
    (choice,) = menus_of(asked)
    await mod.select(asked, [choice.options[0].value], custom_id=choice.custom_id)
    await mod.click(town.answers()[-1], label="Undo")
    await mod.send(town.channel, "!undo")
    await mod.slash(town.channel, "image list")
    await mod.slash(town.channel, "image history")
    assert check(town.env) >= 9


@each_of_them
async def test_words_that_come_by_the_dozen(town: Town, library: Library, words: str) -> None:
    own = await library.server(town.guild.id)
    title, name = stored(words, 250), stored(words, 1000)
    for file in (name, "b", "c"):
        await library.add(png(1), title, f"1 {title[:240]}", to=own, file=file, look=True)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    merge = next(label for label in buttons_of(town.answer()) if label.startswith("Merge into"))
    await mod.click(town.answer(), label=merge)
    await mod.click(town.answer(), label="Keep both")
    newest, other = (image.image_id for image in await library.database.store.listing(own.id))
    await mod.send(town.channel, f"!mergeimages {newest} into {other}")
    await mod.click(town.answers()[-1], label="Undo")
    await mod.slash(town.channel, "image rename", page="Fern", to="Moss")
    lines = [{words: 1}, {"title": words, "dhash": 1}, {"title": words[:60], "dhash": words}]
    data = "\n".join(map(json.dumps, lines)).encode()
    await mod.send(town.channel, "!importimages", attachments=[("a.jsonl", data)])
    await mod.send(
        town.channel, "!importimages", attachments=[("a.csv", words.encode("utf-8", "ignore"))]
    )
    posted = await town.alice.send(
        town.channel,
        words[:2000],
        attachments=[
            (words[:200].replace("/", "") + ".png", png(2)),
            (f"{name[:60].replace('/', '')}.png", b"x"),
        ],
    )
    await mod.send(town.channel, "!addimages", reply_to=posted)
    await mod.send(town.channel, "!history")
    assert check(town.env) >= 10


COMMANDS = (
    "!whereis",
    "!help",
    "!images",
    "!history",
    "!undo",
    "!addimage",
    "!removeimage",
    "!index build",
    "!index drop",
    "!index",
    "!images --collection",
    '!addimage Fern --collection "',
    "!stats",
    "!addimages",
    "!addimages last 2",
    "!renameimage #1 ->",
)


@each_of_them
async def test_words_behind_a_command(town: Town, words: str) -> None:
    owner = bots_owner(town)
    for text in COMMANDS:
        answers = len(town.answers())
        # More than a message can have comes as an option of a slash command, below.
        wanted = f"{text} {words}"[:2000]
        await owner.send(town.channel, wanted, attachments=[("a.png", png(1))])
        assert len(town.answers()) > answers, text
    assert check(town.env) >= len(COMMANDS)


@each_of_them
async def test_words_in_a_title_and_in_a_files_name(
    town: Town, library: Library, words: str
) -> None:
    mod = moderator(town)
    name = words[:200].replace("/", "") + ".png"
    for title in (words[:200], f"https://wiki.example/{words[:200]}", "Fern"):
        await mod.send(town.channel, f"!addimage {title}", attachments=[(name, png(1))])
    await mod.send(town.channel, "!addimage Fern", attachments=[(name, b"no picture")])
    await mod.send(town.channel, "!images")
    assert check(town.env) >= 5


OPTIONS = (
    ("whereis", "url"),
    ("help", "command"),
    ("image add", "title"),
    ("image add", "url"),
    ("image remove", "url"),
    ("image list", "search"),
    ("image list", "collection"),
    ("image history", "collection"),
    ("image undo", "collection"),
    ("image addrecent", "title"),
    ("image export", "format"),
    ("image rename", "to"),
    ("image rename", "page"),
)
REQUIRED: dict[str, dict[str, Any]] = {
    "image add": {"title": "Fern"},
    "image addrecent": {"count": 5},
    "image rename": {"to": "Fern", "id": 1},
}


@each_of_them
async def test_words_in_the_options_of_slash_commands(town: Town, words: str) -> None:
    owner = bots_owner(town)
    for name, option in OPTIONS:
        data = command(owner, name, **{**REQUIRED.get(name, {}), option: words})
        result = await forge(owner, town.channel, COMMAND, data)
        assert result.acknowledged, (name, option)
        assert told(result), (name, option)
    assert check(town.env) >= len(OPTIONS)


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**53, 2**63, 2**64])
async def test_numbers_that_no_picture_has(town: Town, number: int) -> None:
    mod = moderator(town)
    data = command(mod, "image remove", id=number)
    result = await forge(mod, town.channel, COMMAND, data)
    assert told(result)
    result = await forge(mod, town.channel, COMMAND, command(mod, "image history", count=number))
    assert told(result)
    await mod.send(town.channel, f"!removeimage {number}")
    await mod.send(town.channel, f"!history {number}")
    assert check(town.env) >= 4


async def test_a_reply_calls_nobody(town: Town) -> None:
    bob = town.join("bob")
    posted = await bob.send(town.channel, MENTIONS, attachments=[("a.png", png(1))])
    await town.alice.send(town.channel, f"!whereis {MENTIONS}", reply_to=posted)
    await town.alice.send(town.channel, "!help nothing of that kind", reply_to=posted)
    assert check(town.env) >= 2
    for answer in town.answers():
        message = town.env.backend.get_message(town.channel.id, answer.id)
        assert message.ping_user_ids == []


async def _silenced(town: Town) -> MemberActor:
    owner = bots_owner(town)
    town.env.inject_error("POST", "/channels/*/messages", status=403, code=50013)
    return owner


async def test_a_private_message_in_place_of_an_answer(town: Town) -> None:
    owner = await _silenced(town)
    await owner.send(town.channel, f"!help {MENTIONS}")
    assert town.answers() == []
    assert check(town.env) >= 1
    assert buttons_of(town.answers(owner.user.dm_channel)[-1]) == {}
