"""``!exportimages``, ``!importimages`` and their slash commands."""

import csv
import gzip
import json
from io import StringIO

import discord
import pytest

from bot.ingest import MOST_BYTES
from cogs.bulk import _lists
from db.records import Actor, ExportRow, NewAppearance
from tests.acceptance.staff import (
    description,
    moderator,
    other_town,
    refused,
    told,
)
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png


async def rows_of(library: Library, town: Town) -> list[ExportRow]:
    own = await library.server(town.guild.id)
    return list(await library.database.curation.rows(own.id))


def identities(rows: list[ExportRow]) -> list[tuple[object, ...]]:
    return [(r.dhash, r.phash, r.look, r.file, r.title, r.url) for r in rows]


async def fill(library: Library, town: Town) -> None:
    """Three pictures, one on two pages, with names that mean harm to spreadsheets."""
    own = await library.server(town.guild.id)
    await library.add(png(1), "Fern", "=1+1", to=own, file="@SUM(A1).png", look=True)
    await library.add(png(2), "Moss", to=own, phash=False, url="https://example.org/?a=%22,b")
    await library.add(png(3), "'s-Hertogenbosch", to=own, file='a"b,c.png', look=True)


async def sent(message: discord.Message) -> tuple[str, bytes]:
    """The one file of a message."""
    (file,) = message.attachments
    return file.filename, await file.read()


async def test_as_csv(town: Town, library: Library) -> None:
    await fill(library, town)
    await moderator(town).send(town.channel, "!exportimages")
    assert description(town) == "3 pictures of this server's own pictures."
    name, data = await sent(town.answer())
    assert name.startswith("pictures-")
    assert name.endswith(".csv")
    rows = list(csv.DictReader(StringIO(data.decode())))
    assert [row["title"] for row in rows] == ["Fern", "'=1+1", "Moss", "'s-Hertogenbosch"]
    assert rows[0]["file"] == "'@SUM(A1).png"
    assert rows[2]["look"] == rows[2]["phash"] == ""


async def test_as_json_lines(town: Town, library: Library) -> None:
    await fill(library, town)
    await moderator(town).send(town.channel, "!exportimages JSON")
    name, data = await sent(town.answer())
    assert name.endswith(".jsonl")
    rows = [json.loads(line) for line in data.decode().splitlines()]
    assert [row["title"] for row in rows] == ["Fern", "=1+1", "Moss", "'s-Hertogenbosch"]


async def test_another_servers_pictures_are_not_in_it(town: Town, library: Library) -> None:
    elsewhere = other_town(town)
    await fill(library, town)
    await library.add(png(4), "Theirs", to=await library.server(elsewhere.guild.id))
    await elsewhere.alice.send(elsewhere.channel, "!exportimages")
    _, data = await sent(elsewhere.answer())
    assert [row["title"] for row in csv.DictReader(StringIO(data.decode()))] == ["Theirs"]


async def test_what_does_not_fit_is_packed_or_refused(
    town: Town, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(library, town)
    mod = moderator(town)
    monkeypatch.setattr(_lists, "MOST_SENT", 700)
    await mod.send(town.channel, "!exportimages")
    assert "packed with gzip" in description(town)
    name, data = await sent(town.answer())
    assert name.endswith(".csv.gz")
    assert len(gzip.decompress(data).splitlines()) == 5
    monkeypatch.setattr(_lists, "MOST_SENT", 100)
    await mod.send(town.channel, "!exportimages")
    assert f"whereis-bot export server-{town.guild.id}" in refused(town)


async def test_nothing_to_export(town: Town) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!exportimages")
    assert "no picture to export" in refused(town)
    await mod.send(town.channel, "!exportimages xml")
    assert "`csv` or `json`" in refused(town)


async def test_where_no_file_may_be_attached(town: Town, library: Library) -> None:
    await fill(library, town)
    bare = discord.PermissionOverwrite(attach_files=False)
    channel = town.guild.create_text_channel("bare", overwrites={town.guild.default_role: bare})
    mod = moderator(town)
    await mod.send(channel, "!exportimages")
    assert "Attach Files" in refused(town, channel)
    result = await mod.slash(channel, "image export", format="json")
    assert "Here is the list" in told(result)


@pytest.mark.parametrize("form", ["csv", "json"])
async def test_there_and_back(town: Town, library: Library, form: str) -> None:
    await fill(library, town)
    before = identities(await rows_of(library, town))
    mod = moderator(town)
    await mod.send(town.channel, f"!exportimages {form}")
    name, data = await sent(town.answers()[-1])
    for line in await rows_of(library, town):
        own = await library.server(town.guild.id)
        if await library.database.store.image(line.image_id, [own.id]):
            await library.database.store.remove(own.id, line.image_id, Actor(None))
    assert await rows_of(library, town) == []
    await mod.send(town.channel, "!importimages", attachments=[(name, data)])
    assert embed_of(town.answers()[-1]).title == "4 rows added"
    assert identities(await rows_of(library, town)) == before
    # Another server that is given the file has pictures of its own from it.
    elsewhere = other_town(town)
    await elsewhere.alice.send(elsewhere.channel, "!importimages", attachments=[(name, data)])
    assert identities(await rows_of(library, elsewhere)) == before
    # And they are found.
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(3))])
    assert embed_of(town.answers()[-1]).title == "'s-Hertogenbosch"


