import unicodedata
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.errors import RequestError
from bot.titles import canonical_title, display_title, page_url, parse_page

ENGLISH = "https://en.wikipedia.org/wiki/{title}"
BY_QUERY = "https://wiki.example/index.php?title={title}&uselang=en"
SUFFIXED = "http://example.org:8080/w/{title}.html"


@pytest.mark.parametrize(
    ("title", "url"),
    [
        ("Mount_Everest", "https://en.wikipedia.org/wiki/Mount_Everest"),
        ("Mount Everest", "https://en.wikipedia.org/wiki/Mount_Everest"),
        ("Pi_(letter)", "https://en.wikipedia.org/wiki/Pi_(letter)"),
        ("Schrödinger's_cat", "https://en.wikipedia.org/wiki/Schr%C3%B6dinger's_cat"),
        ("AC/DC", "https://en.wikipedia.org/wiki/AC/DC"),
        ("File:A,_b.jpg", "https://en.wikipedia.org/wiki/File:A,_b.jpg"),
        ("Who?", "https://en.wikipedia.org/wiki/Who%3F"),
        ("100%_#1", "https://en.wikipedia.org/wiki/100%25_%231"),
        ("R&B", "https://en.wikipedia.org/wiki/R%26B"),
        ("C++", "https://en.wikipedia.org/wiki/C%2B%2B"),
        ('"x"<y>', "https://en.wikipedia.org/wiki/%22x%22%3Cy%3E"),
        ("富士山", "https://en.wikipedia.org/wiki/%E5%AF%8C%E5%A3%AB%E5%B1%B1"),
        ("{title}", "https://en.wikipedia.org/wiki/%7Btitle%7D"),
    ],
)
def test_the_link_of_a_title(title: str, url: str) -> None:
    assert page_url(ENGLISH, title) == url


def test_a_title_as_people_write_it() -> None:
    assert display_title("Pi_(letter)") == "Pi (letter)"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Mount Everest", "Mount_Everest"),
        ("  Mount   Everest_", "Mount_Everest"),
        ("Mount\u00a0Everest", "Mount_Everest"),
        ("Cafe\u0301", "Café"),
        ("\u202eevil\u202c \u200btitle\ufeff", "evil_title"),
        ("Talk:AC/DC", "Talk:AC/DC"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("example.org", "example.org"),
        ("<Mount Everest>", "Mount_Everest"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("a" * 255, "a" * 255),
    ],
)
def test_a_typed_title(text: str, title: str) -> None:
    assert parse_page(text, ENGLISH) == (title, None)


@pytest.mark.parametrize(
    ("text", "template", "title"),
    [
        ("https://en.wikipedia.org/wiki/Mount_Everest", ENGLISH, "Mount_Everest"),
        ("<https://en.wikipedia.org/wiki/Mount_Everest>", ENGLISH, "Mount_Everest"),
        ("http://EN.wikipedia.org/wiki/Mount_Everest", ENGLISH, "Mount_Everest"),
        ("https://en.wikipedia.org:443/wiki/Mount_Everest", ENGLISH, "Mount_Everest"),
        ("https://en.m.wikipedia.org/wiki/Mount_Everest", ENGLISH, "Mount_Everest"),
        ("https://en.wikipedia.org/wiki/Mount_Everest#Geology", ENGLISH, "Mount_Everest"),
        ("https://en.wikipedia.org/wiki/A#/media/File:B.jpg", ENGLISH, "A"),
        ("https://en.wikipedia.org/wiki/Mount_Everest?oldid=1", ENGLISH, "Mount_Everest"),
        ("https://en.wikipedia.org/wiki/Mount%20Everest", ENGLISH, "Mount_Everest"),
        ("https://en.wikipedia.org/wiki/C%2B%2B", ENGLISH, "C++"),
        ("https://en.wikipedia.org/wiki/AC/DC", ENGLISH, "AC/DC"),
        ("https://en.wikipedia.org/wiki/富士山", ENGLISH, "富士山"),
        ("https://en.wikipedia.org/w/index.php?title=R%26B&action=edit", ENGLISH, "R&B"),
        ("https://en.wikipedia.org/w/index.php?title=Mount+Everest", ENGLISH, "Mount_Everest"),
        ("https://en.m.wikipedia.org/w/index.php?title=Who%3F", ENGLISH, "Who?"),
        ("https://wiki.example/index.php?title=A_b&uselang=de", BY_QUERY, "A_b"),
        ("https://wiki.example/index.php?uselang=de&title=A_b", BY_QUERY, "A_b"),
        ("https://m.wiki.example/index.php?title=A_b", BY_QUERY, "A_b"),
        ("http://example.org:8080/w/A_b.html", SUFFIXED, "A_b"),
    ],
)
def test_a_link_of_the_wiki(text: str, template: str, title: str) -> None:
    assert parse_page(text, template) == (title, None)


