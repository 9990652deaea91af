"""What a wiki says of a match, as parts of an embed: pure functions, values in and Markdown out."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

import discord

from bot.cards import Article, Card, Credit, Translation
from bot.search import Match
from cogs.text import clip, escape, link, plain, web_url

MAX_EXTRACT = 500
MAX_DESCRIPTION = 150
MAX_SHORT = 60
MAX_FACT = 700
MAX_NAME = 100
MAX_OPTIONS = 25

# The languages that most people read, for the menu where there are more than it has room for.
WIDELY_READ = (
    "en", "zh", "es", "hi", "ar", "bn", "pt", "ru", "ja", "de", "fr", "id", "tr", "vi", "ko", "it",
    "fa", "pl", "uk", "nl", "th", "sv", "cs", "he", "el",
)  # fmt: skip


def article_of(card: Card | None, match: Match) -> Article | None:
    """What is told of the page that stands at the top."""
    return card.of(match.pages[0].title) if card is not None and match.pages else None


def lead(article: Article) -> str:
    """What the article is about: its short description and its first sentences."""
    lines = []
    if article.description:
        lines.append(f"*{escape(article.description, MAX_DESCRIPTION)}*")
    if article.extract:
        lines.append(f"> {escape(article.extract, MAX_EXTRACT)}")
    return "".join(f"\n{line}" for line in lines)


def facts(card: Card, article: Article, match: Match, language: str | None) -> str:
    """Where the article's subject is, its item, who made the picture, and another language.

    A line that is too long, for the addresses in it, is left out.
    """
    places = [*_places(article), *_in_article(match, article)]
    lines = [" · ".join(places)] if places else []
    if card.credit is not None:
        lines.append(_credit(card.credit))
    if article.shows_file is False:
        lines.append("The article does not show this picture any more.")
    other = translation_in(article.translations, language)
    if other is not None:
        lines.append(in_language(other))
    kept = [line for line in lines if 0 < len(line) <= MAX_FACT]
    # An empty line, or they would belong to what is quoted above.
    return "\n".join(["\n", *kept]) if kept else ""


def short(card: Card | None, title: str) -> str:
    """A few words about another page, for the list of them."""
    article = card.of(title) if card is not None else None
    if article is None or not article.description:
        return ""
    return f" – {escape(article.description, MAX_SHORT)}"


def thumbnail(article: Article | None) -> str | None:
    """The address of the article's lead picture."""
    return web_url(article.thumbnail) if article is not None else None


def translation_in(translations: Sequence[Translation], language: str | None) -> Translation | None:
    """The article in a language such as ``de`` or ``en-GB``, if there is one."""
    if not language:
        return None
    wanted = language.lower()
    by_language = {one.language: one for one in translations}
    return by_language.get(wanted) or by_language.get(wanted.partition("-")[0])


def in_language(translation: Translation) -> str:
    """Where the article is in another language, in a sentence."""
    return f"In {escape(translation.name, 40)}: {link(translation.title, translation.url)}"


def language_options(translations: Sequence[Translation]) -> list[discord.SelectOption]:
    """One option for each language; where they are too many, those that most people read."""
    chosen = _fewer(translations) if len(translations) > MAX_OPTIONS else translations
    return [
        discord.SelectOption(
            label=clip(plain(one.name) or one.language, MAX_NAME),
            description=clip(plain(one.title), MAX_NAME) or None,
            value=one.language,
        )
        for one in chosen
    ]


def _fewer(translations: Sequence[Translation]) -> list[Translation]:
    rank = {language: place for place, language in enumerate(WIDELY_READ)}
    by_reach = sorted(
        translations, key=lambda one: (rank.get(one.language, len(rank)), one.language)
    )
    return sorted(by_reach[:MAX_OPTIONS], key=lambda one: one.language)


def _places(article: Article) -> Iterable[str]:
    if article.place is not None:
        yield f"[{article.place.degrees}]({article.place.map_url})"
    if article.item is not None:
        yield f"[Wikidata](https://www.wikidata.org/wiki/{article.item})"


def _in_article(match: Match, article: Article) -> Iterable[str]:
    """The picture as the article shows it large; MediaViewer's address of it."""
    page = web_url(article.url or match.pages[0].url)
    if match.file and page is not None and article.shows_file:
        name = quote(match.file.replace(" ", "_"), safe="")
        yield f"[the picture in it]({page}#/media/File:{name})"


def _credit(credit: Credit) -> str:
    author = f"by {escape(credit.author, MAX_NAME)}" if credit.author else ""
    licence = link(credit.licence, credit.licence_url, MAX_NAME) if credit.licence else ""
    about = web_url(credit.page)
    parts = [author, licence, f"[about the file]({about})" if about else ""]
    said = " · ".join(part for part in parts if part)
    return f"Picture {said}" if author else f"Picture: {said}" if said else ""
