"""``!addimage`` and ``/image add``: every way a picture comes, and what is answered."""

from dataclasses import replace

import discord
import pytest
from PIL import Image

from bot.client import BotOptions, WhereisBot
from tests.acceptance.staff import (
    allow_slash,
    bots_owner,
    description,
    moderator,
    refused,
    refused_privately,
    told,
)
from tests.acceptance.world import (
    Library,
    Town,
    Website,
    buttons_of,
    changed_copy,
    draw,
    embed_of,
    encode,
    png,
)

MARKDOWN = "**bold** [x](https-evil.example) @everyone <@1> ||spoiler|| `code`"


async def titles_of(library: Library, town: Town) -> list[str]:
    """The pages of the server's own collection, newest picture first."""
    collection = await library.server(town.guild.id)
    listed = await library.database.store.listing(collection.id)
    return [title for image in listed for title in image.titles]


async def test_an_attachment(town: Town, library: Library) -> None:
    asked = await moderator(town).send(
        town.channel, "!addimage Mandelbrot set", attachments=[("mandel.png", png(1))]
    )
    message = town.answer()
    embed = embed_of(message)
    assert embed.title == "Picture added"
    text = embed.description or ""
    assert "[Mandelbrot set](https://en.wikipedia.org/wiki/Mandelbrot_set)" in text
    assert "mandel.png · PNG · 240 × 180 pixels" in text
    assert "this server's own pictures" in text
    assert message.reference is not None
    assert message.reference.message_id == asked.id
    assert town.env.backend.get_message(town.channel.id, message.id).ping_user_ids == []
    assert list(buttons_of(message)) == ["Undo"]
    # It is found from now on.
    await town.alice.send(town.channel, "!whereis", attachments=[("a.jpg", changed_copy(1))])
    assert embed_of(town.answers()[-1]).title == "Mandelbrot set"