async def test_one_undo_takes_an_import_back(town: Town, library: Library) -> None:
    rows = "".join(f"Page {number},{number}\n" for number in range(150))
    mod = moderator(town)
    file = ("list.csv", f"title,dhash\n{rows}".encode())
    await mod.send(town.channel, "!importimages", attachments=[file])
    assert len(await rows_of(library, town)) == 150
    await mod.send(town.channel, "!history 3")
    assert "from a list by" in description(town)
    await mod.click(town.answers()[0], label="Undo")
    assert embed_of(town.answers()[0]).title == "Undone: an import"
    assert " more\nThe step was taken" in (embed_of(town.answers()[0]).description or "")
    assert await rows_of(library, town) == []


async def test_what_can_not_be_used_is_counted(town: Town, library: Library) -> None:
    lines = ["title,dhash", "A,1", "A,1", "B,x", "C,y", "D,z", "E,1.5", ",7", "F,8,9"]
    mod = moderator(town)
    result = await mod.slash(
        town.channel, "image import", file=("list.csv", "\n".join(lines).encode())
    )
    said = told(result)
    assert "1 row added" in said
    assert "Already there\n1 row" in said
    assert "Not added: 6" in said
    assert "no whole number of 64 bits: 4 (line 4, line 5, line 6, …)" in said
    assert "• there is no title: 1 (line 8)" in said
    (row,) = await rows_of(library, town)
    assert (row.title, row.dhash) == ("A", 1)
    assert "Undo" in buttons_of(town.answers()[-1])


async def test_a_file_that_is_no_list(town: Town, library: Library) -> None:
    mod = moderator(town)
    for data, sentence in (
        (png(1), "no text in UTF-8 (line 1)"),
        (b"a,b\n1,2\n", "names its columns"),
        (gzip.compress(b"\0" * (MOST_BYTES + 1)), "larger than 8 MB"),
    ):
        await mod.send(town.channel, "!importimages", attachments=[("list.csv", data)])
        assert sentence in refused(town)
    own = await library.server(town.guild.id)
    assert await library.database.store.additions(own.id) == ()


async def test_a_file_that_is_too_large_is_not_read(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_lists, "MOST_BYTES", 10)
    mod = moderator(town)
    await mod.send(town.channel, "!importimages", attachments=[("a.csv", b"title,dhash\nA,1\n")])
    assert "I read lists up to 10 bytes" in refused(town)


async def test_a_collection_does_not_grow_without_end(
    town: Town, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ingest.curation.MOST_STORED", 4)
    await fill(library, town)
    file = ("a.csv", b"title,dhash\nA,1\nB,2\n")
    await moderator(town).send(town.channel, "!importimages", attachments=[file])
    assert "bring them to 4 at most" in refused(town)
    assert len(await rows_of(library, town)) == 4


async def test_what_makes_no_sense(town: Town) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!importimages")
    assert "Attach one file" in refused(town)
    files = [("a.csv", b"title,dhash\nA,1\n"), ("b.csv", b"title,dhash\nA,1\n")]
    await mod.send(town.channel, "!importimages", attachments=files)
    assert "Attach one file" in refused(town)
    await mod.send(town.channel, "!importimages Fern", attachments=files[:1])
    assert "write nothing behind" in refused(town)


async def test_an_export_reads_on_where_the_last_page_ended(
    town: Town, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ingest.curation.ROWS", 3)
    own = await library.server(town.guild.id)
    new = [NewAppearance(n // 2, 1, None, f"Page {n}") for n in range(9)]
    await library.database.store.add_many(own.id, new)
    await moderator(town).send(town.channel, "!exportimages")
    _, data = await sent(town.answer())
    titles = [row["title"] for row in csv.DictReader(StringIO(data.decode()))]
    assert titles == [f"Page {n}" for n in range(9)]
