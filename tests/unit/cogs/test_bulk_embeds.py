"""What moderators read of bulk work, whatever others wrote."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import discord
import pytest

from bot.ingest import (
    Added,
    AddedMany,
    Addition,
    Collection,
    Failure,
    ImportReport,
    StoredPicture,
    Twins,
)
from bot.titles import PageName
from cogs.bulk import _embeds as embeds
from cogs.bulk._gather import Gathered, Posted, TitledBy
from cogs.targets import Target
from cogs.wording import undone
from db.records import Candidate, NewAppearance

NOW = datetime(2026, 1, 2, tzinfo=UTC)
OWN = Collection(1, "server-7", "server", 7, "https://en.wikipedia.org/wiki/{title}", None)
HOSTILE = "**x** [a](https://evil.example) @everyone <@&1>\u202e `c` ||s||\n# h\n" + "_" * 400
LONG = "\u732b" * 80
ROW = NewAppearance(1, 2, "a.png", "Fern")
ADD = Addition(1, "add", 1, 12, 5, "fern.png", "Fern", None, 99, NOW, None, purpose="merge")
REMOVE = replace(ADD, id=2, action="remove", image_id=7)
STORED = StoredPicture(12, "a.png", 2, ("Fern", "Moss"), NOW, 99, 7, 70, 700)
CANDIDATE = Candidate(12, 1, 1, 2, "a.png", 1, 0)


def posted(by: TitledBy) -> Posted:
    return Posted(Target("a.png", "https://x/a.png", None, "attachment"), PageName("A", None), by)


def gathered(*by: TitledBy, beyond: int = 0, nameless: int = 0) -> Gathered:
    return Gathered(tuple(map(posted, by)), beyond, nameless)


def fits(embed: discord.Embed) -> bool:
    """Whether Discord takes it, and nothing in it has an effect."""
    texts = [embed.description or "", *(field.value or "" for field in embed.fields)]
    assert len(embed.title or "") <= 256
    assert len(texts[0]) <= 4096
    assert all(0 < len(text) <= 1024 for text in texts[1:])
    assert not any("@everyone" in text or "](https://evil" in text for text in texts)
    return len(embed) <= 6000


def fields(embed: discord.Embed) -> dict[str, str]:
    return {field.name or "": field.value or "" for field in embed.fields}


def test_a_set_of_pictures_of_which_all_went_wrong_that_can() -> None:
    stored = [
        Added(replace(ROW, title=HOSTILE[:150], file=HOSTILE[:900]), number, number % 2 == 0)
        for number in range(100)
    ]
    failures = [Failure(HOSTILE, f"{HOSTILE} {number}") for number in range(40)]
    outcome = AddedMany(tuple(stored), tuple(failures))
    ways = gathered("given", "text", "file", "text", beyond=1, nameless=2)
    embed = embeds.added_many(outcome, ways, OWN, 7, "!")
    assert fits(embed)
    assert embed.title == "50 pictures added"
    shown = fields(embed)
    assert shown["Already there"] == "50 pictures for the same page"
    assert "more" in shown["Not added: 40"]
    assert shown["Left out"].startswith("1 picture beyond 4")
    assert "2 pictures that nothing names" in shown["Left out"]
    assert shown["Titles"].startswith("1 by the title that you gave · 2 by the text")


def test_reasons_are_put_together() -> None:
    failures = tuple(Failure(f"{name}.png", "It is empty.") for name in "abcde")
    embed = embeds.added_many(AddedMany((), failures), gathered("file"), OWN, 7, "!")
    assert embed.title == "Nothing added"
    assert fields(embed)["Not added: 5"] == "• a.png, b.png, c.png and 2 more: It is empty."
    assert embed.footer.text is None


def test_an_import() -> None:
    report = ImportReport(added=1, known=2)
    for number in range(30):
        report.skip(f"line {number}", f"{HOSTILE} {number % 12}")
    embed = embeds.imported(report, OWN, 7, "!")
    assert fits(embed)
    assert embed.title == "1 row added"
    assert fields(embed)["Already there"] == "2 rows"
    assert "more" in fields(embed)["Not added: 30"]


@pytest.mark.parametrize("title", [HOSTILE[:200], LONG])
def test_merged_and_renamed(title: str) -> None:
    lines = [replace(line, title=title) for line in (ADD, REMOVE) for _ in range(200)]
    assert fits(embeds.merged(lines, 7, 12, OWN, "!"))
    assert fits(embeds.renamed(lines, OWN, "!"))


def test_renamed_where_the_new_page_was_there_already() -> None:
    text = embeds.renamed([REMOVE], OWN, "!").description or ""
    assert text == "It was called [Fern](https://en.wikipedia.org/wiki/Fern).\n1 picture shows it."


@pytest.mark.parametrize("title", [HOSTILE[:200], LONG])
def test_a_pair(title: str) -> None:
    one = replace(STORED, titles=(title,) * 3, file=HOSTILE, page_count=9)
    found = Twins(one, replace(one, image_id=7), 4, 6, "close", 0.1, (CANDIDATE, CANDIDATE))
    embed = embeds.twins(found, 7, "#1 went into #2.")
    assert fits(embed)
    assert (embed.description or "").startswith("#1 went into #2.\n\nThey are very alike (4 of 64")
    assert "differ in 6 of 64" in (embed.description or "")
    assert "… and 6 more" in fields(embed)["#12"]
    assert "(https://discord.com/channels/7/70/700)" in fields(embed)["#7"]
    elsewhere = embeds.twins(replace(found, phash_distance=None), 8, None)
    assert "Where it was added" not in fields(elsewhere)["#7"]
    assert "second fingerprints" not in (elsewhere.description or "")


def test_the_end_of_a_review() -> None:
    did = Counter({"merged": 2, "skipped": 1})
    embed = embeds.reviewed(did, "#1 went into #2.", "!", finished=True)
    assert embed.description == (
        "#1 went into #2.\nThere is no further pair that looks alike.\n2 merged · 1 skipped"
    )
    assert "!undo" in (embed.footer.text or "")
    assert embeds.reviewed(Counter(), None, "!", finished=False).description == "You stopped here."


@pytest.mark.parametrize(
    ("lines", "heading", "told"),
    [
        ([ADD], "a merge", ["went from"]),
        ([REMOVE], "a merge", ["came back to"]),
        ([ADD, REMOVE], "a merge", ["went from", "came back to"]),
        ([replace(ADD, purpose="rename")], "a renaming", ["went from"]),
        ([replace(ADD, purpose="import")], "an import", ["went from"]),
        ([replace(ADD, purpose=None)], "an addition", ["went from"]),
        ([replace(REMOVE, purpose=None)], "a removal", ["came back to"]),
    ],
)
def test_what_was_taken_back(lines: list[Addition], heading: str, told: list[str]) -> None:
    embed = undone(lines, OWN, 7)
    assert fits(embed)
    assert embed.title == f"Undone: {heading}"
    assert [each for each in told if each in (embed.description or "")] == told


def test_thousands_of_lines_are_counted() -> None:
    for lines in ([ADD] * 5000, [ADD] * 5000 + [REMOVE] * 5000):
        embed = undone(lines, OWN, 7)
        assert fits(embed)
        text = embed.description or ""
        hidden = sum(int(more.replace(",", "")) for more in re.findall(r"and ([\d,]+) more", text))
        assert text.count("• ") + hidden == len(lines)
        assert "The step was taken by" in text
