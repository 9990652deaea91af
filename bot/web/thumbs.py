"""Thumbnails of wikis, handed on: a visitor's browser asks nobody but this server.

Which picture it is, the card says, and what it is, its bytes: of what a wiki sends, nothing but
pictures that every browser shows and that can hold no script is handed on.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from bot.cards import CardService, CrowdedError, api_of, picture_of
from bot.errors import ConfigurationError, DownloadFailedError, NotFoundError
from bot.images import Unreadable
from bot.images.signature import Format, format_of
from bot.search import Stored
from bot.sharing import Shared
from bot.web.problems import ProblemError, busy

MAX_BYTES = 1024 * 1024
"""Of one thumbnail; one of 330 pixels has 30 kB or so."""

MEMORY = 16 * 1024 * 1024
"""Bytes of all that are kept."""

KEPT = 86_400.0
"""Seconds for which one is kept, here and by browsers."""

SECONDS = 6.0
"""That getting one may take, and that may be waited before it is begun."""

AT_ONCE = 2
"""Thumbnails that are got at a time, so that cards have their turn between them."""

LEFT_ALONE = 30.0
"""Seconds for which a wiki that did not answer is not asked again: a browser asks for few things at
a time, and would have its next search wait for them."""

_TYPES: dict[Format, str] = {
    "GIF": "image/gif",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
}
CONTENT_TYPES = tuple(sorted(_TYPES.values()))

# What keeping anything takes beside its bytes.
_OVERHEAD = 1024
_MAX_WIKIS = 1000
_AGAIN = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Thumb:
    """A picture as it is sent; ``tag`` is the same for the same bytes."""

    data: bytes
    content_type: str
    tag: str


def thumb_of(data: bytes) -> Thumb | None:
    """The thumbnail that ``data`` is by its first bytes; ``None`` where it is none to hand on."""
    kind = format_of(data)
    if kind is None or kind not in _TYPES:
        return None
    return Thumb(data, _TYPES[kind], f'"{sha256(data).hexdigest()[:16]}"')


class Kept:
    """Thumbnails by the ids of their pictures, for a while.

    What is more than ``most`` bytes goes, beginning with what was wanted longest ago.
    """

    def __init__(self, most: int, *, seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._thumbs: OrderedDict[int, tuple[float, Thumb]] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """The bytes that all of them take."""
        return self._size

    def get(self, image_id: int) -> Thumb | None:
        """The thumbnail of a picture, if it is there and still good."""
        if image_id not in self._thumbs:
            return None
        until, thumb = self._thumbs[image_id]
        if until <= self._clock():
            self._drop(image_id)
            return None
        self._thumbs.move_to_end(image_id)
        return thumb

    def put(self, image_id: int, thumb: Thumb) -> None:
        """Keep one."""
        if image_id in self._thumbs:
            self._drop(image_id)
        self._thumbs[image_id] = self._clock() + self._seconds, thumb
        self._size += _size(thumb)
        while self._size > self._most:
            self._drop(next(iter(self._thumbs)))

    def _drop(self, image_id: int) -> None:
        _, thumb = self._thumbs.pop(image_id)
        self._size -= _size(thumb)


class Thumbs:
    """Gets thumbnails from wikis, each once at a time, and keeps some.

    ``clock`` gives seconds; ``seconds`` is what getting one may take.
    """

    def __init__(
        self,
        cards: CardService,
        *,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = SECONDS,
    ) -> None:
        self._cards = cards
        self._clock = clock
        self._seconds = seconds
        self._kept = Kept(MEMORY, seconds=KEPT, clock=clock)
        self._shared: Shared[int, Thumb] = Shared()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._left_alone: OrderedDict[str, float] = OrderedDict()

    async def thumb(self, stored: Stored) -> Thumb:
        """The thumbnail of a picture, whose asker may see it.

        Raises :class:`NotFoundError` where there is none, :class:`ProblemError` of status 502, 503
        or 504 where it can't be had now, and :class:`~bot.errors.DatabaseError`.
        """
        kept = self._kept.get(stored.image_id)
        if kept is not None:
            return kept
        api = api_of(stored)
        if api is None:
            raise _none(stored)
        wiki = str(api)
        self._refuse_if_away(wiki)
        return await self._shared.get(stored.image_id, partial(self._in_turn, stored, wiki))

    async def _in_turn(self, stored: Stored, wiki: str) -> Thumb:
        try:
            async with asyncio.timeout(self._seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise busy(_AGAIN) from None
        try:
            # It may have gone while others had their turn.
            self._refuse_if_away(wiki)
            async with asyncio.timeout(self._seconds):
                thumb = await self._got(stored)
        except CrowdedError:
            raise busy(_AGAIN) from None
        except ConfigurationError:
            raise _none(stored) from None
        except DownloadFailedError as error:
            log.info("no thumbnail: %s", error)
            self._leave_alone(wiki)
            raise _failed() from None
        except TimeoutError:
            self._leave_alone(wiki)
            raise ProblemError(
                504, "wiki_too_slow", "The wiki did not send its picture in time."
            ) from None
        finally:
            self._turns.release()
        self._kept.put(stored.image_id, thumb)
        return thumb

    async def _got(self, stored: Stored) -> Thumb:
        address = picture_of(await self._cards.told(stored), stored)
        if address is None:
            raise _none(stored)
        data = await self._cards.download(stored, address, MAX_BYTES)
        if isinstance(data, Unreadable):
            log.info("no thumbnail: %s", data.reason)
            raise _none(stored) if data.kind == "unknown" else _failed()
        thumb = thumb_of(data)
        if thumb is None:
            log.info("no thumbnail: the file is no PNG, JPEG, WebP or GIF")
            raise ProblemError(502, "wiki_failed", "What the wiki sent is no picture to show.")
        return thumb

    def _refuse_if_away(self, wiki: str) -> None:
        if self._left_alone.get(wiki, 0.0) > self._clock():
            raise _failed()

    def _leave_alone(self, wiki: str) -> None:
        self._left_alone[wiki] = self._clock() + LEFT_ALONE
        self._left_alone.move_to_end(wiki)
        while len(self._left_alone) > _MAX_WIKIS:
            self._left_alone.popitem(last=False)


def _size(thumb: Thumb) -> int:
    return len(thumb.data) + _OVERHEAD


def _none(stored: Stored) -> NotFoundError:
    return NotFoundError(f"There is no thumbnail of picture {stored.image_id}.")


def _failed() -> ProblemError:
    return ProblemError(502, "wiki_failed", "The wiki did not send its picture.")
