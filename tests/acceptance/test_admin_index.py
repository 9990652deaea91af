"""``!index``: how the search index is, building it and dropping it."""

from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.client import Services, WhereisBot
from bot.errors import NotAllowedError
from bot.ingest import IndexKind, IndexStatistics, IndexStatus
from db import Database
from db.index import SearchIndex
from db.records import INDEX_KINDS
from tests.acceptance.staff import bots_owner, moderator, refused, refused_privately, told
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png


@pytest.fixture(autouse=True)
def _needs_the_extension(extension: Path | None) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")


def fields_of(town: Town) -> dict[str | None, str | None]:
    """The fields of the embed that the bot posted last."""
    return {field.name: field.value for field in embed_of(town.answers()[-1]).fields}


@pytest_asyncio.fixture(loop_scope="session")
async def offered(database: Database) -> tuple[IndexKind, ...]:
    """The kinds of index that can be had here, the best one first."""
    return (await database.index.status()).offered


async def test_the_state(
    town: Town, library: Library, offered: tuple[IndexKind, ...], database: Database
) -> None:
    await library.add(png(1), "Fern")
    await bots_owner(town).send(town.channel, "!index")
    fields = fields_of(town)
    assert fields["Index"] == f"{offered[0]}, in use"
    assert fields["Kinds that can be had"] == ", ".join(offered)
    assert (fields["Memory"] or "").startswith("fits into the server's ")
    inside = await database.index.statistics()
    assert fields.get("In it") == (None if inside is None else "\n".join(inside.lines()))
    assert fields["Pictures"] == "1"
    assert (fields["Operators"] or "").startswith("from the extension bktree ")
    assert "Being built" not in fields


@pytest.mark.parametrize("command", ["!index build", "!index rebuild"])
async def test_building_anew(
    town: Town, library: Library, command: str, offered: tuple[IndexKind, ...]
) -> None:
    await library.add(png(1), "Fern")
    await bots_owner(town).send(town.channel, command)
    # One message, which was edited when it was done.
    embed = embed_of(town.answer())
    assert (embed.title or "").startswith("Search index built in ")
    assert fields_of(town)["Index"] == f"{offered[0]}, in use"
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert embed_of(town.answers()[-1]).title == "Fern"


@pytest.mark.parametrize("kind", INDEX_KINDS)
async def test_building_a_kind(
    town: Town,
    library: Library,
    database: Database,
    kind: IndexKind,
    offered: tuple[IndexKind, ...],
) -> None:
    if kind not in offered:
        pytest.skip(f"no index of the kind {kind} can be had here")
    await library.add(png(1), "Fern")
    owner = bots_owner(town)
    await owner.send(town.channel, f"!index build {kind}")
    assert fields_of(town)["Index"] == f"{kind}, in use"
    assert (await database.index.status()).kind == kind
    advice = embed_of(town.answer()).description or ""
    assert ("`!index build hamming`" in advice) == (kind != offered[0])
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert embed_of(town.answers()[-1]).title == "Fern"
    # Without a word it stays what it is.
    await owner.send(town.channel, "!index build")
    assert (await database.index.status()).kind == kind


@pytest.mark.parametrize("command", ["!index build oak", "!index drop oak"])
async def test_a_kind_that_there_is_not(town: Town, database: Database, command: str) -> None:
    before = await database.index.status()
    await bots_owner(town).send(town.channel, command)
    assert town.env.errors
    said = town.answer().content
    assert "I don't understand what you wrote for *kind*" in said
    assert f"`{command.removesuffix(' oak')} [hamming|bktree]`" in said
    assert await database.index.status() == before


async def test_dropping_one_kind(
    town: Town, database: Database, offered: tuple[IndexKind, ...]
) -> None:
    owner = bots_owner(town)
    await owner.send(town.channel, f"!index drop {offered[0]}")
    await owner.click(town.answer(), label="Drop the index")
    assert (await database.index.status()).kind is None


async def test_dropping_asks_first(town: Town, library: Library, database: Database) -> None:
    await library.add(png(1), "Fern")
    owner = bots_owner(town)
    await owner.send(town.channel, "!index drop")
    assert (await database.index.status()).valid
    assert list(buttons_of(town.answer())) == ["Drop the index", "Keep it"]
    result = await moderator(town).click(town.answer(), label="Drop the index")
    assert "for the one who asked" in refused_privately(result)
    assert (await database.index.status()).valid

    await owner.click(town.answer(), label="Drop the index")
    assert (await database.index.status()).kind is None
    assert fields_of(town)["Index"] == "none: a search reads every picture"
    assert buttons_of(town.answer()) == {}
    # Slow, and still right.
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert embed_of(town.answers()[-1]).title == "Fern"
    await owner.send(town.channel, "!index build")
    assert (await database.index.status()).valid


async def test_keeping_it(town: Town, database: Database) -> None:
    owner = bots_owner(town)
    await owner.send(town.channel, "!index drop")
    await owner.click(town.answer(), label="Keep it")
    assert buttons_of(town.answer()) == {}
    assert (await database.index.status()).valid


@pytest.mark.parametrize("command", ["!index", "!index build", "!index rebuild", "!index drop"])
async def test_others_may_not(town: Town, command: str) -> None:
    for member in (town.alice, moderator(town)):
        await member.send(town.channel, command)
        assert refused(town) == "Only the bot's owner may do that."


async def test_no_slash_command_shows_it(town: Town) -> None:
    shown = bots_owner(town).available_commands(town.channel)
    assert not any("index" in name for name in shown)


async def test_it_works_in_private(town: Town) -> None:
    user = bots_owner(town).user
    await user.send_dm("!index")
    assert embed_of(town.answers(user.dm_channel)[-1]).title == "Search index"


class Refusing(SearchIndex):
    """An index in a database that has no extension, or that somebody else is building."""

    def __init__(self, real: SearchIndex, building: float | None) -> None:
        self._real = real
        self._building = building

    async def status(self) -> IndexStatus:
        return replace(await self._real.status(), building=self._building)

    async def statistics(self) -> IndexStatistics | None:
        return await self._real.statistics()

    async def build(self, kind: IndexKind | None = None, on_progress: object = None) -> IndexStatus:
        raise NotAllowedError("There is no index without the extension.")


@pytest.fixture
def building() -> float | None:
    """How far the build of somebody else is; ``None`` for none."""
    return None


@pytest.fixture
def refusing(services: Services, bot: WhereisBot, building: float | None) -> None:
    """The bot has an index that can't be built, from its start on."""
    bot.services = replace(services, index=Refusing(services.index, building))


@pytest.mark.usefixtures("refusing")
async def test_a_build_that_is_refused_leaves_no_bar_behind(town: Town) -> None:
    await bots_owner(town).send(town.channel, "!index build")
    assert refused(town) == "There is no index without the extension."
    assert town.answer().embeds == []


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize("building", [0.42])
async def test_one_build_at_a_time(town: Town) -> None:
    owner = bots_owner(town)
    await owner.send(town.channel, "!index build")
    assert "being built already (42%)" in refused(town)
    await owner.send(town.channel, "!index")
    assert (fields_of(town)["Being built"] or "").endswith(" 42%")


async def test_the_index_is_in_the_statement_about_the_bot(town: Town) -> None:
    text = told(await town.alice.slash(town.channel, "about"))
    assert "Search index\n" in text