async def test_an_addition_is_written_to_the_audit(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern", attachments=[("fern.png", png(1))])
    collection = await library.server(town.guild.id)
    (line,) = await library.database.store.additions(collection.id)
    assert (line.action, line.title, line.file) == ("add", "Fern", "fern.png")
    assert (line.user_id, line.undone_at) == (mod.id, None)


async def test_a_link_behind_the_title(town: Town, library: Library, website: Website) -> None:
    url = website.put("julia.png", png(1))
    await moderator(town).send(town.channel, f"!addimage Julia set {url}")
    assert "julia.png" in description(town)
    assert await titles_of(library, town) == ["Julia_set"]


async def test_an_address_that_comes_first_is_the_page(
    town: Town, library: Library, website: Website
) -> None:
    page = website.put("Julia_set", b"<html>not asked for</html>", "text/html")
    await moderator(town).send(
        town.channel, f"!addimage {page}", attachments=[("julia.png", png(1))]
    )
    assert f"[Julia set]({page})" in description(town)
    assert website.asked_for == []
    assert await titles_of(library, town) == ["Julia_set"]


async def test_the_page_and_a_link_to_the_picture(town: Town, website: Website) -> None:
    picture = website.put("a.png", png(1))
    page = "https://en.wikipedia.org/wiki/Julia_set"
    await moderator(town).send(town.channel, f"!addimage <{page}> <{picture}>")
    assert f"[Julia set]({page})" in description(town)
    assert website.asked_for == ["/a.png"]


async def test_a_reply(town: Town, library: Library) -> None:
    posted = await town.alice.send(town.channel, "look!", attachments=[("his.png", png(1))])
    await moderator(town).send(town.channel, "!addimage Julia set", reply_to=posted)
    assert "his.png" in description(town)
    assert await titles_of(library, town) == ["Julia_set"]


async def test_attachments_and_links_together(town: Town, website: Website) -> None:
    url = website.put("b.png", png(2))
    await moderator(town).send(
        town.channel, f"!addimage Fractal {url}", attachments=[("a.png", png(1))]
    )
    assert embed_of(town.answer()).title == "2 pictures added"
    assert "a.png" in description(town)
    assert "b.png" in description(town)


async def test_the_preview_of_the_page_is_not_taken_for_the_picture(
    town: Town, library: Library, website: Website
) -> None:
    page = "https://en.wikipedia.org/wiki/Julia_set"
    preview = discord.Embed(title="Julia set").set_image(url=website.put("preview.png", png(1)))
    mod = moderator(town)
    sent = town.env.backend.create_message(
        town.channel.id, mod.id, f"!addimage {page}", embeds=[dict(preview.to_dict())]
    )
    assert sent.embeds
    await town.env.settle()
    assert "There is no picture" in refused(town)
    assert await titles_of(library, town) == []


async def test_a_slash_command_with_an_attachment(town: Town, library: Library) -> None:
    result = await moderator(town).slash(
        town.channel, "image add", title="Julia set", picture=("a.png", png(1))
    )
    assert "Picture added" in told(result)
    assert list(buttons_of(town.answers()[-1])) == ["Undo"]
    assert await titles_of(library, town) == ["Julia_set"]


async def test_a_slash_command_with_a_link(town: Town, website: Website) -> None:
    url = website.put("a.png", png(1))
    result = await moderator(town).slash(town.channel, "image add", title="Fern", url=url)
    assert "Picture added" in told(result)


async def test_a_slash_command_without_a_picture(town: Town) -> None:
    mod = moderator(town)
    result = await mod.slash(town.channel, "image add", title="Fern")
    assert "no picture" in refused_privately(result)
    result = await mod.slash(town.channel, "image add", title="Fern", url="a.png")
    assert "one address" in refused_privately(result)


async def test_an_ordinary_member_may_not(town: Town, library: Library) -> None:
    await town.alice.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    assert "Only moderators may do that" in refused(town)
    assert "Manage Server" in refused(town)
    allow_slash(town, town.alice)
    result = await town.alice.slash(
        town.channel, "image add", title="Fern", picture=("a.png", png(1))
    )
    assert "Only moderators may do that" in refused_privately(result)
    assert await titles_of(library, town) == []


async def test_an_ordinary_member_is_not_shown_the_slash_commands(town: Town) -> None:
    assert not any(name.startswith("image") for name in town.alice.available_commands(town.channel))
    shown = moderator(town).available_commands(town.channel)
    assert {"image add", "image remove", "image list", "image undo"} <= set(shown)


@pytest.mark.parametrize("options", [BotOptions(moderator_role="Curators")])
async def test_the_configured_role_makes_a_moderator(town: Town, library: Library) -> None:
    role = town.guild.create_role("Curators")
    curator = town.guild.add_member(town.env.create_user("cora"), roles=[role])
    await curator.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    assert embed_of(town.answer()).title == "Picture added"
    await town.alice.send(town.channel, "!addimage Fern", attachments=[("b.png", png(2))])
    assert "Curators" in refused(town)
    assert await titles_of(library, town) == ["Fern"]


async def test_the_role_may_be_configured_by_its_number(
    town: Town, bot: WhereisBot, library: Library
) -> None:
    role = town.guild.create_role("Curators")
    bot.options = replace(bot.options, moderator_role=str(role.id))
    curator = town.guild.add_member(town.env.create_user("cora"), roles=[role])
    await curator.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    assert await titles_of(library, town) == ["Fern"]


@pytest.mark.parametrize("options", [BotOptions(moderator_role="@everyone")])
async def test_the_role_that_everybody_has_makes_nobody_a_moderator(town: Town) -> None:
    await town.alice.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    assert "Only moderators may do that" in refused(town)


async def test_the_bots_owner_adds_to_a_wiki(town: Town, library: Library) -> None:
    wiki = await library.wiki("enwiki")
    owner = bots_owner(town)
    await owner.send(
        town.channel, "!addimage Fern --collection enwiki", attachments=[("a.png", png(1))]
    )
    assert "the collection enwiki" in description(town)
    (image,) = await library.database.store.listing(wiki.id)
    assert image.titles == ("Fern",)
    assert await titles_of(library, town) == []


async def test_the_bots_owner_adds_to_a_wiki_in_private(town: Town, library: Library) -> None:
    wiki = await library.wiki("enwiki")
    owner = bots_owner(town).user
    attachments = town.env.backend.store_attachments(owner.dm_channel.id, [("a.png", png(1))])
    await owner.send_dm("!addimage Fern --collection enwiki", attachments=attachments)
    (image,) = await library.database.store.listing(wiki.id)
    assert image.titles == ("Fern",)
    await owner.send_dm("!addimage Fern", attachments=attachments)
    assert "Name a collection" in refused(town, owner.dm_channel)


async def test_the_bots_owner_chooses_a_collection(town: Town, library: Library) -> None:
    await library.wiki("enwiki")
    await library.wiki("dewiki")
    owner = bots_owner(town)
    allow_slash(town, owner)
    choices = await owner.autocomplete(town.channel, "image add", "collection", "EN", title="Fern")
    assert [choice["value"] for choice in choices] == ["enwiki"]
    result = await owner.slash(
        town.channel, "image add", title="Fern", picture=("a.png", png(1)), collection="enwiki"
    )
    assert "the collection enwiki" in told(result)
    stranger = moderator(town)
    assert await stranger.autocomplete(town.channel, "image list", "collection", "") == []


async def test_a_moderator_reaches_no_other_collection(town: Town, library: Library) -> None:
    wiki = await library.wiki("enwiki")
    mod = moderator(town)
    await mod.send(
        town.channel, "!addimage Fern --collection enwiki", attachments=[("a.png", png(1))]
    )
    assert refused(town) == "Only the bot's owner may do that."
    result = await mod.slash(
        town.channel, "image add", title="Fern", picture=("a.png", png(1)), collection="enwiki"
    )
    assert "Only the bot's owner" in refused_privately(result)
    assert await library.database.store.listing(wiki.id) == ()


async def test_an_unknown_collection_is_named_with_the_known(town: Town, library: Library) -> None:
    await library.wiki("enwiki")
    await bots_owner(town).send(
        town.channel, "!addimage Fern --collection nowiki", attachments=[("a.png", png(1))]
    )
    assert "no collection “nowiki”" in refused(town)
    assert "enwiki" in refused(town)


@pytest.mark.parametrize("command", ["!addimage Fern", "!removeimage 1", "!images", "!undo"])
async def test_in_private_moderators_are_sent_to_their_server(town: Town, command: str) -> None:
    user = moderator(town).user
    await user.send_dm(command)
    assert "it works in a server" in refused(town, user.dm_channel)


async def test_a_near_picture_is_named(town: Town, library: Library) -> None:
    known = await library.add(changed_copy(1), "Mandelbrot_set", to=await library.wiki("enwiki"))
    await moderator(town).send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    embed = embed_of(town.answer())
    assert embed.title == "Picture added"
    (field,) = embed.fields
    assert field.name == "⚠ Looks like"
    assert f"**#{known}** [Mandelbrot set](https://en.wikipedia.org/wiki/" in (field.value or "")
    assert "almost certainly the same picture" in (field.value or "")
    assert "in enwiki" in (field.value or "")


async def test_another_servers_pictures_are_not_named(town: Town, library: Library) -> None:
    await library.add(png(1), "Secret", to=await library.server(4711))
    await moderator(town).send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    assert embed_of(town.answer()).fields == []


async def test_the_same_again_changes_nothing(town: Town, library: Library) -> None:
    mod = moderator(town)
    for _ in range(2):
        await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    again = town.answers()[-1]
    assert embed_of(again).title == "Already there"
    assert buttons_of(again) == {}
    assert await titles_of(library, town) == ["Fern"]


async def test_nothing_to_add(town: Town) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern")
    assert "There is no picture" in refused(town)
    await mod.send(town.channel, "!addimage")
    assert "which page" in refused(town)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("blank.png", encode(Image.new("RGB", (64, 64), "white")), "too plain"),
        ("broken.png", png(1)[:200], "was not added"),
        ("notes.txt", b"remember the milk", "was not added"),
    ],
)
async def test_what_could_not_be_found_again_is_refused(
    town: Town, library: Library, name: str, data: bytes, says: str
) -> None:
    files = [("good.png", png(2)), (name, data)] if name.endswith("png") else [(name, data)]
    await moderator(town).send(town.channel, "!addimage Fern", attachments=files)
    assert says in refused(town)
    assert name in refused(town)
    # All or none.
    assert await titles_of(library, town) == []


