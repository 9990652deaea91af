"""What the bot says of itself."""

from dataclasses import replace
from datetime import date

import pytest

from bot.errors import RequestError
from bot.ingest import Collection, CollectionStats, IndexStatus
from cogs.info import Entry, about, details, find, overview, paragraphs, statistics

ADD = Entry(
    "addimage",
    "Own pictures",
    "Add a picture",
    "Add pictures of one page.",
    "addimage <page>",
    ("add",),
    "image add",
    ("addimage Fern",),
)
HELP = Entry("help", "About the bot", "Help", "Show help.", "help [command]", (), "help", ())
REBUILD = ("index rebuild",)
BUILD = Entry(
    "index build", "Owner", "Build", "Build it.", "index build", ("index rebuild",), None, ()
)
ALL = (ADD, HELP, BUILD)
WIKI = Collection(1, "enwiki", "wiki", None, "https://en.wikipedia.org/wiki/{title}", None)
OWN = replace(WIKI, id=2, name="server-7", kind="server", guild_id=7)
STATUS = IndexStatus(
    operators="extension",
    extension_version="2.1",
    extension_available="2.1",
    kind="hamming",
    valid=True,
    size_bytes=3 * 1024 * 1024,
    images=1234,
    building=None,
    offered=("hamming", "bktree"),
    leftovers=0,
    shared_buffers=128 * 1024 * 1024,
)


def test_the_overview_groups_the_commands() -> None:
    embed = overview(ALL, "?")
    assert [field.name for field in embed.fields] == ["Own pictures", "About the bot", "Owner"]
    assert embed.fields[0].value == "`?addimage <page>` · `/image add`\n\u2003Add a picture"
    assert "Search image" in (embed.description or "")


def test_the_details_show_usage_examples_and_other_names() -> None:
    embed = details(ADD, "?")
    fields = {field.name: field.value for field in embed.fields}
    assert embed.title == "?addimage"
    assert embed.description == "Add pictures of one page."
    assert fields == {
        "How to write it": "`?addimage <page>`",
        "Examples": "`?addimage Fern`",
        "As a slash command": "`/image add`",
        "Also": "`?add`",
    }


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("addimage", ADD),
        ("!addimage", ADD),
        ("AddImage", ADD),
        ("add", ADD),
        ("/image add", ADD),
        ("image  add", ADD),
        ("index rebuild", BUILD),
    ],
)
def test_a_command_is_found_however_it_is_written(name: str, entry: Entry) -> None:
    assert find(ALL, name, "!") is entry


def test_a_typo_gets_a_hint() -> None:
    with pytest.raises(RequestError, match=r"Did you mean `!addimage`\?"):
        find(ALL, "addimgae", "!")


@pytest.mark.parametrize("name", ["", "nothing like it", "**@everyone**" * 300])
def test_what_is_no_command_is_said_so(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        find(ALL, name, "!")
    assert "There is no command" in caught.value.sentence
    assert "@everyone" not in caught.value.sentence
    assert len(caught.value.sentence) < 400


def test_statistics_tell_of_each_collection() -> None:
    lines = [
        CollectionStats(replace(WIKI, as_of=date(2025, 3, 1)), 1234567, 89, 2000000),
        CollectionStats(OWN, 1, 1, 1),
    ]
    embed = statistics(lines, "!")
    assert embed.description == "1,234,568 pictures in 2 collections."
    assert [(field.name, field.value) for field in embed.fields] == [
        ("enwiki", "1,234,567 pictures on 89 pages · 2,000,000 appearances · as of 1 March 2025"),
        ("This server's own pictures", "1 picture on 1 page · 1 appearance"),
    ]


def test_statistics_of_nothing_say_what_to_do() -> None:
    assert "!help addimage" in (statistics([], "!").description or "")


def test_many_collections_fit() -> None:
    lines = [
        CollectionStats(replace(WIKI, name="*" * 300, as_of=date(2025, 3, 1)), 10**9, 10**9, 10**9)
        for _ in range(60)
    ]
    embed = statistics(lines, "!")
    assert len(embed.fields) == 20
    assert len(embed) <= 6000
    assert embed.footer.text == "and 40 more collections"


def test_about() -> None:
    fields = {f.name: f.value for f in about("1.2", STATUS, 0.0421, "https://discord/x").fields}
    assert fields == {
        "Version": "1.2",
        "To Discord and back": "42 ms",
        "Pictures": "1,234",
        "Search index": "3 MB",
        "For your server": "[Invite me](https://discord/x)",
    }


@pytest.mark.parametrize("latency", [float("nan"), float("inf")])
def test_about_before_the_first_heartbeat(latency: float) -> None:
    names = [field.name for field in about("1.2", STATUS, latency, None).fields]
    assert names == ["Version", "Pictures", "Search index"]


def test_paragraphs() -> None:
    assert paragraphs("One\ntwo.\n\nThree\n  four.") == "One two.\n\nThree four."
