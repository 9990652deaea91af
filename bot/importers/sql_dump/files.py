"""The bytes of a file, or of standard input, unpacked while they are read."""

import bz2
import io
import lzma
import os
import select
import stat
import sys
import zlib
from pathlib import Path
from threading import Event
from typing import BinaryIO, Protocol

import zstandard

from bot.errors import ConfigurationError

STDIN = "-"

# Little enough that what one piece unpacks to fits in memory, whatever it is: zstandard can't be
# told to stop, and unpacks 4 bytes to 128 KB at most.
_PIECE = 16 * 1024
_ZSTANDARD_PIECE = 512
_LONGEST_MAGIC = 6

# How soon a reader that waits for a pipe notices that it is to stop, in seconds.
_PATIENCE = 0.2


class BrokenFileError(Exception):
    """The file can't be read to its end. The text says why, as the end of a sentence."""

    def __init__(self, reason: str, *, cut_off: bool) -> None:
        super().__init__(reason)
        self.cut_off = cut_off


class _Unpacker(Protocol):
    """One stream, member or frame of a compressed file."""

    @property
    def eof(self) -> bool:
        """Whether its end was reached."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was given beyond its end."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether it gives nothing more before it is given more."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """The next bytes, at most ``max_length`` where that can be had."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._object = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, max_length)


class _Zstandard:
    needs_input = True

    def __init__(self) -> None:
        self._object = zstandard.ZstdDecompressor().decompressobj()

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._object.decompress(data)


class DumpFile:
    """A file that is open: the bytes it unpacks to, and how far it is read.

    What packed it is told by its first bytes: gzip, bzip2, xz or Zstandard; anything else is given
    as it is.  Setting ``stopped`` has a reader that waits for a pipe, in another thread, give up.
    Opening raises :class:`ConfigurationError` for what can't be opened.
    """

    def __init__(self, path: str, stopped: Event | None = None) -> None:
        self.location = STDIN if path == STDIN else str(Path(path).absolute())
        self._file = _open(path)
        self._pipe = _pipe(self._file)
        self._stopped = stopped or Event()
        self.total_bytes = _size(self._file) if path != STDIN else None
        self.done_bytes = 0
        self._packing: str | None = None
        self._unpacker: _Unpacker | None = None
        self._waiting = b""
        try:
            self._recognise()
        except BrokenFileError as error:
            self.close()
            raise ConfigurationError(f"{path} can't be read: {error}.") from None

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.location != STDIN:
            self._file.close()

    def read(self, size: int) -> bytes:
        """The next bytes, about ``size`` at most; none at the end.

        Raises :class:`BrokenFileError` when the file is cut off, damaged, or can't be read, once
        all before that has been given.
        """
        if self._unpacker is None:
            waiting, self._waiting = self._waiting, b""
            return waiting or self._raw(size)
        try:
            return self._unpacked(self._unpacker, size)
        except (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError) as error:
            # OSError is also what bz2 says of damage.
            raise BrokenFileError(
                f"{self._packing} can't unpack it ({error})", cut_off=False
            ) from None

    def _unpacked(self, unpacker: _Unpacker, size: int) -> bytes:
        while True:
            if unpacker.eof:
                rest = self._between(unpacker.unused_data)
                if not rest:
                    return b""
                unpacker = self._unpacker = self._next_unpacker()
                self._waiting = rest
            data, self._waiting = self._waiting, b""
            ended = False
            if not data and unpacker.needs_input:
                data = self._piece()
                ended = not data
            out = unpacker.decompress(data, size)
            if out:
                return out
            if ended and not unpacker.eof:
                raise BrokenFileError(f"its {self._packing} data have no end", cut_off=True)

    def _between(self, rest: bytes) -> bytes:
        # gzip and xz files may be filled up with zero bytes.
        while not (rest := rest.lstrip(b"\0")):
            rest = self._piece()
            if not rest:
                break
        return rest

    def _piece(self) -> bytes:
        return self._raw(_ZSTANDARD_PIECE if self._packing == "Zstandard" else _PIECE)

    def _raw(self, size: int) -> bytes:
        try:
            if self._pipe is None:
                data = self._file.read(size)
            else:
                data = self._read_pipe(self._pipe, size)
        except OSError as error:
            raise BrokenFileError(error.strerror or "it can't be read", cut_off=False) from None
        self.done_bytes += len(data)
        return data

    def _read_pipe(self, pipe: int, size: int) -> bytes:
        # Nothing ends a thread that is in read(), so it waits outside of it.
        while not select.select([pipe], [], [], _PATIENCE)[0]:
            if self._stopped.is_set():
                raise BrokenFileError("the program is being stopped", cut_off=False)
        return os.read(pipe, size)

    def _recognise(self) -> None:
        start = self._raw(_LONGEST_MAGIC)
        # A pipe may give less than it is asked for.
        while len(start) < _LONGEST_MAGIC and (more := self._raw(_LONGEST_MAGIC - len(start))):
            start += more
        self._waiting = start
        if start.startswith(b"\x1f\x8b"):
            self._packing = "gzip"
        elif start.startswith(b"BZh"):
            self._packing = "bzip2"
        elif start.startswith(b"\xfd7zXZ\x00"):
            self._packing = "xz"
        elif start.startswith(b"\x28\xb5\x2f\xfd") or (
            # A frame to be skipped, as some programs write before the first one.
            start[1:4] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50
        ):
            self._packing = "Zstandard"
        if self._packing is not None:
            self._unpacker = self._next_unpacker()

    def _next_unpacker(self) -> _Unpacker:
        match self._packing:
            case "gzip":
                return _Gzip()
            case "bzip2":
                return bz2.BZ2Decompressor()
            case "xz":
                return lzma.LZMADecompressor(lzma.FORMAT_XZ)
        return _Zstandard()


def _open(path: str) -> BinaryIO:
    if path == STDIN:
        return sys.stdin.buffer
    try:
        if Path(path).is_dir():
            if (Path(path) / "toc.dat").exists():
                raise ConfigurationError(archive_advice(path))
            raise ConfigurationError(f"{path} is a folder. Give the file that pg_dump wrote.")
        return Path(path).open("rb", buffering=io.DEFAULT_BUFFER_SIZE * 8)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{path} can't be opened: {reason}.") from None


def _pipe(file: BinaryIO) -> int | None:
    """The descriptor of what may keep its reader waiting: a pipe, a socket, a terminal."""
    try:
        descriptor = file.fileno()
    except OSError:
        return None
    mode = os.fstat(descriptor).st_mode
    return descriptor if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode) else None


def archive_advice(path: str) -> str:
    """What to say of an archive that only pg_restore can read."""
    return (
        f"{path} is an archive of pg_dump, not SQL. Let pg_restore unpack it: "
        f"pg_restore -f - {'FILE' if path == STDIN else path} | whereis-bot import dump -"
    )


def _size(file: BinaryIO) -> int | None:
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None