@pytest.mark.parametrize("options", [BotOptions(max_pictures=2)])
async def test_more_pictures_than_allowed_are_refused(town: Town, library: Library) -> None:
    files = [(f"{number}.png", png(number)) for number in (1, 2, 3)]
    await moderator(town).send(town.channel, "!addimage Fern", attachments=files)
    assert "These are 3 pictures" in refused(town)
    assert await titles_of(library, town) == []


async def test_a_link_that_leads_nowhere(town: Town, website: Website, library: Library) -> None:
    await moderator(town).send(town.channel, f"!addimage Fern {website.address}/none.png")
    assert "404" in refused(town)
    assert await titles_of(library, town) == []


async def test_a_hostile_title_is_shown_letter_by_letter(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, f"!addimage {MARKDOWN}", attachments=[("**a**.png", png(1))])
    message = town.answer()
    text = description(town)
    assert embed_of(message).title == "Picture added"
    assert "\\*\\*bold\\*\\*" in text
    assert "@everyone" not in text
    assert "<@1>" not in text
    assert "\\|\\|spoiler" in text
    stored = town.env.backend.get_message(town.channel.id, message.id)
    assert stored.ping_user_ids == []
    await mod.send(town.channel, "!images")
    assert "@everyone" not in description(town)


async def test_marks_that_turn_the_text_around_are_dropped(town: Town, library: Library) -> None:
    await moderator(town).send(
        town.channel, "!addimage \u202egnp.exe\u2066", attachments=[("a\u202eb.png", png(1))]
    )
    assert "\u202e" not in description(town)
    assert await titles_of(library, town) == ["gnp.exe"]


