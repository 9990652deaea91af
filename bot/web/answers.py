"""From an answer to the HTML that a visitor sees: pure functions."""

from collections.abc import Container, Sequence
from urllib.parse import urlencode

from bot.search import (
    PAGES_SHOWN,
    Answer,
    Confidence,
    Match,
    Page,
    Verdict,
    age,
    hash_text,
    look_text,
    verdict,
    what_was_done,
)
from bot.text import clip, plain, web_url
from bot.web.cards import of_card
from bot.web.desk import Listed, Told
from bot.web.markup import Html, element, joined
from bot.web.problems import ProblemError

UNTITLED = "untitled"
MAX_TITLE = 300
THUMB = "120"
"""Pixels of the square that a thumbnail has, whatever its own shape, so that nothing jumps."""

# Nothing is told to the page that a link leads to, and no search engine takes it for our word.
_REL = "noopener noreferrer nofollow"

_BY_HASH = (
    "This search went by a hash alone. Search with the picture itself to be surer, and to find "
    "copies that were framed or turned."
)
_BY_LOOK = (
    "This search went by a fingerprint. Search with the picture itself to find copies that were "
    "framed or turned."
)


def heading_of(answer: Answer) -> str:
    """An answer in a few words."""
    if answer.status == "found":
        return f"{verdict(answer.matches[0]).words}: {_name(answer.matches[0])}"
    return {
        "none": "I don't know this picture",
        "plain": "Too plain to search for",
        "unreadable": "I could not read this picture",
    }[answer.status]


def of_answer(answer: Answer, pictured: Container[int] = (), *, shared: bool = False) -> Html:
    """What was found, or why nothing was; ``shared`` where there was a link and no picture.

    ``pictured`` has the ids of the matches that there may be a thumbnail of.
    """
    note = _BY_HASH if answer.fingerprint is None else _BY_LOOK
    return joined(
        _heading(heading_of(answer)),
        # The page's script puts the visitor's own picture here; it never comes from the server.
        element("div", class_="query", data_query=True),
        *_said(answer),
        element("p", note, class_="note") if shared else None,
        _matches(answer.matches, pictured) if answer.matches else None,
        _share(answer),
    )


def of_problem(problem: ProblemError) -> Html:
    """Why there is no answer."""
    return joined(_heading("That did not work"), element("p", problem.sentence, class_="trouble"))


def of_told(told: Told) -> Html:
    """A card by itself; the page's script takes what is marked as one into an answer."""
    card = of_card(told.card)
    return joined(
        _heading(f"What the wiki says of picture {told.image_id}"),
        element("div", card, data_card=True)
        if card
        else element("p", "Nothing, or it can't be asked now."),
    )


def of_pages(listed: Listed) -> Html:
    """Pages that show a picture, and the way to the next ones."""
    more = None
    if listed.after is not None:
        href = f"/pages/{listed.image_id}?after={listed.after}"
        more = element("p", element("a", "More pages", href=href))
    nothing = None if listed.pages else element("p", "There are no more.")
    heading = _heading(f"Pages that show picture {listed.image_id}")
    return joined(heading, _links(listed.pages), nothing, more)


def _heading(text: str) -> Html:
    return element("h2", text, id="heading", tabindex="-1", dir="auto")


def _said(answer: Answer) -> Sequence[Html]:
    if answer.status == "none":
        return (
            element("p", "None of the pictures I know looks like it."),
            element(
                "p",
                "If yours is cropped, framed or a screenshot, try the whole picture alone.",
                class_="note",
            ),
        )
    return (element("p", answer.reason, class_="trouble"),) if answer.reason else ()


def _matches(matches: Sequence[Match], pictured: Container[int]) -> Html:
    items = [
        element(
            "li",
            _match(match, best=place == 0, pictured=match.image_id in pictured),
            class_="match",
        )
        for place, match in enumerate(matches)
    ]
    return element("ol", *items, class_="matches")


def _match(match: Match, *, best: bool, pictured: bool) -> Html:
    said = verdict(match)
    first = match.pages[0] if match.pages else None
    done = what_was_done(match.view)
    return joined(
        element("h3", _link(first) if first else _bdi(_name(match))),
        _thumb(match) if pictured else None,
        element(
            "p",
            _badge(said, match.confidence),
            f" {said.meaning[:1].upper()}{said.meaning[1:]}",
            f" {done}" if done else None,
        ),
        # What is known of the best match beyond its title is filled in here when it comes.
        element("div", class_="card", data_image_id=str(match.image_id)) if best else None,
        # Without scripts nothing is filled in.
        element("noscript", _card_link(match)) if pictured else None,
        _links(match.pages[1:]),
        _all_pages(match),
        element("p", *_facts(match), class_="facts"),
    )


def _thumb(match: Match) -> Html:
    # Of a picture whose file has no name here, the article's is shown, which may be another.
    return element(
        "img",
        src=f"/thumbs/{match.image_id}",
        alt="The picture" if match.file else "The article's picture",
        width=THUMB,
        height=THUMB,
        loading="lazy",
        decoding="async",
        class_="thumb",
    )


def _card_link(match: Match) -> Html:
    return element("p", element("a", "What the wiki says of it", href=f"/cards/{match.image_id}"))


def _badge(said: Verdict, confidence: Confidence) -> Html:
    return element("strong", said.words, class_=f"badge {confidence}")


def _facts(match: Match) -> Sequence[str]:
    facts = [match.collection]
    old = age(match.collection_as_of, match.collection_imported_on)
    if old is not None:
        facts.append(old)
    facts.append(f"distance {match.distance} of 64")
    if match.alike:
        facts.append(f"{len(match.alike)} more file{'s' if match.alike[1:] else ''} of it")
    shown: list[str] = [_bdi(plain(facts[0])), *(f" · {fact}" for fact in facts[1:])]
    if match.file:
        shown += [" · ", _bdi(clip(plain(match.file), MAX_TITLE))]
    return shown


def _all_pages(match: Match) -> Html | None:
    if match.page_count <= PAGES_SHOWN:
        return None
    text = f"All {match.page_count:,} pages that show it"
    return element("p", element("a", text, href=f"/pages/{match.image_id}"))


def _links(pages: Sequence[Page]) -> Html | None:
    if not pages:
        return None
    return element("ul", *(element("li", _link(page)) for page in pages), class_="pages")


def _link(page: Page) -> Html:
    name = _bdi(clip(plain(page.name), MAX_TITLE) or UNTITLED)
    url = web_url(page.url)
    return name if url is None else element("a", name, href=url, rel=_REL)


def _bdi(text: str) -> Html:
    """Text whose direction changes nothing around it."""
    return element("bdi", text)


def _name(match: Match) -> str:
    named = match.pages[0].name if match.pages else match.file
    return clip(plain(named or ""), MAX_TITLE) or UNTITLED


def _share(answer: Answer) -> Html | None:
    if answer.dhash is None or answer.status not in ("found", "none"):
        return None
    fields = {"hash": hash_text(answer.dhash)}
    if answer.fingerprint is not None:
        fields["look"] = look_text(answer.fingerprint)
    link = element("a", "Link to this search", href=f"/?{urlencode(fields)}", data_share=True)
    return element("p", link)
