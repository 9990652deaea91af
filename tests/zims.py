"""Small ZIM files that tests write: with libzim's own writer, and with one for the old namespaces.

libzim no longer writes the scheme of ``A/`` for articles and ``I/`` for pictures, which most of the
archives in the world still have; its layout is at
https://wiki.openzim.org/wiki/ZIM_file_format_old_namespace.
"""

import hashlib
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

_MAGIC = 72173914
_REDIRECT = 0xFFFF
_NONE = 0xFFFFFFFF
_UNCOMPRESSED, _ZSTD = b"\x01", b"\x05"
_HEADER = struct.Struct("<IHH16sIIQQQQIIQ")


@dataclass(frozen=True)
class File:
    """A file of an archive: a page, unless ``mimetype`` says something else."""

    path: str
    content: bytes | str
    mimetype: str = "text/html"
    title: str | None = None

    @property
    def data(self) -> bytes:
        """What the file consists of."""
        return self.content if isinstance(self.content, bytes) else self.content.encode()


@dataclass(frozen=True)
class Redirect:
    """An entry that leads to another."""

    path: str
    target: str
    title: str | None = None


def picture(path: str, content: bytes, mimetype: str = "image/png") -> File:
    """A picture of an archive."""
    return File(path, content, mimetype)


def write_zim(
    path: Path,
    entries: Sequence[File | Redirect],
    metadata: Mapping[str, str] | None = None,
    main: str | None = None,
) -> Path:
    """Write an archive as libzim writes it now. Paths have no namespace."""
    writer = import_module("libzim.writer")
    base: Any = writer.Item

    class Item(base):  # type: ignore[misc]
        def __init__(self, file: File) -> None:
            super().__init__()
            self._file = file

        def get_path(self) -> str:
            return self._file.path

        def get_title(self) -> str:
            return self._file.path if self._file.title is None else self._file.title

        def get_mimetype(self) -> str:
            return self._file.mimetype

        def get_contentprovider(self) -> Any:
            return writer.StringProvider(self._file.data)

        def get_hints(self) -> dict[Any, int]:
            return {writer.Hint.FRONT_ARTICLE: int(self._file.mimetype == "text/html")}

    creator = writer.Creator(path).config_indexing(False, "eng").config_nbworkers(1)
    if main is not None:
        creator = creator.set_mainpath(main)
    with creator as open_creator:
        for name, value in (metadata or {}).items():
            open_creator.add_metadata(name, value.encode(), "text/plain")
        for entry in entries:
            if isinstance(entry, File):
                open_creator.add_item(Item(entry))
            else:
                title = entry.path if entry.title is None else entry.title
                open_creator.add_redirection(entry.path, title, entry.target, {})
    return path


def write_old_zim(
    path: Path,
    entries: Sequence[File | Redirect],
    metadata: Mapping[str, str] | None = None,
    main: str | None = None,
    *,
    damaged: Collection[str] = (),
    dangling: Collection[str] = (),
) -> Path:
    """Write an archive with the old namespaces. Paths begin with theirs: ``A/…``, ``I/…``.

    The contents of the files ``damaged`` can't be decompressed, the entries of the files
    ``dangling`` have a type that isn't in the archive's list.
    """
    metadata_files = (
        File(f"M/{key}", value, "text/plain") for key, value in (metadata or {}).items()
    )
    everything = sorted((*entries, *metadata_files), key=lambda entry: entry.path.encode())
    numbers = {entry.path: number for number, entry in enumerate(everything)}
    types = sorted({entry.mimetype for entry in everything if isinstance(entry, File)})

    clusters: list[bytes] = []
    dirents: list[bytes] = []
    for entry in everything:
        names = entry.path[2:].encode() + b"\0" + (entry.title or "").encode() + b"\0"
        space = entry.path[:1].encode()
        if isinstance(entry, Redirect):
            head = struct.pack("<HBcII", _REDIRECT, 0, space, 0, numbers[entry.target])
        else:
            kind = 1234 if entry.path in dangling else types.index(entry.mimetype)
            head = struct.pack("<HBcIII", kind, 0, space, 0, len(clusters), 0)
            compression = _ZSTD if entry.path in damaged else _UNCOMPRESSED
            offsets = struct.pack("<II", 8, 8 + len(entry.data))
            clusters.append(compression + offsets + entry.data)
        dirents.append(head + names)

    types_list = b"".join(kind.encode() + b"\0" for kind in types) + b"\0"
    by_title = sorted(
        range(len(everything)),
        key=lambda number: (
            everything[number].path[:2] + (everything[number].title or everything[number].path[2:])
        ).encode(),
    )
    paths_at = _HEADER.size + len(types_list)
    titles_at = paths_at + 8 * len(dirents)
    dirents_at = titles_at + 4 * len(dirents)
    dirent_places = _places(dirents_at, dirents)
    cluster_pointers_at = dirent_places.pop()
    cluster_places = _places(cluster_pointers_at + 8 * len(clusters), clusters)
    end = cluster_places.pop()
    header = _HEADER.pack(
        _MAGIC, 5, 0, hashlib.md5(b"".join(clusters)).digest(), len(everything), len(clusters),
        paths_at, titles_at, cluster_pointers_at, _HEADER.size,
        _NONE if main is None else numbers[main], _NONE, end,
    )  # fmt: skip
    whole = b"".join(
        (
            header,
            types_list,
            struct.pack(f"<{len(dirents)}Q", *dirent_places),
            struct.pack(f"<{len(dirents)}I", *by_title),
            *dirents,
            struct.pack(f"<{len(clusters)}Q", *cluster_places),
            *clusters,
        )
    )
    path.write_bytes(whole + hashlib.md5(whole).digest())
    return path


def _places(start: int, parts: Sequence[bytes]) -> list[int]:
    """Where each part begins, and where the last one ends."""
    places = [start]
    for part in parts:
        places.append(places[-1] + len(part))
    return places
