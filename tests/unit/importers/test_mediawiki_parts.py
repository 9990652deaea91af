"""The small parts of the wiki's client and source: what is said, waited for and remembered."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.errors import ConfigurationError, RequestError
from bot.importers.mediawiki.cursor import Cursor, read_cursor
from bot.importers.mediawiki.titles import read_titles
from bot.net.mediawiki import UnusableWikiError, parse_api_url
from bot.net.mediawiki.agent import is_wikimedia, user_agent
from bot.net.mediawiki.answers import printable
from bot.net.mediawiki.client import moved_to
from bot.net.mediawiki.waiting import BusyError, in_words, retry_after, seconds_before
from bot.titles import canonical_title

DATE = "Fri, 01 May 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 5 "}, 5),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "5.5"}, 0),
        ({"Retry-After": "٥"}, 0),
        ({"Retry-After": "9" * 5000}, 999_999_999),
        ({"Retry-After": "later"}, 0),
        ({"Retry-After": "Fri, 01 May 2026 12:01:30 GMT", "Date": DATE}, 90),
        ({"Retry-After": "Fri, 01 May 2026 12:01:30 -0000", "Date": DATE}, 90),
        ({"Retry-After": "Fri, 01 May 2026 11:00:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Fri, 99 May 2026 11:00:00 GMT", "Date": DATE}, 0),
    ],
)
def test_what_retry_after_asks_for(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize("date", [{}, {"Date": "yesterday"}])
def test_a_date_is_held_against_our_clock_where_the_server_tells_none(date: dict[str, str]) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    assert 280 < retry_after({"Retry-After": until, **date}) <= 300


@given(st.text())
def test_no_retry_after_breaks_it(value: str) -> None:
    assert retry_after({"Retry-After": value}) >= 0


def test_pauses_double_up_to_a_minute_and_are_never_shorter_than_asked() -> None:
    assert [seconds_before(tried, BusyError("")) for tried in (1, 2, 3, 7, 50)] == [1, 2, 4, 60, 60]
    assert seconds_before(1, BusyError("", pause=7)) == 7
    assert seconds_before(6, BusyError("", pause=7)) == 32


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 seconds"), (180, "3 minutes"), (7200, "2 hours")]
)
def test_pauses_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    "contact",
    ["me@example.org", "https://example.org/me", "mailto:me@example.org", " me@example.org "],
)
def test_who_asks_is_said(contact: str) -> None:
    agent = user_agent(contact)
    assert agent.startswith("whereis-bot/")
    assert agent.endswith(f" ({contact.strip()})")


@pytest.mark.parametrize("contact", [None, "", "  "])
def test_that_nobody_is_named_is_said(contact: str | None) -> None:
    assert user_agent(contact).endswith(" (no contact given)")


@pytest.mark.parametrize(
    "contact",
    ["me", "me@example.org\r\nCookie: a", "me@example.org) x (", "mé@example.org", "a.b" * 999],
)
def test_no_contact_is_refused(contact: str) -> None:
    with pytest.raises(ConfigurationError, match="WHEREIS_CONTACT"):
        user_agent(contact)


def test_which_hosts_are_wikimedias() -> None:
    for host in ("en.wikipedia.org", "EN.Wikipedia.org.", "wikimedia.org", "upload.wikimedia.org"):
        assert is_wikimedia(host)
    for host in ("wikipedia.org.example", "notwikipedia.org", "wiki.example.org", "localhost", ""):
        assert not is_wikimedia(host)


def test_addresses_of_apis() -> None:
    url = parse_api_url(" https://en.wikipedia.org/w/api.php ")
    assert str(url) == "https://en.wikipedia.org/w/api.php"
    for text in (
        "en.wikipedia.org",
        "ftp://example.org/api.php",
        "https://",
        "https://example.org:port/api.php",
        "https://me:secret@example.org/api.php",
        "https://example.org/api.php?action=query",
        "https://example.org/api.php#top",
        "",
    ):
        with pytest.raises(ConfigurationError):
            parse_api_url(text)


def test_where_an_api_may_move() -> None:
    old = URL("http://wiki.example/w/api.php")
    new = URL("https://wiki.example/w/api.php")
    assert moved_to(old, "https://wiki.example/w/api.php?a=b#c") == new
    assert moved_to(old, "/api.php") == URL("http://wiki.example/api.php")
    for start, target in (
        (new, "http://wiki.example/w/api.php"),
        (old, "https://other.example/w/api.php"),
        (old, "file:///w/api.php"),
        (old, "ftp://wiki.example/w/api.php"),
    ):
        with pytest.raises(UnusableWikiError):
            moved_to(start, target)


def test_what_a_wiki_says_is_one_short_line() -> None:
    assert printable("a\x1b[2J\n b\u202e c") == "a [2J b c"
    assert len(printable("x" * 10_000)) == 301


COUNTS = st.integers(0, 2**40)
CURSORS = st.builds(
    Cursor,
    continued=st.dictionaries(st.text(), st.text(), max_size=3),
    size=COUNTS,
    pages=COUNTS,
    line=COUNTS,
    after=st.tuples(COUNTS, st.text()),
)


@given(CURSORS)
def test_a_place_survives_json(cursor: Cursor) -> None:
    assert cursor.after is not None
    assert read_cursor(json.loads(json.dumps(cursor.position(cursor.after)))) == cursor


LINES = st.lists(
    st.one_of(
        st.text(alphabet="ab _é|#\t", max_size=12).map(str.encode),
        st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")),
        st.just(b"x" * 20_000),
    ),
    max_size=30,
)


@given(lines=LINES, size=st.integers(1, 7), ends=st.booleans())
def test_titles_in_batches_are_those_of_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, ends: bool
) -> None:
    path = tmp_path_factory.mktemp("titles") / "titles.txt"
    path.write_bytes(b"\n".join(lines) + (b"\n" if ends else b""))
    found: list[str] = []
    place = 0
    while (batch := read_titles(path, place, size)).end != place:
        assert len(batch.titles) <= size
        found += batch.titles
        place = batch.end
    assert place == path.stat().st_size
    assert list(dict.fromkeys(found)) == list(dict.fromkeys(_obvious(lines)))


def _obvious(lines: list[bytes]) -> list[str]:
    titles: list[str] = []
    for number, line in enumerate(lines):
        try:
            text = (line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line).decode().strip()
            if text and not text.startswith("#") and "|" not in text:
                titles.append(canonical_title(text))
        except (UnicodeDecodeError, RequestError):
            continue
    return titles


def test_a_mark_at_the_start_of_the_file_is_no_part_of_a_title(tmp_path: Path) -> None:
    path = tmp_path / "titles.txt"
    path.write_bytes(b"\xef\xbb\xbf# remark\r\nA b\r\n")
    assert read_titles(path, 0, 50).titles == ("A_b",)
