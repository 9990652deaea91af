"""Each way in which a picture can come to the bot."""

import gc

import discord
import pytest
import pytest_asyncio
from simcord import Env
from simcord.backend.models import MessageSticker

from bot.client import BotOptions
from bot.errors import FetchError
from tests.acceptance.world import (
    Library,
    Town,
    Website,
    changed_copy,
    embed_of,
    menus_of,
    png,
    put_on_discord,
)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """Two pictures that the bot knows."""
    await library.add(png(1), "Mandelbrot_set")
    await library.add(png(2), "Julia_set")


@pytest.mark.parametrize("command", ["!whereis", "!source", "!ri", "!WHEREIS", "! whereis"])
async def test_an_attachment_under_each_name_of_the_command(town: Town, command: str) -> None:
    await town.alice.send(town.channel, command, attachments=[("a.png", png(1))])
    assert embed_of(town.answer()).title == "Mandelbrot set"


async def test_the_answer_is_a_reply_that_mentions_nobody(town: Town) -> None:
    asked = await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    answer = town.answer()
    assert answer.reference is not None
    assert answer.reference.message_id == asked.id
    stored = town.env.backend.get_message(town.channel.id, answer.id)
    assert stored.ping_user_ids == []


async def test_the_bot_types_while_it_searches(town: Town) -> None:
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    done = [(call.method, call.path) for call in town.env.http_requests]
    typing = done.index(("POST", f"/channels/{town.channel.id}/typing"))
    assert typing < done.index(("POST", f"/channels/{town.channel.id}/messages"))


async def test_two_attachments_are_two_answers_in_one_reply(town: Town) -> None:
    files = [("first.png", png(1)), ("second.jpg", changed_copy(2))]
    await town.alice.send(town.channel, "!whereis", attachments=files)
    (menu,) = menus_of(town.answer())
    assert [option.label for option in menu.options] == [
        "Picture 1: first.png",
        "Picture 2: second.jpg",
    ]
    assert menu.options[1].description == "exact match: Julia set"
    assert embed_of(town.answer()).title == "Mandelbrot set"

    await town.alice.select(town.answer(), ["1"], custom_id=menu.custom_id)
    embed = embed_of(town.answer())
    assert embed.title == "Julia set"
    assert (embed.thumbnail.url or "").endswith("second.jpg")


@pytest.mark.parametrize("options", [BotOptions(max_pictures=2)])
async def test_more_pictures_than_allowed_are_left_out_and_that_is_said(town: Town) -> None:
    files = [(f"{number}.png", png(number)) for number in (1, 2, 3)]
    await town.alice.send(town.channel, "!whereis", attachments=files)
    assert len(menus_of(town.answer())[0].options) == 2
    assert town.answer().content == "I looked at the first 2 of 3 pictures."


async def test_files_that_are_no_pictures_are_passed_over(town: Town) -> None:
    files = [("notes.txt", b"remember the milk"), ("a.png", png(1))]
    await town.alice.send(town.channel, "!whereis", attachments=files)
    assert not menus_of(town.answer())
    assert embed_of(town.answer()).title == "Mandelbrot set"


async def test_a_link_in_the_text(town: Town, website: Website) -> None:
    url = website.put("fractal.png", png(1))
    await town.alice.send(town.channel, f"!whereis is it (<{url}>)?")
    embed = embed_of(town.answer())
    assert embed.title == "Mandelbrot set"
    assert embed.thumbnail.url == url


async def test_a_link_to_a_page_that_names_its_picture(town: Town, website: Website) -> None:
    picture = website.put("fractal.png", png(1))
    page = website.put(
        "page.html",
        f'<!doctype html><meta property="og:image" content="{picture}">'.encode(),
        "text/html",
    )
    await town.alice.send(town.channel, f"!whereis {page}")
    assert embed_of(town.answer()).title == "Mandelbrot set"


async def test_an_attachment_comes_before_a_link(town: Town, website: Website) -> None:
    url = website.put("other.png", png(2))
    await town.alice.send(town.channel, f"!whereis {url}", attachments=[("a.png", png(1))])
    assert embed_of(town.answer()).title == "Mandelbrot set"
    assert website.asked_for == []


async def test_the_message_that_is_replied_to(town: Town) -> None:
    bob = town.join("bob")
    posted = await bob.send(town.channel, "look", attachments=[("a.png", png(1))])
    await town.alice.send(town.channel, "!whereis", reply_to=posted)
    assert embed_of(town.answer()).title == "Mandelbrot set"
    assert "You sent no picture" not in town.answers()[-1].content


async def test_a_link_in_the_message_that_is_replied_to(town: Town, website: Website) -> None:
    posted = await town.join("bob").send(town.channel, website.put("a.png", png(1)))
    await town.alice.send(town.channel, "!whereis", reply_to=posted)
    assert embed_of(town.answer()).title == "Mandelbrot set"
    assert "You sent no picture" not in town.answers()[-1].content


