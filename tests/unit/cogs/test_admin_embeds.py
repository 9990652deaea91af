"""What moderators read, whatever others wrote."""

from dataclasses import replace
from datetime import UTC, datetime

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.images import Fingerprint
from bot.ingest import (
    Addition,
    AddOutcome,
    Collection,
    IndexStatistics,
    IndexStatus,
    ListedImage,
)
from bot.search import Match, Page
from cogs.admin import _embeds as embeds
from cogs.text import BAR, bar, fit
from cogs.wording import undone

NOW = datetime(2025, 1, 2, tzinfo=UTC)
OWN = Collection(1, "server-7", "server", 7, "https://en.wikipedia.org/wiki/{title}", None)
WIKI = Collection(2, "enwiki", "wiki", None, "https://en.wikipedia.org/wiki/{title}", None)
PRINT = Fingerprint(1, 2, 1024, 768, "JPEG", plain=False, look=bytes(45))
LINE = Addition(1, "add", 1, 12, 5, "fern.png", "Barnsley_fern", None, 99, NOW, None)
STATUS = IndexStatus(
    operators="extension",
    extension_version="2.1",
    extension_available="2.1",
    kind="hamming",
    valid=True,
    size_bytes=5 * 1024 * 1024,
    images=1234567,
    building=None,
    offered=("hamming", "bktree"),
    leftovers=0,
    shared_buffers=1024 * 1024 * 1024,
)
INSIDE = IndexStatistics(
    pages=2400,
    leaf_pages=2300,
    summary_pages=60,
    free_pages=3,
    items=1234500,
    groups=20000,
    fill=0.93,
    tail_share=0.034,
    dead_items=1200,
)
HOSTILE = (
    "**x** [a](https://evil.example) @everyone <@&1>\u202e\u2066 `c` ||s||\n# h\n" + "_" * 4000
)


def match(number: int = 3, distance: int = 2, title: str = "Fern") -> Match:
    page = Page(1, title, "https://en.wikipedia.org/wiki/Fern")
    return Match(number, "enwiki", None, None, distance, 4, "exact", 1, (page,))


def outcome(*near: Match, new: bool = True, file: str | None = "fern.png") -> AddOutcome:
    return AddOutcome(12, file, PRINT, new, near)


def listed(number: int, *titles: str, file: str | None = None) -> ListedImage:
    return ListedImage(number, file, len(titles), titles[:3], NOW, None)


def shown(embed: discord.Embed) -> str:
    parts = [embed.title or "", embed.description or "", embed.footer.text or ""]
    return "\n".join(parts + [f"{field.name}\n{field.value}" for field in embed.fields])


def fits(embed: discord.Embed) -> bool:
    return (
        len(embed) <= 6000
        and len(embed.title or "") <= 256
        and len(embed.description or "") <= 4096
        and all(len(f.name or "") <= 256 and 0 < len(f.value or "") <= 1024 for f in embed.fields)
    )


def test_an_addition_tells_what_and_where() -> None:
    embed = embeds.added("Barnsley_fern", None, [outcome()], OWN, 7, "!")
    text = shown(embed)
    assert embed.title == "Picture added"
    assert "[Barnsley fern](https://en.wikipedia.org/wiki/Barnsley_fern)" in text
    assert "**#12** · fern.png · JPEG · 1,024 × 768 pixels" in text
    assert "this server's own pictures" in text
    assert "!undo" in text


def test_the_own_collection_is_called_by_its_name_elsewhere() -> None:
    text = shown(embeds.added("Fern", None, [outcome()], OWN, None, "!"))
    assert "the collection server-7" in text


def test_near_pictures_are_named_with_words_and_bits() -> None:
    near = [match(3, 0), replace(match(4, 1), confidence="close"), match(5, 2), match(6), match(7)]
    embed = embeds.added("Fern", None, [outcome(*near)], OWN, 7, "!")
    (field,) = embed.fields
    assert field.name == "⚠ Looks like"
    assert field.value == (
        "**#3** [Fern](https://en.wikipedia.org/wiki/Fern) – almost certainly the same picture "
        "(no bit differs) in enwiki\n"
        "**#4** [Fern](https://en.wikipedia.org/wiki/Fern) – very alike (1 of 64 bit differs) "
        "in enwiki\n"
        "**#5** [Fern](https://en.wikipedia.org/wiki/Fern) – almost certainly the same picture "
        "(2 of 64 bits differ) in enwiki\n"
        "and 2 more"
    )


def test_nothing_new_is_no_addition() -> None:
    embed = embeds.added("Fern", None, [outcome(new=False)], OWN, 7, "!")
    assert embed.title == "Already there"
    assert embed.footer.text is None
    assert "Nothing has changed" in shown(embed)


def test_an_undone_addition_went_and_an_undone_removal_came_back() -> None:
    went = shown(undone([LINE], OWN, 7))
    came = shown(undone([replace(LINE, action="remove")], OWN, 7))
    assert "These went from this server's own pictures" in went
    assert "These came back to this server's own pictures" in came
    for text in (went, came):
        assert "• **#12** · fern.png on [Barnsley fern](" in text
        assert "<@99>" in text


def test_the_operator_is_nobody_on_discord() -> None:
    assert "the operator" in shown(undone([replace(LINE, user_id=None)], OWN, 7))


def test_a_long_removal_leaves_out_whole_lines_and_counts_them() -> None:
    lines = [replace(LINE, id=n, title=f"Page_{n}_" + "x" * 60) for n in range(300)]
    embed = embeds.removed(lines, OWN, 7, "!")
    text = embed.description or ""
    assert "these 300 pages" in text
    assert text.endswith("Gone from this server's own pictures.")
    told = sum(line.startswith("•") for line in text.splitlines())
    assert f"… and {300 - told} more lines" in text
    assert fits(embed)