@pytest.mark.parametrize("size", [300, 1900])
async def test_a_title_without_end_is_refused(town: Town, library: Library, size: int) -> None:
    await moderator(town).send(
        town.channel, "!addimage " + "x" * size, attachments=[("a.png", png(1))]
    )
    assert "longer than" in refused(town)
    assert len(town.answer().content) < 300
    assert await titles_of(library, town) == []


async def test_nothing_is_done_where_the_answer_could_not_be_read(
    town: Town, library: Library
) -> None:
    silent = town.guild.create_text_channel(
        "silent",
        overwrites={town.guild.default_role: discord.PermissionOverwrite(embed_links=False)},
    )
    await moderator(town).send(silent, "!addimage Fern", attachments=[("a.png", png(1))])
    assert "Embed Links" in refused(town, silent)
    assert await titles_of(library, town) == []


async def test_a_picture_may_be_on_several_pages(town: Town, library: Library) -> None:
    mod = moderator(town)
    data = encode(draw(1))
    for title in ("Fern", "Fractal"):
        await mod.send(town.channel, f"!addimage {title}", attachments=[("a.png", data)])
    collection = await library.server(town.guild.id)
    (image,) = await library.database.store.listing(collection.id)
    assert image.page_count == 2
    # The same picture on another page is no duplicate.
    assert embed_of(town.answers()[-1]).fields == []
