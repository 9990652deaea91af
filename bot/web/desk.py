"""What every way in has in common: who may ask how much, and the asking itself."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.cards import Card, CardService, picture_of
from bot.errors import DownloadTooLargeError, FetchError, NotFoundError
from bot.flow import Admission, Asker
from bot.metrics import Metrics
from bot.net import Fetcher
from bot.requests import count_search, timed
from bot.search import Answer, Page, Scope, SearchService, Stored
from bot.web.asked import (
    MAX_ID,
    MAX_PAGES,
    MAX_RADIUS,
    PAGES_LISTED,
    Link,
    hash_asked,
    look_asked,
    number_asked,
    read_asked,
)
from bot.web.callers import Caller, Keys, address_of, key_shown, wrong_key
from bot.web.limits import Allowances, Places
from bot.web.options import WebOptions
from bot.web.problems import ProblemError
from bot.web.thumbs import Thumb, Thumbs

VISITOR = Scope()
"""What a visitor may see: the wikis. No server's own pictures, whatever they ask for."""

# All visitors together are to the line before the workers what one Discord server is.
_WEB = "web"

# What a list of pages counts, beside a search; and a thumbnail, though those are counted apart.
_LOOK_UP = 0.2
_MOST_EACH = 4  # pictures of one address at a time
_LOOK_UPS_AT_ONCE = 64
# Thumbnails that are waited for, and how many of them by one address: more than a browser wants at
# a time, which loads those in sight.
_THUMBS_AT_ONCE = 128
_THUMBS_EACH = 24