def test_a_list_page() -> None:
    images = [listed(9, "A_fern", "B", "C", file="f_g.png"), listed(8, "D")]
    images[0] = replace(images[0], page_count=1003, added_by=5)
    embed = embeds.listing(images, OWN, 7, search="fern", page=2, total=1234, prefix="!")
    text = shown(embed)
    assert "**#9** A fern, B, C and 1,000 more · f\\_g.png" in text
    assert "added by <@5>" in text
    assert "added by the operator" in text
    assert (
        embed.footer.text == "Page 2 · searched for “fern” · 1,234 pictures in all · newest first"
    )


def test_a_page_of_the_history() -> None:
    undone = replace(LINE, id=2, action="remove", user_id=None, undone_at=NOW, undone_by=7)
    embed = embeds.history([undone, LINE], OWN, 7, page=3)
    assert embed.title == "What was done to this server's own pictures"
    assert embed.footer.text == "Page 3 · newest first"
    when = f"<t:{int(NOW.timestamp())}:R>"
    assert (embed.description or "").splitlines() == [
        "**Removed** **#12** · fern.png from Barnsley fern",
        f"\u2003by the operator {when} · **undone** by <@7> {when}",
        "**Added** **#12** · fern.png to Barnsley fern",
        f"\u2003by <@99> {when}",
    ]


def test_an_empty_list_says_how_to_fill_it() -> None:
    nothing = embeds.listing([], OWN, 7, search=None, page=1, total=0, prefix="?")
    assert "?addimage" in (nothing.description or "")
    none_found = embeds.listing([], OWN, 7, search="x*", page=1, total=3, prefix="?")
    assert none_found.description == "There is none with “x\\*”."


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (STATUS, "hamming, in use"),
        (replace(STATUS, kind="bktree"), "bktree, in use"),
        (replace(STATUS, kind="bktree"), "`!index build hamming` puts it in the place"),
        (STATUS, "fits into the server's 1024 MB"),
        (replace(STATUS, size_bytes=900 * 1024 * 1024), "1280 MB would do"),
        (STATUS, "hamming, bktree"),
        (replace(STATUS, leftovers=1), "`!index build hamming` clears up."),
        (STATUS, "5 MB"),
        (STATUS, "1,234,567"),
        (STATUS, "from the extension bktree 2.1"),
        (replace(STATUS, valid=False), "not usable"),
        (replace(STATUS, kind=None, valid=False, size_bytes=0), "a search reads every picture"),
        (replace(STATUS, kind=None, valid=False), "`!index build` makes it."),
        (replace(STATUS, operators="standin", extension_version=None), "stand-in"),
        (replace(STATUS, building=0.5), "`██████████░░░░░░░░░░` 50%"),
    ],
)
def test_the_state_of_the_index(status: IndexStatus, says: str) -> None:
    assert says in shown(embeds.index_status(status, "!"))


def test_a_change_that_is_under_way_is_no_leftover() -> None:
    status = replace(STATUS, leftovers=1, building=0.5)
    assert "left another" not in shown(embeds.index_status(status, "!"))


def test_what_is_in_the_index() -> None:
    text = shown(embeds.index_status(STATUS, "!", INSIDE))
    assert (
        "1,234,500 hashes on 2,300 of 2,400 pages, which are 93% full; 60 of summaries, 3 free"
        in text
    )
    assert "3.4% of them are on pages that changed since the build" in text
    assert "1,200 of deleted pictures" in text
    fresh = replace(INSIDE, tail_share=0, dead_items=0, free_pages=0)
    assert "\nIn it\n1,234,500 hashes" in shown(embeds.index_status(STATUS, "!", fresh))
    assert len(fresh.lines()) == 1


@pytest.mark.parametrize(("part", "shows"), [(-1, "0%"), (0, "0%"), (0.5, "50%"), (2, "100%")])
def test_a_bar(part: float, shows: str) -> None:
    assert bar(part).endswith(f" {shows}")
    assert bar(part).count("█") + bar(part).count("░") == BAR


@pytest.mark.parametrize("text", [HOSTILE, "[" * 4000, "\u202e" * 4000, "@everyone " * 400])
def test_hostile_words_fit_and_do_nothing(text: str) -> None:
    near = [replace(match(title=text), collection=text, file=text)] * 30
    line = replace(LINE, title=text, file=text, url=f"https://example.org/{text[:50]}")
    collection = replace(WIKI, name=text)
    all_of_them = [
        embeds.added(text, None, [outcome(*near, file=text)] * 5, collection, 7, "!"),
        embeds.removed([line] * 200, collection, 7, "!"),
        undone([line] * 200, collection, 7),
        embeds.several(near[:25]),
        embeds.history([replace(line, undone_at=NOW, undone_by=2**63)] * 10, collection, 7, page=1),
        embeds.listing(
            [listed(n, text, text, text, file=text) for n in range(10)],
            collection,
            7,
            search=text[:100],
            page=1,
            total=10,
            prefix="!",
        ),
    ]
    for embed in all_of_them:
        assert fits(embed)
        # A footer is plain text, in which nothing takes effect.
        read = shown(embed.copy().remove_footer())
        assert "@everyone" not in read
        assert "](https://evil.example)" not in read
        said = shown(embed)
        assert "\u202e" not in said
        assert "\u2066" not in said


@given(
    st.lists(st.text(alphabet="ab ", max_size=60), min_size=1, max_size=40), st.integers(200, 400)
)
def test_lines_fit(lines: list[str], limit: int) -> None:
    text = fit(lines, limit)
    assert len(text) <= limit
    whole = "\n".join(lines)
    assert text == whole if len(whole) <= limit else text.endswith(lines[-1])
