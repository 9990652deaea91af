"""A window that moves over the unpacked bytes of a dump."""

import zlib
from typing import Protocol

from bot.importers.sql_dump.files import BrokenFileError

BLOCK_BYTES = 1024 * 1024
# What is longer is no name, no value and no line.
MAX_LENGTH = 1024 * 1024


class Bytes(Protocol):
    """Where bytes come from."""

    def read(self, size: int) -> bytes:
        """The next bytes, about ``size`` at most; none at the end."""
        ...


class Tape:
    """``data`` is what is in sight, ``at`` the next byte in it that nobody has read.

    Whoever reads moves ``at`` on.  ``failure`` is why the bytes end too early, where they do.
    """

    def __init__(self, source: Bytes, block_bytes: int = BLOCK_BYTES) -> None:
        self.data = b""
        self.at = 0
        self.ended = False
        self.failure: BrokenFileError | None = None
        self._source = source
        self._block = block_bytes
        self._offset = 0
        self._line = 1
        self._crc = 0
        self._settled = 0
        self._kept: bytearray | None = None
        self._keep_from = 0

    def place(self) -> tuple[int, int, int]:
        """Where it is: the offset of the next byte, its line from 1, the CRC-32 of all before."""
        self._settle()
        return self._offset, self._line, self._crc

    def fill(self, wanted: int) -> bool:
        """Bring ``wanted`` bytes in sight, or all there are; whether there are so many."""
        have = len(self.data) - self.at
        if have >= wanted:
            return True
        if self.ended:
            return False
        self._settle()
        if self._kept is not None:
            self._keep()
            self._keep_from = 0
        pieces = [self.data[self.at :]]
        while have < wanted and (piece := self._read(max(self._block, wanted - have))):
            pieces.append(piece)
            have += len(piece)
        self.data = b"".join(pieces)
        self.at = self._settled = 0
        return have >= wanted

    def skip_to(self, end: bytes) -> bool:
        """Move behind the next ``end``; to the end of all where there is none, and say so."""
        while True:
            found = self.data.find(end, self.at)
            if found >= 0:
                self.at = found + len(end)
                return True
            self.at = max(self.at, len(self.data) - len(end) + 1)
            if not self.fill(len(self.data) - self.at + 1):
                self.at = len(self.data)
                return False

    def keep(self) -> None:
        """Remember the bytes from here on, for :meth:`kept`."""
        self._kept = bytearray()
        self._keep_from = self.at

    def kept(self) -> bytes | None:
        """The bytes from where :meth:`keep` was called up to here; ``None`` for too many."""
        assert self._kept is not None
        if not self._kept:
            kept = self.data[self._keep_from : self.at]
        else:
            self._keep()
            kept = bytes(self._kept)
        self._kept = None
        return kept if len(kept) <= MAX_LENGTH else None

    def forget(self) -> None:
        """Remember nothing."""
        self._kept = None

    def _keep(self) -> None:
        assert self._kept is not None
        room = MAX_LENGTH + 1 - len(self._kept)
        self._kept += self.data[self._keep_from : min(self.at, self._keep_from + room)]

    def _read(self, size: int) -> bytes:
        try:
            data = self._source.read(size)
        except BrokenFileError as error:
            self.failure = error
            data = b""
        self.ended = not data
        return data

    def _settle(self) -> None:
        if self.at > self._settled:
            with memoryview(self.data) as view:
                self._crc = zlib.crc32(view[self._settled : self.at], self._crc)
            self._line += self.data.count(b"\n", self._settled, self.at)
            self._offset += self.at - self._settled
            self._settled = self.at
