"""``!reviewimages`` and ``/image review``: pair by pair through what looks alike."""

import discord
import pytest

from bot.client import Services
from bot.ingest import review
from cogs.views import TIMEOUT
from db.records import Actor
from tests.acceptance.staff import (
    bots_owner,
    description,
    moderator,
    other_town,
    refused,
    told,
)
from tests.acceptance.world import Library, Town, buttons_of, changed_copy, embed_of, png


async def add(
    library: Library, town: Town, picture: bytes, title: str, file: str, look: bool = True
) -> int:
    own = await library.server(town.guild.id)
    return await library.add(picture, title, to=own, file=file, look=look)


async def twins(library: Library, town: Town, seed: int = 1) -> tuple[int, int]:
    """A picture and a smaller copy of it: the older one first."""
    older = await add(library, town, png(seed), f"Fern {seed}", "a.png")
    return older, await add(library, town, changed_copy(seed), f"Moss {seed}", "b.jpg")


async def numbers(library: Library, town: Town) -> set[int]:
    own = await library.server(town.guild.id)
    return {image.image_id for image in await library.database.store.listing(own.id)}


def shown(message: discord.Message) -> set[str]:
    """The pictures that a pair shows."""
    return {field.name or "" for field in embed_of(message).fields}


async def test_a_pair_is_shown(town: Town, library: Library) -> None:
    older, newer = await twins(library, town)
    await add(library, town, png(5), "Something else", "c.png")
    await moderator(town).send(town.channel, "!reviewimages")
    message = town.answer()
    assert embed_of(message).title == "Are these the same picture?"
    assert "almost certainly the same picture" in description(town)
    assert "Their second fingerprints differ in" in description(town)
    newer_field, older_field = embed_of(message).fields
    assert (newer_field.name, older_field.name) == (f"#{newer}", f"#{older}")
    assert "• Moss 1" in (newer_field.value or "")
    assert "b.jpg" in (newer_field.value or "")
    assert "added by the operator" in (newer_field.value or "")
    assert list(buttons_of(message)) == [
        f"Merge into #{newer}",
        f"Merge into #{older}",
        "Keep both",
        "Skip",
        "Stop",
    ]


async def test_it_links_to_where_a_picture_was_added(town: Town, library: Library) -> None:
    mod = moderator(town)
    asked = await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    owner = bots_owner(town)
    elsewhere = other_town(town)
    there = elsewhere.guild.add_member(owner.user)
    await there.send(
        elsewhere.channel,
        f"!addimage Moss --collection server-{town.guild.id}",
        attachments=[("b.jpg", changed_copy(1))],
    )
    await mod.send(town.channel, "!reviewimages")
    newer, older = embed_of(town.answers()[-1]).fields
    link = f"https://discord.com/channels/{town.guild.id}/{town.channel.id}/{asked.id}"
    assert f"[Where it was added]({link})" in (older.value or "")
    # Another server is not told of.
    assert "Where it was added" not in (newer.value or "")


@pytest.mark.parametrize("into_newer", [True, False])
async def test_merging(town: Town, library: Library, into_newer: bool) -> None:
    older, newer = await twins(library, town)
    stays, gone = (newer, older) if into_newer else (older, newer)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    await mod.click(town.answer(), label=f"Merge into #{stays}")
    assert embed_of(town.answer()).title == "Review finished"
    assert f"#{gone} went into #{stays}." in description(town)
    assert "1 merged" in description(town)
    assert buttons_of(town.answer()) == {}
    assert await numbers(library, town) == {stays}
    await mod.send(town.channel, "!history 3")
    assert f"in a merge by <@{mod.id}>" in description(town)
    await mod.send(town.channel, "!undo")
    assert embed_of(town.answers()[-1]).title == "Undone: a merge"
    assert len(await numbers(library, town)) == 2


async def test_every_pair_comes_once(town: Town, library: Library) -> None:
    pairs = [await twins(library, town, seed) for seed in (1, 2, 3)]
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    seen = []
    for _ in pairs:
        seen.append(shown(town.answer()))
        await mod.click(town.answer(), label="Skip")
    assert seen == [{f"#{a}", f"#{b}"} for a, b in reversed(pairs)]
    assert embed_of(town.answer()).title == "Review finished"
    assert "3 skipped" in description(town)
    # What was skipped comes again the next time.
    await mod.send(town.channel, "!reviewimages")
    assert shown(town.answers()[-1]) == seen[0]


async def test_three_that_look_alike(town: Town, library: Library) -> None:
    ids = [await add(library, town, png(1), "Fern", f"{name}.png") for name in "abc"]
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    pairs = []
    while "Skip" in buttons_of(town.answer()):
        pairs.append(frozenset(shown(town.answer())))
        await mod.click(town.answer(), label="Skip")
    assert len(pairs) == 3 == len(set(pairs))
    await mod.send(town.channel, "!reviewimages")
    await mod.click(town.answers()[-1], label=f"Merge into #{ids[2]}")
    await mod.click(town.answers()[-1], label=f"Merge into #{ids[2]}")
    assert embed_of(town.answers()[-1]).title == "Review finished"
    assert await numbers(library, town) == {ids[2]}


