"""One server never reaches what belongs to another, whatever numbers it makes up."""

from typing import Any

import pytest

from bot.client import Services
from bot.search import Scope
from db.records import Collection
from tests.acceptance.staff import moderator, other_town, refused, told
from tests.acceptance.world import Library, Town, png

CONTEXT_SERVER, CONTEXT_PRIVATE = 0, 1
INSTALLED_IN_SERVERS = 0
MANAGE_SERVER = "32"


async def filled(library: Library, town: Town, seed: int) -> tuple[Collection, list[int]]:
    """A server's own collection with twelve pictures, and their numbers."""
    own = await library.server(town.guild.id)
    names = [f"{number}.png" for number in range(12)]
    return own, [await library.add(png(seed), "Ours", to=own, file=name) for name in names]


async def test_numbers_of_another_server(town: Town, library: Library, services: Services) -> None:
    elsewhere = other_town(town)
    ours, our_numbers = await filled(library, town, 1)
    theirs, their_numbers = await filled(library, elsewhere, 2)
    store = library.database.store
    here, there = Scope(guild_id=town.guild.id), Scope(guild_id=elsewhere.guild.id)
    for number in their_numbers:
        assert await services.search.pages(number, here) == ()
        assert await services.search.pages(number, Scope()) == ()
        assert await services.search.pages(number, there)
        # Wherever a page is said to begin, it has nothing but one's own.
        listed = await store.listing(ours.id, after=number)
        assert {image.image_id for image in listed} <= set(our_numbers)
        pages = await services.search.pages(our_numbers[0], here, after=number)
        assert {page.title for page in pages} <= {"Ours"}
    for line in await store.additions(theirs.id, limit=100):
        shown = await store.additions(ours.id, before=line.id, limit=100)
        assert {each.collection_id for each in shown} <= {ours.id}
    by_name = Scope(guild_id=town.guild.id, names=frozenset({theirs.name}))
    assert await services.search.pages(their_numbers[0], by_name) == ()


async def test_the_same_words_for_what_is_theirs_and_for_what_is_not(
    town: Town, library: Library
) -> None:
    elsewhere = other_town(town)
    _, (number, *_) = await filled(library, elsewhere, 1)
    mod = moderator(town)
    said = []
    for wanted in (number, 10**6):
        await mod.send(town.channel, f"!removeimage {wanted}")
        by_text = refused(town).replace(str(wanted), "")
        by_slash = told(await mod.slash(town.channel, "image remove", id=wanted))
        said.append((by_text, by_slash.replace(str(wanted), "")))
    assert said[0] == said[1]
    own = await library.server(elsewhere.guild.id)
    assert len(await library.database.store.listing(own.id, limit=50)) == 12


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("whereis", 1),
        ("help", 1),
        ("stats", 1),
        ("about", 1),
        ("Search image", 3),
        ("image", 1),
        ("Add pictures", 3),
    ],
)
async def test_where_discord_offers_a_command(town: Town, name: str, kind: int) -> None:
    command: dict[str, Any] | None = town.env.backend.find_command(name, None, type=kind)
    assert command is not None
    assert command["integration_types"] == [INSTALLED_IN_SERVERS]
    if name in ("image", "Add pictures"):
        assert command["contexts"] == [CONTEXT_SERVER]
        assert str(command["default_member_permissions"]) == MANAGE_SERVER
    else:
        assert command["contexts"] == [CONTEXT_SERVER, CONTEXT_PRIVATE]
        assert command["default_member_permissions"] is None