async def test_a_forwarded_picture_that_is_replied_to(town: Town) -> None:
    elsewhere = town.guild.create_text_channel("elsewhere")
    posted = await town.alice.send(elsewhere, "look", attachments=[("a.png", png(1))])
    forwarded = await town.alice.forward(posted, town.channel)
    await town.alice.send(town.channel, "!whereis", reply_to=forwarded)
    assert embed_of(town.answer()).title == "Mandelbrot set"
    assert "You sent no picture" not in town.answers()[-1].content


async def test_a_forwarded_picture_through_the_menu(town: Town) -> None:
    elsewhere = town.guild.create_text_channel("elsewhere")
    posted = await town.alice.send(elsewhere, "look", attachments=[("a.png", png(1))])
    forwarded = await town.alice.forward(posted, town.channel)
    result = await town.alice.context_menu(town.channel, "Search image", forwarded)
    assert result.response is not None
    assert result.response.embeds[0].title == "Mandelbrot set"


async def test_an_embed(town: Town, website: Website) -> None:
    embed = discord.Embed(title="News").set_image(url=website.put("news.png", png(1)))
    posted = await town.guild.create_webhook(town.channel, "News").send(embed=embed)
    await town.alice.send(town.channel, "!whereis", reply_to=posted)
    assert embed_of(town.answers()[-1]).title == "Mandelbrot set"
    assert "You sent no picture" not in town.answers()[-1].content


async def test_a_sticker(town: Town) -> None:
    sticker = town.guild.create_sticker("fractal")
    put_on_discord(town.env, f"https://cdn.discordapp.com/stickers/{sticker.id}.png", png(1))
    await _send_sticker(town, MessageSticker(sticker.id, "fractal", 1, town.guild.id))
    assert embed_of(town.answer()).title == "Mandelbrot set"


async def test_a_drawn_sticker_is_explained(town: Town) -> None:
    sticker = town.guild.create_sticker("wave", format_type=3)
    await _send_sticker(town, MessageSticker(sticker.id, "wave", 3, town.guild.id))
    embed = embed_of(town.answer())
    assert embed.title == "I could not get this picture"
    assert "moving stickers" in (embed.description or "")
    assert "screenshot" in (embed.description or "")


async def test_a_custom_emoji_of_any_server(town: Town) -> None:
    number = 112233445566778899
    put_on_discord(town.env, f"https://cdn.discordapp.com/emojis/{number}.png", png(1))
    await town.alice.send(town.channel, f"!whereis <:fractal:{number}>")
    assert embed_of(town.answer()).title == "Mandelbrot set"


async def test_the_last_picture_of_the_channel_which_is_said(town: Town) -> None:
    bob = town.join("bob")
    await bob.send(town.channel, "older", attachments=[("b.png", png(2))])
    posted = await bob.send(town.channel, "newer", attachments=[("a.png", png(1))])
    await bob.send(town.channel, "just words and https://example.org/page")
    await town.alice.send(town.channel, "!whereis")
    assert embed_of(town.answer()).title == "Mandelbrot set"
    assert "You sent no picture" in town.answer().content
    assert posted.jump_url in town.answer().content


async def test_the_bots_own_answers_are_not_looked_at_again(town: Town) -> None:
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    # Of the 25 messages before, the answer and its thumbnail are the last, the question is beyond.
    for _ in range(24):
        await town.alice.send(town.channel, "words")
    await town.alice.send(town.channel, "!whereis")
    assert embed_of(town.answers()[-1]).title == "Which picture?"


async def test_nobody_is_shown_a_history_that_is_hidden_from_them(town: Town) -> None:
    hidden = town.guild.create_text_channel(
        "hidden",
        overwrites={town.alice: discord.PermissionOverwrite(read_message_history=False)},
    )
    await town.join("bob").send(hidden, "look", attachments=[("a.png", png(1))])
    await town.alice.send(hidden, "!whereis")
    assert embed_of(town.answer(hidden)).title == "Which picture?"
    result = await town.alice.slash(hidden, "whereis")
    assert result.response is not None
    assert result.response.embeds[0].title == "Which picture?"


async def test_slash_with_a_picture(town: Town) -> None:
    result = await town.alice.slash(town.channel, "whereis", picture=("a.png", png(1)))
    assert result.response is not None
    assert not result.ephemeral
    assert result.response.embeds[0].title == "Mandelbrot set"


def failures() -> list[FetchError]:
    """The errors of downloads that hold what had been downloaded."""
    gc.collect()
    return [e for e in gc.get_objects() if isinstance(e, FetchError) and e.__traceback__]


async def test_of_a_download_that_fails_nothing_is_kept(town: Town, website: Website) -> None:
    before = {id(error) for error in failures()}
    link = website.put("a.png", bytes(3 * 1024 * 1024))
    await town.alice.send(town.channel, f"!whereis {link}")

    assert embed_of(town.answer()).title == "This picture is too large"
    assert {id(error) for error in failures()} <= before