@pytest.mark.parametrize(
    ("text", "title", "url"),
    [
        (
            "https://de.wikipedia.org/wiki/Z%C3%BCrich",
            "Zürich",
            "https://de.wikipedia.org/wiki/Z%C3%BCrich",
        ),
        ("https://example.org/", "example.org", "https://example.org/"),
        ("https://example.org", "example.org", "https://example.org"),
        ("https://example.org/a/b-c/", "b-c", "https://example.org/a/b-c/"),
        ("https://example.org/ä?q=ö#ü", "ä", "https://example.org/%C3%A4?q=%C3%B6#%C3%BC"),
        ("https://bücher.example/x", "x", "https://xn--bcher-kva.example/x"),
        ("https://example.org:8443/x", "x", "https://example.org:8443/x"),
        ("https://[2606:4700::1]/x", "x", "https://[2606:4700::1]/x"),
        ("https://a_b.example./x", "x", "https://a_b.example./x"),
        ("https://example.org/%FF", "example.org", "https://example.org/%FF"),
        ("https://example.org/%0A", "example.org", "https://example.org/%0A"),
        ("https://example.org/" + "a" * 300, "example.org", "https://example.org/" + "a" * 300),
        ("http://example.org:8080/w/.html", ".html", "http://example.org:8080/w/.html"),
        ("https://en.wikipedia.org.evil.example/wiki/A", "A",
         "https://en.wikipedia.org.evil.example/wiki/A"),
        ("https://example.org/a)[b](c", "a)[b](c", "https://example.org/a)[b](c"),
        ('https://example.org/"<x>', '"<x>', "https://example.org/%22%3Cx%3E"),
    ],
)  # fmt: skip
def test_a_link_from_elsewhere_is_kept(text: str, title: str, url: str) -> None:
    assert parse_page(text, SUFFIXED if "8080" in text else ENGLISH) == (title, url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "___",
        "\u202e\u200b",
        "a\nb",
        "a\x00b",
        "a\x1b[31m",
        "a\x85b",
        "\ud800",
        "a" * 256,
        "ä" * 128,
        "a" * 100_000,
        "https://",
        "https:///x",
        "https://[::1",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://a b/",
        "https://a%20b.example/x",
        "https://exa<mple.org/x",
        "https://a,b.example/x",
        "https://[v1.x]/x",
        "https://[fe80::1%25eth0]/x",
        "https://example.org/a b",
        "https://example.org/a\nb",
        "https://example.org\\@evil.example/",
        "https://en.wikipedia.org@evil.example/wiki/A",
        "https://user:password@example.org/",
        "https://example.org/" + "a" * 2000,
        "https://example.org/" + "ä" * 500,
        "https://" + "ä" * 70 + ".example/",
        "https://en.wikipedia.org/wiki/%FF",
        "https://en.wikipedia.org/wiki/A%00",
        "https://en.wikipedia.org/wiki/A%0AB",
        "https://en.wikipedia.org/wiki/%20",
        "https://en.wikipedia.org/wiki/" + "a" * 256,
        "https://en.wikipedia.org/w/index.php?title=%FF",
        "ftp://example.org/x",
        "file:///etc/passwd",
    ],
)
def test_what_can_be_no_page(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_page(text, ENGLISH)
    assert caught.value.sentence.endswith(".")


TITLES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)


def canonical(text: str) -> str:
    try:
        return canonical_title(text)
    except RequestError:
        assume(False)
        raise


@given(TITLES)
def test_a_stored_title_stays_as_it_is(text: str) -> None:
    title = canonical(text)
    assert canonical_title(title) == title
    assert canonical_title(display_title(title)) == title


@given(TITLES, st.sampled_from([ENGLISH, BY_QUERY, SUFFIXED]))
def test_the_link_of_a_title_leads_back_to_it(text: str, template: str) -> None:
    title = canonical(text)
    url = page_url(template, title)
    assert url.isascii()
    assert not set(url) & set(' <>"`{}|\\^')
    assert urlsplit(url).hostname == urlsplit(template).hostname
    assert parse_page(url, template) == (title, None)


@given(st.text(max_size=300), st.sampled_from(["", "https://", "https://example.org/", "<"]))
def test_whatever_is_typed_is_a_page_or_refused(text: str, start: str) -> None:
    try:
        title, url = parse_page(start + text, ENGLISH)
    except RequestError:
        return
    assert 0 < len(title.encode()) <= 255
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in title)
    if url is not None:
        assert url.isascii()
        assert len(url) <= 2000
        assert parse_page(url, ENGLISH).url == url
