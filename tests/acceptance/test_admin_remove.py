"""``!removeimage`` and ``/image remove``: by number and by sight."""

import pytest

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
from tests.acceptance.world import (
    Library,
    Town,
    Website,
    buttons_of,
    changed_copy,
    embed_of,
    menus_of,
    png,
)


async def ids_of(library: Library, town: Town) -> list[int]:
    """The numbers of the server's own pictures, newest first."""
    collection = await library.server(town.guild.id)
    return [image.image_id for image in await library.database.store.listing(collection.id)]


async def own(library: Library, town: Town, seed: int, file: str | None = None) -> int:
    """Add a picture to the server's own, and give its number."""
    collection = await library.server(town.guild.id)
    return await library.add(png(seed), f"Page_{seed}", to=collection, file=file)


@pytest.mark.parametrize("form", ["{}", "#{}"])
async def test_by_number(town: Town, library: Library, form: str) -> None:
    kept, gone = await own(library, town, 1), await own(library, town, 2, file="two.png")
    await moderator(town).send(town.channel, "!removeimage " + form.format(gone))
    embed = embed_of(town.answer())
    assert embed.title == "Picture removed"
    assert f"**#{gone}** · two.png" in (embed.description or "")
    assert "[Page 2](https://en.wikipedia.org/wiki/Page_2)" in (embed.description or "")
    assert list(buttons_of(town.answer())) == ["Undo"]
    assert await ids_of(library, town) == [kept]


async def test_by_an_attached_copy(town: Town, library: Library) -> None:
    kept, _ = await own(library, town, 1), await own(library, town, 2)
    await moderator(town).send(
        town.channel, "!removeimage", attachments=[("copy.jpg", changed_copy(2))]
    )
    assert embed_of(town.answer()).title == "Picture removed"
    assert await ids_of(library, town) == [kept]


async def test_by_a_reply(town: Town, library: Library) -> None:
    await own(library, town, 1)
    posted = await town.alice.send(town.channel, "", attachments=[("a.png", png(1))])
    await moderator(town).send(town.channel, "!removeimage", reply_to=posted)
    assert await ids_of(library, town) == []


async def test_by_a_link(town: Town, library: Library, website: Website) -> None:
    await own(library, town, 1)
    url = website.put("a.png", png(1))
    await moderator(town).send(town.channel, f"!removeimage {url}")
    assert await ids_of(library, town) == []


async def test_several_that_look_alike_are_listed_and_one_is_chosen(
    town: Town, library: Library
) -> None:
    numbers = [await own(library, town, 1, file=name) for name in ("a.png", "b.png")]
    mod = moderator(town)
    await mod.send(town.channel, "!removeimage", attachments=[("copy.jpg", changed_copy(1))])
    assert embed_of(town.answer()).title == "Which one?"
    for number, name in zip(numbers, ("a.png", "b.png"), strict=True):
        assert f"**#{number}** [Page 1](" in description(town)
        assert name in description(town)
    assert set(await ids_of(library, town)) == set(numbers)
    (menu,) = menus_of(town.answer())
    assert [option.value for option in menu.options] == [str(number) for number in numbers]

    await mod.select(town.answer(), [str(numbers[1])], custom_id=menu.custom_id)
    assert embed_of(town.answer()).title == "Picture removed"
    assert await ids_of(library, town) == [numbers[0]]
    # What was chosen can be taken back like any other step.
    await mod.click(town.answer(), label="Undo")
    assert len(await ids_of(library, town)) == 2


async def test_none_of_several(town: Town, library: Library) -> None:
    for name in ("a.png", "b.png"):
        await own(library, town, 1, file=name)
    mod = moderator(town)
    await mod.send(town.channel, "!removeimage", attachments=[("copy.jpg", changed_copy(1))])
    result = await town.alice.click(town.answer(), label="Remove none")
    assert "for the one who asked" in refused_privately(result)
    await mod.click(town.answer(), label="Remove none")
    assert menus_of(town.answer()) == []
    assert len(await ids_of(library, town)) == 2


async def test_one_that_looks_only_somewhat_alike_is_asked_about(
    town: Town, library: Library
) -> None:
    number = await library.add(png(1), "Fern", to=await library.server(town.guild.id), bits_off=10)
    mod = moderator(town)
    await mod.send(town.channel, "!removeimage", attachments=[("a.png", png(1))])
    assert "Only this one looks like that" in description(town)
    assert await ids_of(library, town) == [number]
    (menu,) = menus_of(town.answer())
    await mod.select(town.answer(), [str(number)], custom_id=menu.custom_id)
    assert await ids_of(library, town) == []


