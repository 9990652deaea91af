"""``!images`` and ``/image list``: leafing and looking for."""

from tests.acceptance.staff import (
    allow_slash,
    bots_owner,
    description,
    moderator,
    other_town,
    refused,
    refused_privately,
    told,
)
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png


async def fill(library: Library, town: Town, count: int) -> list[int]:
    """So many pictures in the server's own collection, and their numbers, newest first."""
    collection = await library.server(town.guild.id)
    numbers = [
        await library.add(png(1), f"Page_{number:02}", to=collection, file=f"file {number:02}.png")
        for number in range(count)
    ]
    return numbers[::-1]


def numbers_in(text: str) -> list[int]:
    """The pictures' numbers in a list, in order."""
    return [int(part.split("**")[0]) for part in text.split("**#")[1:]]


async def test_an_empty_list(town: Town) -> None:
    await moderator(town).send(town.channel, "!images")
    assert "There is none yet" in description(town)
    assert "!addimage" in description(town)
    assert buttons_of(town.answer()) == {}


async def test_a_short_list(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern", attachments=[("fern.png", png(1))])
    collection = await library.server(town.guild.id)
    number = await library.add(png(2), "A", "B", "C", "D", to=collection)
    await mod.send(town.channel, "!images")
    embed = embed_of(town.answers()[-1])
    assert embed.title == "This server's own pictures"
    assert f"**#{number}** A, B, C and 1 more\n" in (embed.description or "")
    assert "added by the operator <t:" in (embed.description or "")
    assert "Fern · fern.png\n" in (embed.description or "")
    assert f"added by <@{mod.id}> <t:" in (embed.description or "")
    assert embed.footer.text == "Page 1 · 2 pictures in all · newest first"
    assert buttons_of(town.answers()[-1]) == {}


async def test_leafing_there_and_back(town: Town, library: Library) -> None:
    numbers = await fill(library, town, 25)
    mod = moderator(town)
    await mod.send(town.channel, "!images")
    assert numbers_in(description(town)) == numbers[:10]
    assert buttons_of(town.answer())["Newer"].disabled
    await mod.click(town.answer(), label="Older")
    assert numbers_in(description(town)) == numbers[10:20]
    await mod.click(town.answer(), label="Older")
    assert numbers_in(description(town)) == numbers[20:]
    assert "Page 3 · 25 pictures in all" in (embed_of(town.answer()).footer.text or "")
    assert buttons_of(town.answer())["Older"].disabled
    await mod.click(town.answer(), label="Newer")
    await mod.click(town.answer(), label="Newer")
    assert numbers_in(description(town)) == numbers[:10]
    assert buttons_of(town.answer())["Newer"].disabled


async def test_exactly_one_page_has_no_buttons(town: Town, library: Library) -> None:
    await fill(library, town, 10)
    await moderator(town).send(town.channel, "!images")
    assert len(numbers_in(description(town))) == 10
    assert buttons_of(town.answer()) == {}


async def test_a_list_that_shrinks_while_it_is_read(town: Town, library: Library) -> None:
    numbers = await fill(library, town, 12)
    mod = moderator(town)
    await mod.send(town.channel, "!images")
    for number in numbers[10:]:
        await mod.send(town.channel, f"!removeimage {number}")
    listed = town.answers()[0]
    await mod.click(listed, label="Older")
    assert "There is none" in (embed_of(town.answers()[0]).description or "")
    assert buttons_of(town.answers()[0])["Older"].disabled
    await mod.click(town.answers()[0], label="Newer")
    assert numbers_in(embed_of(town.answers()[0]).description or "") == numbers[:10]


async def test_looking_for_words(town: Town, library: Library) -> None:
    collection = await library.server(town.guild.id)
    fern = await library.add(png(1), "Barnsley_fern", to=collection)
    file = await library.add(png(2), "Other", to=collection, file="my_FERN.png")
    await library.add(png(3), "Julia_set", to=collection)
    percent = await library.add(png(4), "100%_pure", to=collection)
    mod = moderator(town)
    for words, expected in (
        ("fern", [file, fern]),
        ("barnsley fern", [fern]),
        ("Barnsley_FERN", [fern]),
        ("0%", [percent]),
        ("*", []),
    ):
        await mod.send(town.channel, f"!images {words}")
        assert numbers_in(description(town)) == expected, words
    assert description(town) == "There is none with “\\*”."
    await mod.send(town.channel, "!images " + "x" * 101)
    assert "at most 100 characters" in refused(town)


async def test_leafing_keeps_what_was_looked_for(town: Town, library: Library) -> None:
    numbers = await fill(library, town, 24)
    wanted = [number for place, number in enumerate(numbers) if (23 - place) // 10 == 1]
    assert len(wanted) == 10
    await library.add(png(1), "Page_1", to=await library.server(town.guild.id))
    mod = moderator(town)
    await mod.send(town.channel, "!images page 1")
    first = numbers_in(description(town))
    await mod.click(town.answer(), label="Older")
    assert {*first, *numbers_in(description(town))} >= set(wanted)
    assert len(first) + len(numbers_in(description(town))) == 11


async def test_the_buttons_are_for_who_asked(town: Town, library: Library) -> None:
    numbers = await fill(library, town, 11)
    await moderator(town).send(town.channel, "!images")
    for other in (town.alice, moderator(town, "other")):
        result = await other.click(town.answer(), label="Older")
        assert "for the one who asked" in refused_privately(result)
    assert numbers_in(description(town)) == numbers[:10]


async def test_the_slash_command_is_for_the_eyes_of_who_asked(town: Town, library: Library) -> None:
    numbers = await fill(library, town, 11)
    mod = moderator(town)
    result = await mod.slash(town.channel, "image list")
    assert result.ephemeral
    assert numbers_in(told(result)) == numbers[:10]
    assert result.response is not None
    turned = await mod.click(result.response, label="Older")
    assert turned.acknowledged
    assert numbers_in(told(result)) == numbers[10:]
    found = await mod.slash(town.channel, "image list", search="page 03")
    assert numbers_in(told(found)) == [numbers[-4]]


async def test_a_server_sees_its_own_pictures_alone(town: Town, library: Library) -> None:
    await fill(library, town, 2)
    await library.add(png(2), "Wiki_page")
    elsewhere = other_town(town)
    await elsewhere.alice.send(elsewhere.channel, "!images")
    assert "There is none yet" in description(elsewhere)
    name = (await library.server(town.guild.id)).name
    await elsewhere.alice.send(elsewhere.channel, f"!images --collection {name}")
    assert refused(elsewhere) == "Only the bot's owner may do that."


async def test_the_bots_owner_lists_a_wiki(town: Town, library: Library) -> None:
    number = await library.add(png(1), "Fern")
    await bots_owner(town).send(town.channel, "!images fern --collection enwiki")
    assert embed_of(town.answer()).title == "The collection enwiki"
    assert numbers_in(description(town)) == [number]


async def test_an_ordinary_member_may_not(town: Town, library: Library) -> None:
    await fill(library, town, 1)
    await town.alice.send(town.channel, "!images")
    assert "Only moderators" in refused(town)
    allow_slash(town, town.alice)
    result = await town.alice.slash(town.channel, "image list")
    assert "Only moderators" in refused_privately(result)
