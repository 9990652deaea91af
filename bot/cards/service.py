"""Asks wikis about what was found, and remembers the answers."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError
from yarl import URL

from bot.cards import wiki
from bot.cards.model import Card, Translation
from bot.errors import ConfigurationError, DatabaseUnavailableError, DownloadFailedError
from bot.metrics import CardOutcome, Metrics
from bot.net.mediawiki import MediaWikiClient, Patience, is_wikimedia
from bot.search import Match, Stored
from db.cards import CardMemory

PATIENCE = Patience(tries=2, longest=60.0, answer=2.0)
"""Nobody waits for a card, but what comes after minutes is of no use to anybody either."""

KEPT = 7 * 86_400.0
"""Seconds for which a card is remembered."""

KEPT_ABSENT = 86_400.0
"""The same where the wiki has none of the pages."""

MAX_WAITING = 20
"""Cards that are asked for at once; who comes later gets none."""

_CARD: TypeAdapter[Card | None] = TypeAdapter(Card | None)

log = logging.getLogger(__name__)


class CardService:
    """Tells what a wiki says of a match."""

    def __init__(
        self, memory: CardMemory, client: MediaWikiClient, *, metrics: Metrics | None = None
    ) -> None:
        self._memory = memory
        self._client = client
        self._metrics = metrics or Metrics()
        self._waiting = 0

    async def card(self, match: Match | Stored) -> Card | None:
        """The card of a match, or of a stored picture.

        Nothing where its wiki can't be asked, or has none of its pages.  It takes as long as the
        wiki does, within :data:`PATIENCE`.
        """
        api = api_of(match)
        if api is None:
            return None
        if self._waiting >= MAX_WAITING:
            self._count("busy")
            return None
        self._waiting += 1
        try:
            return await self._card(match, api)
        except (ConfigurationError, DownloadFailedError, DatabaseUnavailableError) as error:
            self._count("failed")
            log.info("no card: %s", error)
            return None
        finally:
            self._waiting -= 1

    def _count(self, outcome: CardOutcome) -> None:
        self._metrics.cards.labels(outcome).inc()

    async def _card(self, match: Match | Stored, api: URL) -> Card | None:
        # A bar parts titles in a question, and none has one in it.
        titles = [page.title for page in match.pages if "|" not in page.title]
        file = match.file if match.file and "|" not in match.file else None
        if not titles:
            return None
        question = _digest(api, titles, file)
        known = await self._memory.known(question)
        if known is not None:
            try:
                remembered = _CARD.validate_json(known)
            except ValidationError:
                log.info("a remembered card has the form of another version")
            else:
                self._count("remembered")
                return remembered
        with self._metrics.card_seconds.time():
            card = await self._asked(api, titles, file)
        self._count("absent" if card is None else "told")
        kept = KEPT_ABSENT if card is None else KEPT
        await self._memory.remember(question, _CARD.dump_json(card).decode(), kept)
        return card

    async def _asked(self, api: URL, titles: Sequence[str], file: str | None) -> Card | None:
        answer = await self._client.query(api, wiki.about_pages(titles, file))
        found = wiki.read_articles(answer, titles, file, api)
        if not found:
            return None
        first, *others = found
        translations = await self._translations(api, first.title)
        credit = wiki.read_credit(answer, file, api) if file else None
        return Card((replace(first, translations=translations), *others), credit)

    async def _translations(self, api: URL, title: str) -> tuple[Translation, ...]:
        try:
            answer = await self._client.query(api, wiki.about_languages(title))
        except DownloadFailedError as error:
            # A card without them is a card.
            log.info("no languages: %s", error)
            return ()
        return wiki.read_translations(answer, api)


def api_of(match: Match | Stored) -> URL | None:
    """The address of the API of the wiki that a match is from, if it is known.

    That of a collection is, if it came from one; and all of Wikimedia's wikis have theirs in the
    same place.
    """
    if match.api_url is not None:
        return URL(match.api_url)
    if not match.pages:
        return None
    try:
        parts = urlsplit(match.pages[0].url)
        host = parts.hostname
    except ValueError:
        return None
    if not host or not is_wikimedia(host) or not parts.path.startswith("/wiki/"):
        return None
    # Pages for telephones have an API of the same wiki.
    return URL.build(scheme="https", host=host.replace(".m.", "."), path="/w/api.php")


def _digest(api: URL, titles: Sequence[str], file: str | None) -> bytes:
    """What tells a question from others."""
    return hashlib.sha256("|".join([str(api), *titles, f"File:{file}"]).encode()).digest()
