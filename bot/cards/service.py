"""Asks wikis about what was found, and remembers the answers."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError
from yarl import URL

from bot.cards import wiki
from bot.cards.model import Card, Translation
from bot.errors import ConfigurationError, DatabaseUnavailableError, DownloadFailedError
from bot.images import Unreadable
from bot.metrics import CardOutcome, Metrics
from bot.net.mediawiki import MediaWikiClient, Patience, is_wikimedia
from bot.search import Match, Stored
from bot.sharing import Shared
from db.cards import CardMemory

PATIENCE = Patience(tries=2, longest=60.0, answer=2.0, picture=4.0)
"""Nobody waits for a card, but what comes after minutes is of no use to anybody either."""

KEPT = 7 * 86_400.0
"""Seconds for which a card is remembered."""

KEPT_ABSENT = 86_400.0
"""The same where the wiki has none of the pages."""

MAX_WAITING = 20
"""Cards that are asked for at once; who comes later gets none."""

_CARD: TypeAdapter[Card | None] = TypeAdapter(Card | None)

log = logging.getLogger(__name__)


class CrowdedError(DownloadFailedError):
    """More cards are asked for than are at once."""


class CardService:
    """Tells what a wiki says of a match."""

    def __init__(
        self, memory: CardMemory, client: MediaWikiClient, *, metrics: Metrics | None = None
    ) -> None:
        self._memory = memory
        self._client = client
        self._metrics = metrics or Metrics()
        self._waiting = 0
        self._shared: Shared[bytes, Card | None] = Shared()

    def can_ask(self, match: Match | Stored) -> bool:
        """Whether the wiki of a match is known, and may be asked."""
        api = api_of(match)
        return api is not None and self._client.may_ask(api)

    async def card(self, match: Match | Stored) -> Card | None:
        """The card of a match, or of a stored picture.

        Nothing where its wiki can't be asked, or has none of its pages.  It takes as long as the
        wiki does, within :data:`PATIENCE`.
        """
        try:
            return await self.told(match)
        except (ConfigurationError, DownloadFailedError, DatabaseUnavailableError) as error:
            log.info("no card: %s", error)
            return None

    async def told(self, match: Match | Stored) -> Card | None:
        """As :meth:`card`, for whoever wants to know why there is none.

        Raises :class:`CrowdedError` and other :class:`DownloadFailedError` where the wiki is not
        asked now or does not answer, :class:`ConfigurationError` where a contact is needed, and
        :class:`DatabaseUnavailableError`.
        """
        api = api_of(match)
        # A bar parts titles in a question, and none has one in it.
        titles = [page.title for page in match.pages if "|" not in page.title]
        file = match.file if match.file and "|" not in match.file else None
        if api is None or not titles:
            return None
        question = _digest(api, wiki.about_pages(titles, file))
        # Those who ask the same at once need one answer.
        return await self._shared.get(question, partial(self._told, question, api, titles, file))

    async def download(
        self, match: Match | Stored, address: str, max_bytes: int
    ) -> bytes | Unreadable:
        """The bytes behind an address that the card of the match names; why not, for this one.

        Raises as :meth:`told`, without a database.
        """
        api = api_of(match)
        if api is None:
            return Unreadable("unknown", "Where its wiki is, is not known.")
        return await self._client.download(address, api=api, max_bytes=max_bytes)

    async def _told(
        self, question: bytes, api: URL, titles: Sequence[str], file: str | None
    ) -> Card | None:
        if self._waiting >= MAX_WAITING:
            self._count("busy")
            raise CrowdedError("Too many cards are asked for at this moment.")
        self._waiting += 1
        try:
            return await self._remembered(question, api, titles, file)
        except (ConfigurationError, DownloadFailedError, DatabaseUnavailableError):
            self._count("failed")
            raise
        finally:
            self._waiting -= 1

    def _count(self, outcome: CardOutcome) -> None:
        self._metrics.cards.labels(outcome).inc()

    async def _remembered(
        self, question: bytes, api: URL, titles: Sequence[str], file: str | None
    ) -> Card | None:
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


def picture_of(card: Card | None, match: Match | Stored) -> str | None:
    """The address at which to see a match: of its file where the name is known.

    Where it is not, that of the lead picture of the first page; ``None`` where the card names none.
    """
    if card is None:
        return None
    if match.file:
        return card.credit.thumbnail if card.credit is not None else None
    article = card.of(match.pages[0].title) if match.pages else None
    return article.thumbnail if article is not None else None


def _digest(api: URL, question: Mapping[str, str]) -> bytes:
    """What tells a question from others, also from what another version asked."""
    return hashlib.sha256(json.dumps([str(api), question], sort_keys=True).encode()).digest()
