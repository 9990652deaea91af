"""What a card reads from a wiki's answers, whatever somebody wrote there."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.cards import Article, Card, Credit, Place, Translation, picture_of
from bot.cards.wiki import (
    MAX_EXTRACT,
    about_languages,
    about_pages,
    read_articles,
    read_credit,
    read_translations,
    text_of,
)
from bot.search import Page, Stored

API = URL("https://en.wikipedia.org/w/api.php")


def pages(*some: dict[str, Any], **query: Any) -> dict[str, Any]:
    return {"query": {"pages": list(some), **query}}


def test_all_titles_and_the_file_are_one_question() -> None:
    asked = about_pages(["Mount_Everest", "Nepal"], "Everest north.jpg")
    assert asked["titles"] == "Mount_Everest|Nepal|File:Everest north.jpg"
    assert asked["pithumbsize"] == asked["iiurlwidth"] == "330"
    assert {"extracts", "images", "imageinfo"} <= set(asked["prop"].split("|"))
    assert "images" not in about_pages(["Nepal"], None)["prop"].split("|")
    assert about_languages("Nepal")["titles"] == "Nepal"


def test_everything_is_read() -> None:
    answer = pages(
        {
            "title": "Mount Everest",
            "canonicalurl": "https://en.wikipedia.org/wiki/Mount_Everest",
            "description": "highest mountain on Earth",
            "extract": "Mount Everest is a\nmountain.  It is high.",
            "thumbnail": {"source": "//upload.wikimedia.org/330px-Everest.jpg", "width": 330},
            "coordinates": [{"lat": 27.988056, "lon": 86.925, "globe": "earth"}],
            "pageprops": {"wikibase_item": "Q513"},
            "images": [{"ns": 6, "title": "File:Everest north.jpg"}],
        },
        {"title": "Gone", "missing": True},
        normalized=[{"from": "Mount_Everest", "to": "Mount Everest"}],
    )
    (article,) = read_articles(answer, ["Mount_Everest", "Gone"], "Everest north.jpg", API)
    assert article == Article(
        "Mount Everest",
        "https://en.wikipedia.org/wiki/Mount_Everest",
        "highest mountain on Earth",
        "Mount Everest is a mountain. It is high.",
        "https://upload.wikimedia.org/330px-Everest.jpg",
        Place(27.98806, 86.925),
        "Q513",
        shows_file=True,
    )


def test_a_redirect_is_followed_and_a_page_keeps_its_name() -> None:
    answer = pages(
        {"title": "Everest", "extract": "High."},
        normalized=[{"from": "mt_Everest", "to": "Mt Everest"}],
        redirects=[{"from": "Mt Everest", "to": "Everest"}],
    )
    (article,) = read_articles(answer, ["mt_Everest"], None, API)
    assert (article.title, article.extract, article.shows_file) == ("mt Everest", "High.", None)
    circle = pages(redirects=[{"from": "A", "to": "B"}, {"from": "B", "to": "A"}])
    assert read_articles(circle, ["A"], None, API) == ()


def test_a_wiki_out_of_the_box_says_little() -> None:
    (article,) = read_articles(pages({"title": "Tree"}), ["Tree"], "Oak.jpg", API)
    assert article == Article("Tree", shows_file=False)


def test_a_file_has_an_author_and_a_licence() -> None:
    info = {
        "descriptionurl": "https://commons.wikimedia.org/wiki/File:Oak.jpg",
        "thumburl": "//upload.wikimedia.org/330px-Oak.jpg",
        "extmetadata": {
            "Artist": {"value": '<a href="//x" title="User:Ann">Ann &amp; <b>Bo</b></a>'},
            "LicenseShortName": {"value": "CC BY-SA 4.0"},
            "LicenseUrl": {"value": "https://creativecommons.org/licenses/by-sa/4.0"},
        },
    }
    answer = pages({"title": "Datei:Oak.jpg", "imageinfo": [info]},
                   normalized=[{"from": "File:Oak.jpg", "to": "Datei:Oak.jpg"}])  # fmt: skip
    assert read_credit(answer, "Oak.jpg", API) == Credit(
        "Oak.jpg",
        "https://commons.wikimedia.org/wiki/File:Oak.jpg",
        "Ann & Bo",
        "CC BY-SA 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0",
        "https://upload.wikimedia.org/330px-Oak.jpg",
    )
    assert read_credit(pages({"title": "File:Oak.jpg", "missing": True}), "Oak.jpg", API) is None


def test_the_picture_is_the_file_where_its_name_is_known_and_the_articles_otherwise() -> None:
    lead, file = "https://wiki.example/lead.jpg", "https://wiki.example/file.jpg"
    other = Article("Other", thumbnail="https://wiki.example/other.jpg")
    card = Card((other, Article("Old oak", thumbnail=lead)), Credit("Oak.jpg", thumbnail=file))
    page = Page(1, "Old_oak", "https://wiki.example/wiki/Old_oak")
    assert picture_of(card, Stored(7, "Oak.jpg", (page,), None)) == file
    assert picture_of(replace(card, credit=None), Stored(7, "Oak.jpg", (page,), None)) is None
    assert picture_of(card, Stored(7, None, (page,), None)) == lead
    gone = replace(page, title="Gone")
    assert picture_of(card, Stored(7, None, (gone, page), None)) is None
    assert picture_of(card, Stored(7, None, (), None)) is None
    assert picture_of(None, Stored(7, None, (page,), None)) is None


def test_languages_are_in_their_order() -> None:
    links = [
        {
            "lang": "fr",
            "url": "https://fr.wiki.example/X",
            "autonym": "français",
            "title": "X",
        },
        {"lang": "de", "url": "//de.wikipedia.org/wiki/X", "title": "Y"},
        {"lang": "xx", "url": "javascript:alert(1)", "title": "Z"},
        {"lang": "", "url": "https://a.example/", "title": "Z"},
    ]
    found = read_translations(pages({"title": "X", "langlinks": links}), API)
    assert found == (
        Translation("de", "de", "Y", "https://de.wikipedia.org/wiki/X"),
        Translation("fr", "français", "X", "https://fr.wiki.example/X"),
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One<br>two</p>", "One two"),
        ("<script>alert(1)</script>Ann<style>a{}</style>", "Ann"),
        ("a &lt;b&gt; &#64;everyone", "a <b> @everyone"),
        ("<<<>>>", "<<<>>>"),
        ("</script></script>Bo", "Bo"),
        ("", ""),
    ],
)
def test_of_html_only_the_text_is_left(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    "page",
    [
        {"thumbnail": {"source": "javascript:alert(1)"}},
        {"thumbnail": {"source": "https://user:pass@host/a.jpg"}},
        {"thumbnail": {"source": "https://host/" + 3000 * "a"}},
        {"thumbnail": "https://host/a.jpg"},
        {"thumbnail": {"source": "http://[::1"}},
        {"pageprops": {"wikibase_item": "Q1](https://evil.example)"}},
        {"coordinates": [{"lat": 100, "lon": 0}]},
        {"coordinates": [{"lat": "1", "lon": 0}]},
        {"coordinates": [{"lat": 1, "lon": 2, "globe": "moon"}]},
        {"extract": None, "description": 7, "coordinates": {}, "pageprops": []},
    ],
)
def test_what_is_wrong_is_left_out(page: dict[str, Any]) -> None:
    (article,) = read_articles(pages({"title": "A", **page}), ["A"], None, API)
    assert article == Article("A")


def test_long_texts_end_at_a_word() -> None:
    (article,) = read_articles(pages({"title": "A", "extract": 900 * "wörd "}), ["A"], None, API)
    assert article.extract is not None
    assert len(article.extract) <= MAX_EXTRACT + 1
    assert article.extract.endswith("wörd…")


KEYS = st.sampled_from(
    ["query", "pages", "title", "normalized", "redirects", "from", "to", "extract", "thumbnail",
     "source", "coordinates", "lat", "lon", "pageprops", "wikibase_item", "images", "imageinfo",
     "extmetadata", "Artist", "value", "langlinks", "lang", "url", "autonym", "descriptionurl"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@given(JSON)
def test_no_answer_makes_an_exception(inner: object) -> None:
    for answer in (
        {"query": inner},
        pages({"title": "A", "imageinfo": [inner], "langlinks": [inner]}),
    ):
        for article in read_articles(answer, ["A", "b_c"], "A", API):
            assert article.title in ("A", "b c")
        read_credit(answer, "A", API)
        read_translations(answer, API)