async def test_a_pair_that_was_kept_is_not_asked_about_again(town: Town, library: Library) -> None:
    older, newer = await twins(library, town)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    await mod.click(town.answer(), label="Keep both")
    assert f"#{newer} and #{older} are two pictures" in description(town)
    assert await numbers(library, town) == {older, newer}
    for words in ("!reviewimages", "!reviewimages again"):
        await mod.send(town.channel, words)
        again = "Skip" in buttons_of(town.answers()[-1])
        assert again == words.endswith("again")
    # It is the same pair when a picture comes back with another number.
    own = await library.server(town.guild.id)
    await library.database.store.remove(own.id, newer, Actor(1))
    await library.database.store.undo(own.id, Actor(1))
    await mod.send(town.channel, "!reviewimages")
    assert embed_of(town.answers()[-1]).title == "Review finished"


async def test_what_nothing_but_a_dhash_is_stored_of(town: Town, library: Library) -> None:
    own = await library.server(town.guild.id)
    await library.add(png(1), "Whole", to=own, file="a.png", look=True)
    await library.add(png(1), "No look", to=own, file="b.png")
    await library.add(png(1), "Bare", to=own, file="c.png", phash=False)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    pairs = 0
    while "Skip" in buttons_of(town.answer()):
        pairs += 1
        bare = "Bare" in str([field.value for field in embed_of(town.answer()).fields])
        assert ("second fingerprints" in description(town)) == (not bare)
        await mod.click(town.answer(), label="Skip")
    assert pairs == 3


async def test_stopping(town: Town, library: Library) -> None:
    await twins(library, town)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    await mod.click(town.answer(), label="Stop")
    assert embed_of(town.answer()).title == "Review stopped"
    assert buttons_of(town.answer()) == {}


async def test_each_go_is_bounded(
    town: Town, library: Library, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    await twins(library, town, 9)
    for seed in range(1, 6):
        await add(library, town, png(seed), f"Page {seed}", f"{seed}.png")
    monkeypatch.setattr(review, "AT_A_TIME", 2)
    services.curation.review.looked_at = 3
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    assert embed_of(town.answer()).title == "No pair yet"
    assert "looked at 3 pictures more" in description(town)
    assert list(buttons_of(town.answer())) == ["Go on", "Stop"]
    await mod.click(town.answer(), label="Go on")
    assert embed_of(town.answer()).title == "Are these the same picture?"


async def test_a_go_ends_when_its_time_is_up(
    town: Town, library: Library, services: Services
) -> None:
    await twins(library, town, 9)
    await add(library, town, png(1), "Page 1", "1.png")
    services.curation.review.seconds = 0.0
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    assert "looked at 1 picture more" in description(town)
    await mod.click(town.answer(), label="Go on")
    assert embed_of(town.answer()).title == "Are these the same picture?"


async def test_nothing_looks_alike(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    assert embed_of(town.answer()).title == "Review finished"
    await add(library, town, png(1), "Fern", "a.png")
    await add(library, town, png(2), "Moss", "b.png")
    await mod.send(town.channel, "!reviewimages")
    assert "no further pair" in description(town)
    await mod.send(town.channel, "!reviewimages everything")
    assert "or `again`" in refused(town)


async def test_only_ones_own_pictures(town: Town, library: Library) -> None:
    elsewhere = other_town(town)
    ours = await add(library, town, png(1), "Ours", "a.png")
    await add(library, elsewhere, png(1), "Theirs", "b.png")
    await library.add(png(1), "The wiki's", to=await library.wiki(), look=True)
    await moderator(town).send(town.channel, "!reviewimages")
    assert embed_of(town.answer()).title == "Review finished"
    assert await numbers(library, town) == {ours}


async def test_somebody_else_was_quicker(town: Town, library: Library) -> None:
    older, newer = await twins(library, town)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    await moderator(town, "other").send(town.channel, f"!removeimage {older}")
    await mod.click(town.answers()[0], label=f"Merge into #{older}")
    review_embed = embed_of(town.answers()[0])
    assert "Somebody has changed that pair" in (review_embed.description or "")
    assert await numbers(library, town) == {newer}


async def test_as_a_slash_command(town: Town, library: Library) -> None:
    older, newer = await twins(library, town)
    mod = moderator(town)
    result = await mod.slash(town.channel, "image review", again=True)
    assert "Are these the same picture?" in told(result)
    assert result.response is not None
    assert result.response.ephemeral
    await mod.click(result.response, label=f"Merge into #{newer}")
    assert await numbers(library, town) == {newer}
    assert older != newer


async def test_the_buttons_go_when_nobody_listens_any_more(town: Town, library: Library) -> None:
    await twins(library, town, 1)
    await twins(library, town, 2)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    await mod.click(town.answer(), label="Skip")
    assert "Skip" in buttons_of(town.answer())
    await town.env.advance_time(TIMEOUT + 1)
    assert buttons_of(town.answer()) == {}
    assert town.env.errors == []
