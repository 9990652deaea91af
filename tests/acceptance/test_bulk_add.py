"""``!addimages``, ``/image addrecent`` and **Add pictures**: many pictures as one step."""

import asyncio

import discord
import pytest
from PIL import Image

from bot.client import BotOptions, Services, WhereisBot
from bot.errors import DownloadFailedError
from bot.ingest import Actor, Wanted, curation
from bot.titles import PageName
from cogs.bulk import _adding
from cogs.errors import root_of
from tests.acceptance.forging import COMMAND, command, forge
from tests.acceptance.staff import (
    description,
    moderator,
    other_town,
    refused,
    refused_privately,
    told,
)
from tests.acceptance.world import Library, Town, Website, buttons_of, embed_of, encode, png


async def stored(library: Library, town: Town) -> list[tuple[str, str | None]]:
    """Titles and files of the server's own pictures, oldest first."""
    own = await library.server(town.guild.id)
    listed = await library.database.store.listing(own.id, limit=300)
    return [(title, image.file) for image in reversed(listed) for title in image.titles]


def fields(message: discord.Message) -> dict[str, str]:
    """The fields of the one embed of a message."""
    return {field.name or "": field.value or "" for field in embed_of(message).fields}


async def post(town: Town, text: str, *files: tuple[str, bytes]) -> discord.Message:
    return await town.alice.send(town.channel, text, attachments=list(files))


async def test_every_picture_of_a_replied_message(town: Town, library: Library) -> None:
    posted = await post(
        town,
        "# **Two ferns** of <@1>\nhere they are",
        ("a.png", png(1)),
        ("b.png", png(2)),
        ("notes.txt", b"no picture"),
    )
    await moderator(town).send(town.channel, "!addimages", reply_to=posted)
    message = town.answer()
    assert embed_of(message).title == "2 pictures added"
    assert "[Two ferns of](https://en.wikipedia.org/wiki/Two_ferns_of)" in description(town)
    assert fields(message) == {"Titles": "2 by the text of its message"}
    assert list(buttons_of(message)) == ["Undo"]
    assert await stored(library, town) == [("Two_ferns_of", "a.png"), ("Two_ferns_of", "b.png")]
    await town.alice.send(town.channel, "!whereis", attachments=[("c.png", png(2))])
    assert embed_of(town.answers()[-1]).title == "Two ferns of"


async def test_its_own_attachments_and_a_given_title(town: Town, library: Library) -> None:
    mod = moderator(town)
    files = [("a.png", png(1)), ("b.png", png(2))]
    await mod.send(town.channel, "!addimages Mandelbrot set", attachments=files)
    assert fields(town.answer()) == {"Titles": "2 by the title that you gave"}
    assert {title for title, _ in await stored(library, town)} == {"Mandelbrot_set"}
    await mod.send(town.channel, "!addimages https://example.org/wiki/X", attachments=files)
    assert "[X](https://example.org/wiki/X)" in description(town)


async def test_one_undo_takes_all_of_them_back(town: Town, library: Library) -> None:
    mod = moderator(town)
    files = [(f"{seed}.png", png(seed)) for seed in (1, 2, 3)]
    await mod.send(town.channel, "!addimages", attachments=files)
    assert [title for title, _ in await stored(library, town)] == ["1", "2", "3"]
    await mod.send(town.channel, "!history")
    assert description(town).count("**Added**") == 3
    await mod.click(town.answers()[0], label="Undo")
    assert embed_of(town.answers()[0]).title == "Undone: an addition"
    assert await stored(library, town) == []
    await mod.send(town.channel, "!addimages", attachments=files)
    await mod.send(town.channel, "!undo")
    assert await stored(library, town) == []


async def test_the_last_messages_of_the_channel(
    town: Town, library: Library, website: Website
) -> None:
    await post(town, "too old", ("old.png", png(9)))
    await post(town, "A fern", ("a.png", png(1)))
    await post(town, "no picture here")
    await post(town, f"look: {website.put('Julia_set.png', png(2))}")
    await post(town, "!whereis", ("asked.png", png(3)))
    await post(town, "https://en.wikipedia.org/wiki/Dragon_curve", ("d.png", png(4)))
    await post(town, "", ("SPOILER_My_cat.png", png(5)))
    answers = len(town.answers())
    # The bot's answer to `!whereis` is one of the messages that are counted.
    await moderator(town).send(town.channel, "!addimages last 7")
    assert len(town.answers()) == answers + 1
    assert await stored(library, town) == [
        ("A_fern", "a.png"),
        ("look", "Julia_set.png"),
        ("Dragon_curve", "d.png"),
        ("My_cat", "SPOILER_My_cat.png"),
    ]
    assert fields(town.answers()[-1])["Titles"] == (
        "3 by the text of its message · 1 by the name of its file"
    )


