"""Each answer that the bot can give to a question about a picture."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date

import discord
import pytest
from PIL import Image
from simcord import Env

from bot.client import BotOptions
from bot.search import SearchService
from db.records import NewAppearance
from tests.acceptance.world import (
    Library,
    Town,
    Website,
    buttons_of,
    changed_copy,
    draw,
    embed_of,
    encode,
    menus_of,
    png,
)

LoseDatabase = Callable[[], Awaitable[object]]
TWICE_IN_A_MINUTE = BotOptions(cooldown_uses=2, cooldown_seconds=60)


async def ask(town: Town, data: bytes, name: str = "a.png") -> discord.Message:
    """Ask about a picture, and give the answer."""
    await town.alice.send(town.channel, "!whereis", attachments=[(name, data)])
    return town.answers()[-1]


# ----------------------------------------------------------------------------------- it is known


async def test_the_same_picture(town: Town, library: Library) -> None:
    enwiki = await library.wiki("enwiki", date(2024, 6, 1))
    await library.add(png(1), "Mandelbrot_set", "Fractal", "Julia_set", to=enwiki)
    answer = await ask(town, changed_copy(1), "copy.jpg")
    embed = embed_of(answer)
    assert embed.title == "Mandelbrot set"
    assert embed.url == "https://en.wikipedia.org/wiki/Mandelbrot_set"
    text = embed.description or ""
    assert text.startswith("**Exact match** – this is the same picture.")
    assert "Shown on **3 articles**" in text
    assert re.search(r"distance [0-3] of 64", text)
    assert "[Fractal](https://en.wikipedia.org/wiki/Fractal)" in text
    assert "[Julia set](https://en.wikipedia.org/wiki/Julia_set)" in text
    assert (embed.thumbnail.url or "").endswith("/copy.jpg")
    assert re.fullmatch(r"enwiki as of 1 June 2024 · searched in \d+ ms", embed.footer.text or "")
    assert list(buttons_of(answer)) == ["Delete"]
    assert answer.content == ""


@pytest.mark.parametrize(
    ("bits_off", "phash", "verdict"),
    [
        (0, True, "Exact match"),
        (6, True, "Close match"),
        (10, True, "Possible match"),
        (0, False, "Possible match"),
        (3, False, "Possible match"),
    ],
)
async def test_confidence_in_words_and_colours(
    town: Town, library: Library, bits_off: int, phash: bool, verdict: str
) -> None:
    await library.add(png(1), "Mandelbrot_set", bits_off=bits_off, phash=phash)
    embed = embed_of(await ask(town, png(1)))
    assert (embed.description or "").startswith(f"**{verdict}**")
    assert f"distance {bits_off} of 64" in (embed.description or "")
    assert embed.colour is not None
    assert embed.colour.value == {"E": 0x2E9E5B, "C": 0xE0A800, "P": 0xD9722B}[verdict[0]]


async def test_other_pictures_that_look_like_it_are_in_a_menu(town: Town, library: Library) -> None:
    await library.add(png(1), "Further_off", bits_off=8)
    await library.add(png(1), "Nearest")
    answer = await ask(town, png(1))
    assert embed_of(answer).title == "Nearest"
    (menu,) = menus_of(answer)
    assert [option.label for option in menu.options] == ["Match 1: Nearest", "Match 2: Further off"]
    assert menu.options[1].description == "possible · distance 8 of 64 · 1 article"

    await town.alice.select(answer, ["1"], custom_id=menu.custom_id)
    assert embed_of(town.answer()).title == "Further off"
    assert (embed_of(town.answer()).description or "").startswith("**Possible match**")


async def test_the_numbers_of_a_picture_on_very_many_pages(town: Town, library: Library) -> None:
    enwiki = await library.wiki()
    picture = await library.fingerprint(png(1))
    row = NewAppearance(picture.dhash, picture.phash, "Flag.svg", "Page_0")
    rows = [replace(row, title=f"Page_{number}") for number in range(1234)]
    await library.database.store.add_many(enwiki.id, rows)
    answer = await ask(town, png(1))
    text = embed_of(answer).description or ""
    assert "Shown on **1,234 articles**" in text
    assert "… and 1,224 more" in text
    assert list(buttons_of(answer)) == ["Previous", "Next", "Delete"]


HOSTILE = (
    "**@everyone** [click](https://evil.example) <@1> `x` ||y|| \u202egnp.exe # a" + "\u0301" * 50
)


async def test_hostile_titles_take_no_effect(town: Town, library: Library) -> None:
    bob = town.join("bob", mention_everyone=True)
    await library.add(png(1), HOSTILE, "also " + HOSTILE, "Z" * 500)
    await bob.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    answer = town.answer()
    embed = embed_of(answer)
    shown = f"{embed.title} {embed.description}"
    assert "\u202e" not in shown
    assert "@everyone" not in shown
    assert "<@1>" not in shown
    assert "](https://evil.example" not in shown
    assert "\\*\\*" in (embed.title or "")
    assert "\u0301" * 5 not in shown
    assert len(embed.title or "") <= 256
    assert len(embed) <= 6000
    assert not answer.mention_everyone


# ------------------------------------------------------------------------------- it is not known


async def test_a_picture_that_nobody_knows(town: Town, library: Library) -> None:
    await library.add(png(1), "Mandelbrot_set")
    embed = embed_of(await ask(town, png(2)))
    assert embed.title == "I don't know this picture"
    assert "https://lens.google.com/" in (embed.description or "")
    assert embed.thumbnail.url


async def test_a_plain_picture(town: Town) -> None:
    embed = embed_of(await ask(town, encode(Image.new("RGB", (64, 64), "white"))))
    assert embed.title == "Too plain to search for"
    assert "thousands" in (embed.description or "")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("broken.png", png(1)[:300]),
        ("text.png", b"not a picture at all"),
        ("film.mp4", b"\0\0\0\x18ftypmp42" + bytes(100)),
    ],
)
async def test_what_cannot_be_read_is_never_called_unknown(
    town: Town, name: str, data: bytes
) -> None:
    embed = embed_of(await ask(town, data, name))
    assert embed.title == "I could not read this picture"
    assert "PNG or JPEG" in (embed.description or "")
    assert embed.thumbnail.url is None


@pytest.mark.parametrize("options", [BotOptions(max_bytes=20_000)])
async def test_an_attachment_beyond_the_limit_is_not_even_fetched(
    town: Town, options: BotOptions
) -> None:
    embed = embed_of(await ask(town, encode(draw(1, (1200, 900)))))
    assert embed.title == "This picture is too large"
    assert "20 kB" in (embed.description or "")


async def test_a_link_beyond_the_limit(town: Town, website: Website) -> None:
    url = website.put("huge.png", bytes(3 * 1024 * 1024))
    await town.alice.send(town.channel, f"!whereis {url}")
    assert embed_of(town.answer()).title == "This picture is too large"


async def test_nothing_attached(town: Town) -> None:
    await town.alice.send(town.channel, "!whereis")
    embed = embed_of(town.answer())
    assert embed.title == "Which picture?"
    assert "**Search image**" in (embed.description or "")


@pytest.mark.parametrize("url", ["http://10.1.2.3/a.png", "http://user:word@127.0.0.1/a.png"])
async def test_a_link_that_is_refused(town: Town, url: str) -> None:
    await town.alice.send(town.channel, f"!whereis {url}")
    embed = embed_of(town.answer())
    assert embed.title == "I don't open this link"
    assert "ttach" in (embed.description or "")


async def test_a_link_to_a_message(town: Town) -> None:
    await town.alice.send(town.channel, "!whereis https://discord.com/channels/1/2/3")
    embed = embed_of(town.answer())
    assert embed.title == "I don't open this link"
    assert "Reply to the message" in (embed.description or "")


async def test_a_download_that_fails(town: Town, website: Website) -> None:
    await town.alice.send(town.channel, f"!whereis {website.address}/missing.png")
    embed = embed_of(town.answer())
    assert embed.title == "I could not get this picture"
    assert "404" in (embed.description or "")


async def test_an_attachment_that_discord_no_longer_has(town: Town) -> None:
    posted = await town.alice.send(town.channel, "look", attachments=[("a.png", png(1))])
    town.env.backend.cdn._blobs.clear()
    await town.alice.send(town.channel, "!whereis", reply_to=posted)
    embed = embed_of(town.answer())
    assert embed.title == "I could not get this picture"
    assert "Send it again" in (embed.description or "")


async def test_of_several_pictures_each_has_its_own_answer(town: Town, library: Library) -> None:
    await library.add(png(1), "Mandelbrot_set")
    files = [("b.png", b"nonsense"), ("a.png", png(1)), ("c.png", png(3))]
    await town.alice.send(town.channel, "!whereis", attachments=files)
    (menu,) = menus_of(town.answer())
    assert [option.description for option in menu.options] == [
        "could not be read",
        "exact match: Mandelbrot set",
        "not known",
    ]


# ------------------------------------------------------------------------------------- obstacles


@pytest.mark.parametrize("options", [TWICE_IN_A_MINUTE])
async def test_one_cooldown_for_all_ways_to_ask(env: Env, town: Town, options: BotOptions) -> None:
    posted = await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    await town.alice.slash(town.channel, "whereis", picture=("a.png", png(1)))

    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    refused = town.answers()[-1]
    assert "2 times in 60 seconds" in refused.content
    assert re.search(r"Try again in \d+ seconds", refused.content)
    for result in (
        await town.alice.slash(town.channel, "whereis", picture=("a.png", png(1))),
        await town.alice.context_menu(town.channel, "Search image", posted),
    ):
        assert result.ephemeral
        assert result.response is not None
        assert "2 times in 60 seconds" in result.response.content
    assert len(env.errors) == 1

    # Nobody else waits for Alice, and Alice not for ever.
    bob = town.join("bob")
    await bob.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert town.answers()[-1].embeds
    await env.advance_time(61)
    assert (await ask(town, png(1))).embeds


async def test_the_database_is_down(
    env: Env, town: Town, library: Library, lose_database: LoseDatabase
) -> None:
    posted = await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    await lose_database()
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    sentence = town.answers()[-1].content
    assert sentence == "The index is resting, try again in a moment."
    result = await town.alice.context_menu(town.channel, "Search image", posted)
    assert result.response is not None
    assert result.response.content == sentence
    assert env.errors


async def test_a_failure_that_nobody_foresaw(
    env: Env, town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> object:
        raise ZeroDivisionError("the secret")

    monkeypatch.setattr(SearchService, "search", broken)
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    sentence = town.answer().content
    reference = re.search(r"reference ([0-9a-f]{6})", sentence)
    assert reference
    assert "secret" not in sentence
    assert reference[1] in caplog.text
    assert "the secret" in caplog.text
    assert env.errors


async def test_where_the_bot_may_not_write_it_says_so_in_private(
    town: Town, library: Library
) -> None:
    await library.add(png(1), "Mandelbrot_set")
    me = town.guild.me
    assert me is not None
    quiet = town.guild.create_text_channel(
        "quiet", overwrites={me: discord.PermissionOverwrite(send_messages=False)}
    )
    posted = await town.alice.send(quiet, "!whereis", attachments=[("a.png", png(1))])
    assert not town.answers(quiet)
    told = town.answer(town.alice.user.dm_channel).content
    assert f"<#{quiet.id}>" in told
    assert "Search image" in told

    # The menu still works there, for the one who clicks.
    result = await town.alice.context_menu(quiet, "Search image", posted)
    assert result.ephemeral
    assert result.response is not None
    assert result.response.embeds[0].title == "Mandelbrot set"


async def test_where_embeds_are_not_shown_the_answer_is_text(town: Town, library: Library) -> None:
    await library.add(png(1), "Mandelbrot_set", "Fractal")
    me = town.guild.me
    assert me is not None
    bare = town.guild.create_text_channel(
        "bare", overwrites={me: discord.PermissionOverwrite(embed_links=False)}
    )
    await town.alice.send(bare, "!whereis", attachments=[("a.png", png(1))])
    answer = town.answer(bare)
    assert not answer.embeds
    assert "**Mandelbrot set** <https://en.wikipedia.org/wiki/Mandelbrot_set>" in answer.content
    assert "**Exact match**" in answer.content
    assert "[Fractal](https://en.wikipedia.org/wiki/Fractal)" in answer.content
    assert list(buttons_of(answer)) == ["Delete"]


async def test_where_history_is_hidden_the_answer_is_no_reply(
    env: Env, town: Town, library: Library
) -> None:
    await library.add(png(1), "Mandelbrot_set")
    env.inject_error("POST", "/channels/*/messages", status=403, code=160002)
    answer = await ask(town, png(1))
    assert embed_of(answer).title == "Mandelbrot set"
    assert answer.reference is None


async def test_an_embed_that_discord_refuses_goes_as_text(
    env: Env, town: Town, library: Library
) -> None:
    await library.add(png(1), "Mandelbrot_set")
    env.inject_error("POST", "/channels/*/messages", status=400, code=50035)
    answer = await ask(town, png(1))
    assert "**Mandelbrot set**" in answer.content


async def test_permission_lost_while_searching(env: Env, town: Town) -> None:
    env.inject_error(
        "POST", f"/channels/{town.channel.id}/messages", status=403, code=50013, times=None
    )
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert not town.answers()
    assert "I may not write in" in town.answer(town.alice.user.dm_channel).content
    assert env.errors


async def test_without_any_way_to_answer_nothing_crashes(env: Env, town: Town) -> None:
    env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert not town.answers()
    (error,) = env.errors
    assert "50013" in str(error)


async def test_no_typing_indicator_is_no_reason_not_to_answer(
    env: Env, town: Town, library: Library
) -> None:
    await library.add(png(1), "Mandelbrot_set")
    env.inject_error("POST", "/channels/*/typing", status=500)
    assert embed_of(await ask(town, png(1))).title == "Mandelbrot set"