async def test_a_choice_that_somebody_else_has_made_already(town: Town, library: Library) -> None:
    numbers = [await own(library, town, 1, file=name) for name in ("a.png", "b.png")]
    mod = moderator(town)
    await mod.send(town.channel, "!removeimage", attachments=[("a.png", png(1))])
    asked = town.answer()
    await mod.send(town.channel, f"!removeimage {numbers[0]}")
    (menu,) = menus_of(asked)
    result = await mod.select(asked, [str(numbers[0])], custom_id=menu.custom_id)
    assert "There is no such picture" in told(result)
    assert menus_of(town.answers()[0]) == []
    assert town.env.errors
    assert await ids_of(library, town) == [numbers[1]]


async def test_nothing_looks_like_it(town: Town, library: Library) -> None:
    await own(library, town, 1)
    await moderator(town).send(town.channel, "!removeimage", attachments=[("a.png", png(2))])
    assert "No stored picture looks like that" in refused(town)
    assert len(await ids_of(library, town)) == 1


@pytest.mark.parametrize("number", ["0", "999999", "2147483648", "9" * 25])
async def test_a_number_that_is_none(town: Town, number: str) -> None:
    await moderator(town).send(town.channel, f"!removeimage {number}")
    assert "There is no such picture" in refused(town)


async def test_another_servers_picture_is_none(town: Town, library: Library) -> None:
    number = await own(library, town, 1)
    elsewhere = other_town(town)
    stranger = elsewhere.alice
    await stranger.send(elsewhere.channel, f"!removeimage {number}")
    by_theirs = refused(elsewhere)
    await stranger.send(elsewhere.channel, f"!removeimage {number + 1000}")
    # The same words as for a number that nobody has.
    assert refused(elsewhere) == by_theirs.replace(f"#{number} ", f"#{number + 1000} ")
    await stranger.send(elsewhere.channel, "!removeimage", attachments=[("a.png", png(1))])
    assert "No stored picture looks like that" in refused(elsewhere)
    result = await stranger.slash(elsewhere.channel, "image remove", id=number)
    assert "There is no such picture" in told(result)
    assert await ids_of(library, town) == [number]


async def test_a_wikis_picture_is_out_of_a_moderators_reach(town: Town, library: Library) -> None:
    wiki = await library.wiki("enwiki")
    number = await library.add(png(1), "Fern", to=wiki)
    mod = moderator(town)
    await mod.send(town.channel, f"!removeimage {number}")
    assert "There is no such picture" in refused(town)
    await mod.send(town.channel, "!removeimage", attachments=[("a.png", png(1))])
    assert "No stored picture looks like that" in refused(town)
    await mod.send(town.channel, f"!removeimage {number} --collection enwiki")
    assert refused(town) == "Only the bot's owner may do that."
    await bots_owner(town).send(town.channel, f"!removeimage {number} --collection enwiki")
    assert "Gone from the collection enwiki" in description(town)
    assert await library.database.store.listing(wiki.id) == ()


async def test_as_a_slash_command(town: Town, library: Library, website: Website) -> None:
    numbers = [await own(library, town, seed) for seed in (1, 2, 3)]
    mod = moderator(town)
    assert "Picture removed" in told(await mod.slash(town.channel, "image remove", id=numbers[0]))
    assert "Picture removed" in told(
        await mod.slash(town.channel, "image remove", picture=("copy.jpg", changed_copy(2)))
    )
    assert "Picture removed" in told(
        await mod.slash(town.channel, "image remove", url=website.put("c.png", png(3)))
    )
    assert await ids_of(library, town) == []
    assert "Say which picture" in refused_privately(await mod.slash(town.channel, "image remove"))


async def test_what_makes_no_sense(town: Town, library: Library) -> None:
    await own(library, town, 1)
    mod = moderator(town)
    await mod.send(town.channel, "!removeimage")
    assert "Say which picture" in refused(town)
    files = [("a.png", png(1)), ("b.png", png(2))]
    await mod.send(town.channel, "!removeimage", attachments=files)
    assert "one at a time" in refused(town)
    await mod.send(town.channel, "!removeimage", attachments=[("a.png", b"no picture")])
    assert "Nothing was removed" in refused(town)
    assert len(await ids_of(library, town)) == 1


async def test_an_ordinary_member_may_not(town: Town, library: Library) -> None:
    number = await own(library, town, 1)
    await town.alice.send(town.channel, f"!removeimage {number}")
    assert "Only moderators" in refused(town)
    allow_slash(town, town.alice)
    result = await town.alice.slash(town.channel, "image remove", id=number)
    assert "Only moderators" in refused_privately(result)
    assert await ids_of(library, town) == [number]


async def test_many_pages_are_counted_and_come_back(town: Town, library: Library) -> None:
    titles = [f"Page_{number}_{'x' * 60}" for number in range(200)]
    collection = await library.server(town.guild.id)
    number = await library.add(png(1), *titles, to=collection)
    mod = moderator(town)
    await mod.send(town.channel, f"!removeimage {number}")
    assert "these 200 pages" in description(town)
    assert "more lines" in description(town)
    await mod.send(town.channel, "!undo")
    (image,) = await library.database.store.listing(collection.id)
    assert image.page_count == 200