async def test_what_is_known_unreadable_and_left_out_is_told(
    town: Town, library: Library, website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_adding, "MOST_PICTURES", 5)
    await post(town, "Fern", ("left.png", png(7)), ("out.png", png(8)))
    await post(town, "Fern", ("a.png", png(1)), ("b.png", png(2)))
    await post(town, "Fern", ("a.png", png(1)), ("evil_*_.png", b"no picture"))
    await post(town, f"Gone {website.address}/gone.png")
    await moderator(town).send(town.channel, "!addimages last 10")
    message = town.answer()
    assert embed_of(message).title == "2 pictures added"
    shown = fields(message)
    assert shown["Already there"] == "1 picture for the same page"
    assert "evil\\_\\*\\_.png: That is no picture that I know" in shown["Not added: 2"]
    assert "gone.png: " in shown["Not added: 2"]
    assert shown["Left out"].startswith("2 pictures beyond 5")
    # The newest ones are taken, and stored in the order in which they were posted.
    assert await stored(library, town) == [("Fern", "a.png"), ("Fern", "b.png")]


async def test_nothing_that_can_be_added(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimages", attachments=[("a.png", b"no picture")])
    assert embed_of(town.answer()).title == "Nothing added"
    assert buttons_of(town.answer()) == {}
    own = await library.server(town.guild.id)
    assert await library.database.store.additions(own.id) == ()


async def test_a_blank_picture_is_not_added(town: Town, library: Library) -> None:
    blank = encode(Image.new("RGB", (64, 64), "white"))
    await moderator(town).send(
        town.channel, "!addimages", attachments=[("a.png", png(1)), ("blank.png", blank)]
    )
    assert "too plain" in fields(town.answer())["Not added: 1"]
    assert await stored(library, town) == [("a", "a.png")]


async def test_what_makes_no_sense(town: Town) -> None:
    await post(town, "no picture")
    mod = moderator(town)
    for words, sentence in (
        ("!addimages", "Say which message"),
        ("!addimages Fern", "Say which message"),
        ("!addimages last 201", "the last 1 to 200"),
        ("!addimages last 5", "no picture in those messages"),
        ("!addimages last 5 javascript://x", "http"),
    ):
        await mod.send(town.channel, words)
        assert sentence in refused(town), words


async def test_a_message_without_a_picture(town: Town) -> None:
    posted = await post(town, "no picture")
    mod = moderator(town)
    await mod.send(town.channel, "!addimages", reply_to=posted)
    assert "no picture in that message" in refused(town)
    result = await mod.context_menu(town.channel, "Add pictures", posted)
    assert "no picture in that message" in refused_privately(result)


async def test_pictures_that_nothing_names(town: Town, library: Library) -> None:
    posted = await post(town, "<:smile:123456789012345678> ~~", ("_.png", png(1)))
    mod = moderator(town)
    await mod.send(town.channel, "!addimages", reply_to=posted)
    assert "Give a title" in refused(town)
    await mod.send(town.channel, "!addimages Fern", reply_to=posted)
    assert await stored(library, town) == [("Fern", "_.png")]


async def test_the_menu_of_a_message(town: Town, library: Library) -> None:
    posted = await post(town, "Fern", ("a.png", png(1)), ("b.png", png(2)))
    mod = moderator(town)
    result = await mod.context_menu(town.channel, "Add pictures", posted)
    assert "2 pictures added" in told(result)
    assert await stored(library, town) == [("Fern", "a.png"), ("Fern", "b.png")]
    await mod.click(town.answer(), label="Undo")
    assert await stored(library, town) == []


async def test_as_a_slash_command(town: Town, library: Library) -> None:
    await post(town, "Fern", ("a.png", png(1)))
    await post(town, "Moss", ("b.png", png(2)))
    mod = moderator(town)
    result = await mod.slash(town.channel, "image addrecent", count=2)
    assert "2 pictures added" in told(result)
    assert [title for title, _ in await stored(library, town)] == ["Fern", "Moss"]
    result = await mod.slash(town.channel, "image addrecent", count=1, title="Own words")
    # The last message was the bot's own.
    assert "no picture in those messages" in told(result)


async def test_a_number_that_discord_would_not_take(town: Town) -> None:
    mod = moderator(town)
    for count in (0, -1, 201, 2**53):
        data = command(mod, "image addrecent", count=count)
        result = await forge(mod, town.channel, COMMAND, data)
        assert "the last 1 to 200" in refused_privately(result)


async def test_a_slash_command_that_comes_twice_adds_once(town: Town, library: Library) -> None:
    await post(town, "Fern", ("a.png", png(1)))
    mod = moderator(town)
    data = command(mod, "image addrecent", count=5)
    await forge(mod, town.channel, COMMAND, data, times=2)
    own = await library.server(town.guild.id)
    assert len(await library.database.store.additions(own.id)) == 1


async def test_who_may_not_read_the_history_does_not_read_it_through_the_bot(
    town: Town, library: Library
) -> None:
    await post(town, "Fern", ("a.png", png(1)))
    mod = moderator(town)
    blind = discord.PermissionOverwrite(read_message_history=False)
    secret = town.guild.create_text_channel("secret", overwrites={mod: blind})
    await town.alice.send(secret, "Fern", attachments=[("a.png", png(1))])
    await mod.send(secret, "!addimages last 5")
    assert "may not read the history" in refused(town, secret)
    result = await mod.slash(secret, "image addrecent", count=5)
    assert "may not read the history" in refused_privately(result)
    assert await stored(library, town) == []


async def test_how_far_it_is_and_when_time_is_up(
    town: Town, library: Library, services: Services
) -> None:
    own = await library.server(town.guild.id)
    shown: list[float] = []

    async def load() -> bytes:
        return png(1)

    page = PageName("Fern", None)
    wanted = [Wanted(load, name, name, page) for name in ("a.png", "b.png")]
    add = services.curation.add_many
    outcome = await add(wanted, own, Actor(1), shown.append, seconds=0)
    assert [failure.reason for failure in outcome.failures] == [curation.NO_TIME] * 2
    assert outcome.stored == ()
    outcome = await add(wanted, own, Actor(1), shown.append)
    assert len(outcome.new) == 2
    assert shown == [0.5, 1.0, 0.5, 1.0]


async def test_one_server_adds_one_set_at_a_time(
    town: Town,
    library: Library,
    website: Website,
    bot: WhereisBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_adding, "AT_ONCE", 1)
    elsewhere = other_town(town)
    await elsewhere.alice.send(elsewhere.channel, "Moss", attachments=[("b.png", png(2))])
    link = f"{website.address}/slow.png"
    await post(town, f"Fern {link}", ("a.png", png(1)))
    mod = moderator(town)
    refusals: list[str] = []
    both_refused = asyncio.Event()

    async def hear(_ctx: object, error: Exception) -> None:
        refusals.append(str(root_of(error)))
        if len(refusals) == 2:
            both_refused.set()

    async def slow(_fetcher: object, _url: str) -> None:
        for where, who in ((town, mod), (elsewhere, elsewhere.alice)):
            town.env.backend.create_message(where.channel.id, who.id, "!addimages last 5")
        await both_refused.wait()
        raise DownloadFailedError("It took too long.")

    bot.add_listener(hear, "on_command_error")
    monkeypatch.setattr(type(bot.services.fetcher), "fetch", slow)
    await mod.send(town.channel, "!addimages last 5")
    assert sorted(refusals) == [_adding.BUSY_ELSEWHERE, _adding.BUSY]
    assert town.env.errors
    assert fields(town.answers()[0])["Not added: 1"] == "• slow.png: It took too long."
    assert await stored(library, town) == [("Fern", "a.png")]
    # It is free again.
    monkeypatch.undo()
    await mod.send(town.channel, "!addimages last 9")
    assert embed_of(town.answers()[-1]).title == "Nothing added"


@pytest.mark.parametrize("options", [BotOptions(cooldown_uses=1, max_bytes=1000)])
async def test_files_that_are_too_large(town: Town, options: BotOptions) -> None:
    await moderator(town).send(town.channel, "!addimages", attachments=[("a.png", png(1))])
    assert "I read pictures up to" in fields(town.answer())["Not added: 1"]
    assert options.max_bytes == 1000
