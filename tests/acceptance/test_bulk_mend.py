"""``!mergeimages``, ``!renameimage`` and their slash commands."""

from tests.acceptance.staff import (
    description,
    moderator,
    other_town,
    refused,
    refused_privately,
    told,
)
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png


async def pages_of(library: Library, town: Town) -> dict[int, tuple[str, ...]]:
    """The titles of the server's own pictures by their numbers."""
    own = await library.server(town.guild.id)
    listed = await library.database.store.listing(own.id)
    return {image.image_id: image.titles for image in listed}


async def own(library: Library, town: Town, seed: int, *titles: str) -> int:
    collection = await library.server(town.guild.id)
    return await library.add(png(seed), *titles, to=collection, file=f"{seed}.png")


# Merging


async def test_two_pictures_become_one(town: Town, library: Library) -> None:
    gone, stays = await own(library, town, 1, "Fern", "Moss"), await own(library, town, 2, "Moss")
    await moderator(town).send(town.channel, f"!mergeimages #{gone} into {stays}")
    assert embed_of(town.answer()).title == "Pictures merged"
    assert f"**#{gone}** went into **#{stays}**" in description(town)
    assert "• [Fern](https://en.wikipedia.org/wiki/Fern)" in description(town)
    assert "Moss" not in description(town)
    assert await pages_of(library, town) == {stays: ("Fern", "Moss")}


async def test_a_merge_is_in_the_history_and_is_undone_as_one_step(
    town: Town, library: Library
) -> None:
    gone, stays = await own(library, town, 1, "Fern", "Moss"), await own(library, town, 2, "Moss")
    mod = moderator(town)
    await mod.send(town.channel, f"!mergeimages {gone} into {stays}")
    await mod.send(town.channel, "!history 3")
    assert f"**Added** **#{stays}** · 2\\.png to Fern" in description(town)
    assert f"**Removed** **#{gone}** · 1\\.png from Fern" in description(town)
    assert description(town).count(f"in a merge by <@{mod.id}>") == 3
    await mod.click(town.answers()[0], label="Undo")
    undone = embed_of(town.answers()[0])
    assert undone.title == "Undone: a merge"
    assert "These went from" in (undone.description or "")
    assert "These came back to" in (undone.description or "")
    assert buttons_of(town.answers()[0]) == {}
    pages = await pages_of(library, town)
    assert pages[stays] == ("Moss",)
    assert sorted(pages.values()) == [("Fern", "Moss"), ("Moss",)]


async def test_merging_by_a_slash_command(town: Town, library: Library) -> None:
    gone, stays = await own(library, town, 1, "Fern"), await own(library, town, 2, "Fern")
    result = await moderator(town).slash(town.channel, "image merge", id=gone, into=stays)
    assert "which is on its pages already" in told(result)
    assert set(await pages_of(library, town)) == {stays}


async def test_the_same_words_for_what_is_theirs_and_for_what_is_not(
    town: Town, library: Library
) -> None:
    ours = await own(library, town, 1, "Fern")
    elsewhere = other_town(town)
    theirs = await own(library, elsewhere, 2, "Theirs")
    mod = moderator(town)
    said = []
    for wanted in (theirs, 10**6):
        for words in (f"{wanted} into {ours}", f"{ours} into {wanted}"):
            await mod.send(town.channel, f"!mergeimages {words}")
            said.append(refused(town).replace(str(wanted), "N"))
    assert said[:2] == said[2:]
    assert "not both in this server's own pictures" in said[0]
    assert set(await pages_of(library, town)) == {ours}
    assert set(await pages_of(library, elsewhere)) == {theirs}


async def test_a_merge_that_makes_no_sense(town: Town) -> None:
    mod = moderator(town)
    for words in ("", "7", "7 into 7"):
        await mod.send(town.channel, f"!mergeimages {words}".strip())
        assert "Say which" in refused(town), words


# Renaming