@dataclass(frozen=True, slots=True)
class Listed:
    """Pages of a picture, by their ids; ``after`` is where the next ones begin, if there may be."""

    image_id: int
    pages: tuple[Page, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a wiki says of a picture, if anything; ``pictured`` where it has a thumbnail of it."""

    image_id: int
    card: Card | None
    pictured: bool


class Desk:
    """Takes what visitors ask to the services, and brings back what those say.

    Every method raises :class:`ProblemError`, :class:`~bot.errors.FetchError` or
    :class:`~bot.errors.DatabaseError`.
    """

    def __init__(
        self,
        search: SearchService,
        fetcher: Fetcher,
        options: WebOptions,
        *,
        cards: CardService | None = None,
        turns: Admission | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._search = search
        self._fetcher = fetcher
        self._options = options
        self._cards = cards
        self._thumbs = Thumbs(cards, clock=clock) if cards is not None else None
        self._metrics = metrics or Metrics()
        self._turns = Admission() if turns is None else turns
        self._keys = Keys(options.keys)
        self._by_address = Allowances(options.burst, options.per_minute, clock=clock)
        self._by_key = Allowances(options.burst, options.key_per_minute, clock=clock)
        # Whoever looks at an answer has not asked another question.
        self._thumbs_by_address = Allowances(options.burst, options.per_minute, clock=clock)
        self._thumbs_by_key = Allowances(options.burst, options.key_per_minute, clock=clock)
        self._pictures = Places(options.at_once)
        self._look_ups = Places(_LOOK_UPS_AT_ONCE)
        self._thumbs_waited_for = Places(_THUMBS_AT_ONCE)

    async def picture(self, request: web.Request) -> tuple[str, Answer]:
        """Search for the picture that is sent or linked to; also gives what it is called."""
        with self._refusals_counted():
            return await self._picture(request)

    async def _picture(self, request: web.Request) -> tuple[str, Answer]:
        self._refuse_strange_pages(request)
        caller = self._caller(request)
        self._allow(caller, 1.0)
        most = self._options.at_once if caller.keyed else _MOST_EACH
        with self._pictures.taken(caller.name, most):
            asked = await read_asked(
                request,
                max_bytes=self._options.max_bytes,
                seconds=self._options.upload_timeout,
            )
            # Places bound how many of a visitor's wait.
            async with self._turns.turn(Asker(_WEB, caller.name, counted=False)):
                if isinstance(asked, Link):
                    data = await self._fetched(asked.url)
                    return asked.url, await self._search.search(data, VISITOR)
                return asked.name, await self._search.search(asked.data, VISITOR)

    async def by_hash(self, request: web.Request) -> tuple[str, Answer]:
        """Search for the hash in the query: with its look if there is one, or within its radius."""
        with self._refusals_counted():
            return await self._by_hash(request)

    async def _by_hash(self, request: web.Request) -> tuple[str, Answer]:
        caller = self._caller(request)
        self._allow(caller, 1.0)
        text = request.query.get("hash", "").strip()
        dhash = hash_asked(text)
        radius = number_asked(request, "radius", None, 0, MAX_RADIUS)
        look = look_asked(request.query["look"]) if "look" in request.query else None
        with self._look_ups.taken(caller.name, _LOOK_UPS_AT_ONCE):
            if look is not None:
                return text, await self._search.by_look(dhash, *look, VISITOR)
            return text, await self._search.by_hash(dhash, VISITOR, radius=radius)

    async def pages(self, request: web.Request) -> Listed:
        """Pages of the picture in the path, as many as the query says, from where it says."""
        caller = self._caller(request)
        self._allow(caller, _LOOK_UP)
        image_id = int(request.match_info["image_id"])
        after = number_asked(request, "after", 0, 0, MAX_ID) or 0
        limit = number_asked(request, "limit", PAGES_LISTED, 1, MAX_PAGES) or PAGES_LISTED
        with self._look_ups.taken(caller.name, _LOOK_UPS_AT_ONCE):
            if not await self._search.knows(image_id, VISITOR):
                raise NotFoundError(f"There is no picture {image_id} here.")
            pages = await self._search.pages(image_id, VISITOR, after=after, limit=limit)
        return Listed(image_id, pages, pages[-1].id if len(pages) == limit else None)

    async def card(self, request: web.Request) -> Told:
        """What the wiki says of the picture in the path, if it can be asked and says anything."""
        caller = self._caller(request)
        self._allow(caller, _LOOK_UP)
        image_id = int(request.match_info["image_id"])
        with self._look_ups.taken(caller.name, _LOOK_UPS_AT_ONCE):
            stored = await self._stored(image_id)
            card = await self._cards.card(stored) if self._cards is not None else None
        return Told(image_id, card, picture_of(card, stored) is not None)

    async def thumb(self, request: web.Request) -> Thumb:
        """The thumbnail of the picture in the path."""
        caller = self._caller(request)
        allowances = self._thumbs_by_key if caller.keyed else self._thumbs_by_address
        allowances.use(caller.name, _LOOK_UP)
        image_id = int(request.match_info["image_id"])
        with self._thumbs_waited_for.taken(caller.name, _THUMBS_EACH):
            stored = await self._stored(image_id)
            if self._thumbs is None:
                raise NotFoundError("There are no thumbnails here.")
            return await self._thumbs.thumb(stored)

    def pictured(self, answer: Answer) -> frozenset[int]:
        """The ids of the matches that there may be a thumbnail of: whose wiki may be asked."""
        cards = self._cards
        if cards is None:
            return frozenset()
        return frozenset(match.image_id for match in answer.matches if cards.can_ask(match))

    async def _stored(self, image_id: int) -> Stored:
        stored = await self._search.stored(image_id, VISITOR)
        if stored is None:
            raise NotFoundError(f"There is no picture {image_id} here.")
        return stored

    @contextmanager
    def _refusals_counted(self) -> Iterator[None]:
        try:
            yield
        except ProblemError as problem:
            count_search(self._metrics, "cooldown" if problem.status == 429 else "refused")
            raise

    async def _fetched(self, url: str) -> bytes:
        try:
            with timed(self._metrics, "fetch"):
                return (await self._fetcher.fetch(url)).data
        except FetchError as error:
            too_large = isinstance(error, DownloadTooLargeError)
            count_search(self._metrics, "too_large" if too_large else "unfetched")
            raise

    def _caller(self, request: web.Request) -> Caller:
        address = Caller(address_of(request, self._options.proxies))
        shown = key_shown(request)
        if shown is None:
            return address
        name = self._keys.named(shown)
        if name is None:
            # Who tries keys is an address like any other.
            self._allow(address, 1.0)
            raise wrong_key()
        return Caller(name, keyed=True)

    def _allow(self, caller: Caller, cost: float) -> None:
        (self._by_key if caller.keyed else self._by_address).use(caller.name, cost)

    def _refuse_strange_pages(self, request: web.Request) -> None:
        """Keep other web sites from having their visitors send pictures here.

        Browsers say where a request comes from, and let no page say otherwise.
        """
        site = request.headers.get("Sec-Fetch-Site", "none")
        if site in ("none", "same-origin"):
            return
        origins = self._options.origins
        if "*" not in origins and request.headers.get("Origin") not in origins:
            raise ProblemError(403, "cross_origin", "Pages of other web sites may not search here.")
