"""The source: archive → a stream of (picture, article).

Articles come in the order of their entries in the archive, which is that of their paths.  libzim
offers no other, and holds the interpreter while it decompresses; the thread gives everything else
its turn between one entry and the next.
"""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.errors import ConfigurationError
from bot.images import Limits, Unreadable
from bot.importers.model import About, Position, Skipped, SourceKind, SourcePicture
from bot.importers.threads import from_thread, in_thread
from bot.importers.zim.archive import OpenZim, open_zim, text_of, verification
from bot.importers.zim.walk import Walk


class ZimSource:
    """The pictures of all articles of a Kiwix ZIM, one item for each picture of each article.

    ``path`` is that of the file, or of the first part of a split one.  A file of more than
    ``max_bytes`` is not read.  ``verify`` compares the archive's checksum before anything else,
    which reads the whole file.  See :mod:`bot.importers.zim.rules` for what is left out.
    """

    kind: SourceKind = "zim"
    repeats = True

    def __init__(
        self, path: Path, *, max_bytes: int = Limits().max_bytes, verify: bool = False
    ) -> None:
        self._path = path.absolute()
        self._max_bytes = max_bytes
        self._verify = verify
        self._zim: OpenZim | None = None
        self._walk: Walk | None = None
        self._about: About | None = None

    @property
    def location(self) -> str:
        """The file's path, with the archive's own id once it is open: a new edition is another."""
        path = text_of(self._path)
        return path if self._zim is None else f"{path}#{self._zim.uuid}"

    @property
    def about(self) -> About | None:
        """What the archive says of itself, once it is open."""
        return self._about

    @property
    def total(self) -> int | None:
        """About how many items there will be, judged by the articles so far."""
        return None if self._walk is None else self._walk.estimate

    async def __aenter__(self) -> Self:
        zim = await in_thread(lambda: open_zim(self._path))
        about = await in_thread(zim.about)
        if self._verify:
            async for _ in from_thread(verification(self._path, about.checksum)):
                pass
        self._zim, self._about = zim, about
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The file is closed when nothing refers to the archive any more.
        self._zim = self._walk = None

    def items(self, after: Position | None) -> AsyncGenerator[SourcePicture | Skipped, None]:
        """Every picture of every article, in the order of the archive, from behind ``after`` on.

        Raises :class:`WhereisError` when the archive can no longer be read.
        """
        self._walk = Walk(self._opened(), after)
        return from_thread(self._walk.steps())

    async def load(self, pictures: Sequence[SourcePicture]) -> Sequence[bytes | Unreadable]:
        """The bytes of some pictures, in their order; why not, for one that can't be had."""
        zim = self._opened()
        keys = [picture.key for picture in pictures]
        return await in_thread(lambda: [zim.read(key, self._max_bytes) for key in keys])

    def _opened(self) -> OpenZim:
        if self._zim is None:
            raise ConfigurationError(f"{self._path} is not open.")
        return self._zim