async def test_a_page_on_every_picture(town: Town, library: Library) -> None:
    one, two = await own(library, town, 1, "Julia", "Moss"), await own(library, town, 2, "Julia")
    mod = moderator(town)
    await mod.send(town.channel, "!renameimage Julia -> Julia set")
    assert embed_of(town.answer()).title == "Page renamed"
    assert description(town) == (
        "[Julia set](https://en.wikipedia.org/wiki/Julia_set)\n"
        "It was called [Julia](https://en.wikipedia.org/wiki/Julia).\n"
        "2 pictures show it."
    )
    assert await pages_of(library, town) == {one: ("Moss", "Julia_set"), two: ("Julia_set",)}
    await mod.send(town.channel, "!history 1")
    assert "in a renaming by" in description(town)
    await mod.send(town.channel, "!undo")
    assert embed_of(town.answers()[-1]).title == "Undone: a renaming"
    pages = await pages_of(library, town)
    assert (set(pages[one]), pages[two]) == ({"Moss", "Julia"}, ("Julia",))


async def test_a_page_on_one_picture(town: Town, library: Library) -> None:
    one, two = await own(library, town, 1, "Julia"), await own(library, town, 2, "Julia")
    mod = moderator(town)
    await mod.send(town.channel, f"!renameimage #{one} Julia → Julia set")
    assert await pages_of(library, town) == {one: ("Julia_set",), two: ("Julia",)}
    await mod.send(town.channel, f"!renameimage #{two} -> https://wiki.example/wiki/Julia_II")
    assert "[Julia II](https://wiki.example/wiki/Julia_II)" in description(town)
    await mod.send(town.channel, f"!renameimage #{two} -> Julia III")
    # A title alone leaves the page's own address as it is.
    assert "[Julia III](https://wiki.example/wiki/Julia_II)" in description(town)
    await mod.send(town.channel, f"!renameimage #{two} -> https://en.wikipedia.org/wiki/Julia_IV")
    assert "[Julia IV](https://en.wikipedia.org/wiki/Julia_IV)" in description(town)
    (row,) = [
        row
        for row in await library.database.curation.rows((await library.server(town.guild.id)).id)
        if row.image_id == two
    ]
    assert (row.title, row.url) == ("Julia_IV", None)


async def test_renaming_by_a_slash_command(town: Town, library: Library) -> None:
    one, two = await own(library, town, 1, "1984"), await own(library, town, 2, "1984", "Moss")
    mod = moderator(town)
    result = await mod.slash(town.channel, "image rename", to="Nineteen", id=one)
    assert "1 picture shows it" in told(result)
    result = await mod.slash(town.channel, "image rename", to="Nineteen", id=two)
    assert "on several pages" in told(result)
    result = await mod.slash(town.channel, "image rename", to="Nineteen", page="1984")
    assert "1 picture shows it" in told(result)
    assert set((await pages_of(library, town))[two]) == {"Nineteen", "Moss"}
    result = await mod.slash(town.channel, "image rename", to="Nineteen")
    assert "Say which page" in refused_privately(result)


async def test_a_picture_that_is_on_the_new_page_already(town: Town, library: Library) -> None:
    one = await own(library, town, 1, "Julia", "Julia_set")
    mod = moderator(town)
    await mod.send(town.channel, "!renameimage Julia -> Julia set")
    assert "1 picture shows it" in description(town)
    assert await pages_of(library, town) == {one: ("Julia_set",)}
    await mod.send(town.channel, "!undo")
    assert await pages_of(library, town) == {one: ("Julia_set", "Julia")}


async def test_nothing_to_rename(town: Town, library: Library) -> None:
    one = await own(library, town, 1, "Julia")
    elsewhere = other_town(town)
    theirs = await own(library, elsewhere, 2, "Theirs")
    mod = moderator(town)
    for words in (
        "Fern -> Moss",
        "Theirs -> Ours",
        "Julia -> Julia",
        f"#{theirs} Theirs -> Ours",
        f"#{theirs} -> Ours",
        "#999999999999999999999 -> Ours",
        f"#{one} Fern -> Moss",
    ):
        await mod.send(town.channel, f"!renameimage {words}")
        assert "Nothing was renamed" in refused(town), words
    assert await pages_of(library, town) == {one: ("Julia",)}
    assert await pages_of(library, elsewhere) == {theirs: ("Theirs",)}


async def test_a_renaming_that_makes_no_sense(town: Town) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!renameimage Julia")
    assert "an arrow" in refused(town)
    await mod.send(town.channel, "!renameimage Julia -> javascript://x")
    assert "http" in refused(town)