@pytest.mark.parametrize("scheme", ["http://", ""], ids=["with http", "without"])
async def test_slash_with_a_link(town: Town, website: Website, scheme: str) -> None:
    url = website.put("a.png", png(1)).removeprefix("http://")
    result = await town.alice.slash(town.channel, "whereis", url=scheme + url)
    assert result.response is not None
    (embed,) = result.response.embeds
    # Without a scheme, https is meant; this server speaks http alone, and that is explained.
    expected = "Mandelbrot set" if scheme else "I could not get this picture"
    assert embed.title == expected


async def test_slash_with_both_searches_for_both(town: Town, website: Website) -> None:
    result = await town.alice.slash(
        town.channel, "whereis", picture=("a.png", png(1)), url=website.put("b.png", png(2))
    )
    assert result.response is not None
    (menu,) = menus_of(result.response.message)
    assert [option.description for option in menu.options] == [
        "exact match: Mandelbrot set",
        "exact match: Julia set",
    ]


async def test_slash_in_private(town: Town) -> None:
    result = await town.alice.slash(
        town.channel, "whereis", picture=("a.png", png(1)), private=True
    )
    assert result.ephemeral
    assert result.response is not None
    assert result.response.embeds[0].title == "Mandelbrot set"


async def test_slash_with_nothing_takes_the_last_picture(town: Town) -> None:
    await town.alice.send(town.channel, "look", attachments=[("a.png", png(1))])
    result = await town.alice.slash(town.channel, "whereis")
    assert result.response is not None
    assert result.response.embeds[0].title == "Mandelbrot set"
    assert "You sent no picture" in result.response.content


async def test_in_a_thread_where_the_channel_itself_is_closed(town: Town) -> None:
    me = town.guild.me
    assert me is not None
    threads_only = discord.PermissionOverwrite(send_messages=False, send_messages_in_threads=True)
    closed = town.guild.create_text_channel("closed", overwrites={me: threads_only})
    town.env.backend.create_thread(closed.id, "pictures", town.alice.id)
    await town.env.settle()
    (thread,) = closed.threads
    await town.alice.send(thread, "!whereis", attachments=[("a.png", png(1))])
    assert embed_of(town.answer(thread)).title == "Mandelbrot set"
    result = await town.alice.slash(thread, "whereis", picture=("a.png", png(1)))
    assert not result.ephemeral


async def test_the_menu_of_a_message(town: Town) -> None:
    posted = await town.join("bob").send(town.channel, "look", attachments=[("a.png", png(1))])
    result = await town.alice.context_menu(town.channel, "Search image", posted)
    assert result.response is not None
    assert not result.ephemeral
    assert result.response.embeds[0].title == "Mandelbrot set"


async def test_the_menu_of_a_message_without_a_picture(town: Town) -> None:
    posted = await town.join("bob").send(town.channel, "just words")
    result = await town.alice.context_menu(town.channel, "Search image", posted)
    assert result.response is not None
    assert result.response.embeds[0].title == "There is no picture in this message"


async def test_a_private_message(env: Env, town: Town, library: Library) -> None:
    await library.add(png(3), "Secret", to=await library.server(town.guild.id))
    await town.alice.user.send_dm("!whereis", attachments=_stored(town, png(1)))
    await town.alice.user.send_dm("!whereis", attachments=_stored(town, png(3)))
    found, missing = town.answers(town.alice.user.dm_channel)
    assert embed_of(found).title == "Mandelbrot set"
    assert embed_of(missing).title == "I don't know this picture"


async def test_slash_in_a_private_message(town: Town) -> None:
    result = await town.alice.user.slash("whereis", picture=("a.png", png(1)))
    assert result.response.embeds[0].title == "Mandelbrot set"


async def test_one_server_never_sees_anothers_pictures(
    env: Env, town: Town, library: Library
) -> None:
    await library.add(png(3), "Our_mascot", to=await library.server(town.guild.id))
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(3))])
    assert embed_of(town.answer()).title == "Our mascot"
    assert (embed_of(town.answer()).footer.text or "").startswith("This server's own pictures")

    other = env.create_guild("Village")
    square = other.create_text_channel("square")
    await other.add_member(env.create_user("eve")).send(
        square, "!whereis", attachments=[("a.png", png(3))]
    )
    assert embed_of(town.answer(square)).title == "I don't know this picture"


async def test_other_bots_are_ignored(env: Env, town: Town) -> None:
    robot = town.guild.add_member(env.create_user("robot", bot=True))
    await robot.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert not town.answers()


def _stored(town: Town, data: bytes) -> list[dict[str, object]]:
    channel = town.alice.user.dm_channel
    return town.env.backend.store_attachments(channel.id, [("a.png", data)])


async def _send_sticker(town: Town, sticker: MessageSticker) -> None:
    with town.env._bot_scope():
        town.env.backend.create_message(
            town.channel.id, town.alice.id, "!whereis", stickers=[sticker]
        )
    await town.env.settle()
