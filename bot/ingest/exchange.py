"""Collections as files, CSV or JSON lines: written, and read back whoever wrote them; pure.

A row is a picture on a page.  In CSV, a text that a spreadsheet would take for a formula has an
apostrophe before it, which reading takes away again: whatever was written is read as it was.
"""

import base64
import csv
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Literal, NamedTuple

from bot.errors import PictureRefusedError, RequestError
from bot.images import LOOK_BYTES
from bot.titles import canonical_title, parse_link
from db.records import ExportRow, NewAppearance

ListFormat = Literal["csv", "jsonl"]

FIELDS = (
    "image_id",
    "dhash",
    "dhash_hex",
    "phash",
    "phash_hex",
    "look",
    "file",
    "title",
    "url",
    "added_at",
)

MOST_ROWS = 10_000
"""Rows of a list that is read."""

MOST_BYTES = 8 * 1024 * 1024
"""Bytes of a list that is read, as it is and unpacked."""

GZIP = b"\x1f\x8b"

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_MARKED_FORMULA = re.compile(r"'+[=+\-@\t\r\n]")
_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_HEX = re.compile(r"0x[0-9a-f]{16}", re.ASCII | re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Cells = Mapping[str, object]


class Refused(NamedTuple):
    """A line that can't be used, counted from 1, and why."""

    line: int
    reason: str


class PictureList(NamedTuple):
    """What a list holds that can be stored, and what of it can't be."""

    appearances: tuple[NewAppearance, ...]
    refused: tuple[Refused, ...]


class _BadRowError(Exception):
    """A row that can't be used; the text says why."""


def head(form: ListFormat) -> bytes:
    """What a file begins with."""
    return (",".join(FIELDS) + "\r\n").encode() if form == "csv" else b""


def body(rows: Iterable[ExportRow], form: ListFormat) -> bytes:
    """Rows as lines of a file."""
    if form == "jsonl":
        lines = (json.dumps(_cells(row), ensure_ascii=False) for row in rows)
        return "".join(f"{line}\n" for line in lines).encode()
    written = StringIO()
    writer = csv.writer(written)
    for row in rows:
        writer.writerow(map(_marked, _cells(row).values()))
    return written.getvalue().encode()


def read_list(data: bytes) -> PictureList:
    """Read a file, CSV or JSON lines, packed with gzip or not.

    Wanted are a title and a dHash (``dhash`` or ``dhash_hex``, and both must agree); ``phash``,
    ``phash_hex``, ``look``, ``file`` and ``url`` may be there; ``image_id`` and ``added_at`` are
    passed over.  Raises :class:`RequestError` for what is no such file, or too large.
    """
    text = _text(_unpacked(data))
    first = text.lstrip()[:1]
    if not first:
        raise RequestError("That file is empty.")
    rows = _json_rows(text) if first == "{" else _csv_rows(text)
    appearances: list[NewAppearance] = []
    refused: list[Refused] = []
    for count, (line, row) in enumerate(rows, start=1):
        if count > MOST_ROWS:
            raise RequestError(
                f"That file has more than {MOST_ROWS:,} rows. Cut it into several; nothing was "
                "added."
            )
        try:
            appearances.append(_appearance(row()))
        except (_BadRowError, RequestError) as error:
            refused.append(Refused(line, str(error)))
    return PictureList(tuple(appearances), tuple(refused))


def _cells(row: ExportRow) -> dict[str, object]:
    return {
        "image_id": row.image_id,
        "dhash": row.dhash,
        "dhash_hex": _hex(row.dhash),
        "phash": row.phash,
        "phash_hex": None if row.phash is None else _hex(row.phash),
        "look": None if row.look is None else base64.b64encode(row.look).decode(),
        "file": row.file,
        "title": row.title,
        "url": row.url,
        "added_at": row.created_at.isoformat(),
    }


def _hex(value: int) -> str:
    return f"0x{value & 0xFFFF_FFFF_FFFF_FFFF:016x}"


def _marked(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _unmarked(value: str) -> str:
    return value[1:] if _MARKED_FORMULA.match(value) else value


def _unpacked(data: bytes) -> bytes:
    if data.startswith(GZIP):
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            data = unpacking.decompress(data, MOST_BYTES + 1)
        except zlib.error:
            raise RequestError("That file is packed with gzip, and damaged.") from None
        if len(data) <= MOST_BYTES and (not unpacking.eof or unpacking.unused_data):
            raise RequestError("That file is packed with gzip, and damaged.")
    if len(data) > MOST_BYTES:
        raise RequestError(
            f"That file is larger than {MOST_BYTES // 2**20} MB. Cut it into several; nothing was "
            "added."
        )
    return data


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RequestError(
            f"That file is no text in UTF-8 (line {line:,}). I take CSV and JSON lines, as my own "
            "export writes them."
        ) from None


def _json_rows(text: str) -> Iterator[tuple[int, Callable[[], Cells]]]:
    # Not by splitlines, which takes signs within a text for ends of lines.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, lambda line=line: _json_row(line)  # type: ignore[misc]


def _json_row(line: str) -> Cells:
    try:
        row = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _BadRowError("it is no JSON") from None
    if not isinstance(row, dict):
        raise _BadRowError("it is no JSON object")
    unknown = next((name for name in row if name not in FIELDS), None)
    if unknown is not None:
        raise _BadRowError(f"there is no field “{unknown[:30]}”")
    return row


def _no_constant(_name: str) -> object:
    raise ValueError("no number")


def _csv_rows(text: str) -> Iterator[tuple[int, Callable[[], Cells]]]:
    first = text.split("\n", 1)[0]
    # Where numbers have a comma in them, spreadsheets part cells by something else.
    part = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(StringIO(text, newline=""), delimiter=part, strict=True)
    try:
        # More names than there are fields are no names; a file may begin with millions of commas.
        names = [name.strip().casefold() for name in next(reader)[: len(FIELDS) + 1]]
        _check_columns(names)
        for row in reader:
            if row:
                yield reader.line_num, lambda row=row: _csv_row(names, row)  # type: ignore[misc]
    except csv.Error:
        raise RequestError(
            f"That file is no CSV: line {reader.line_num:,} can't be read. Nothing was added."
        ) from None


def _check_columns(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in FIELDS]
    missing = "title" not in names or not {"dhash", "dhash_hex"} & set(names)
    if unknown or missing or len(set(names)) < len(names):
        raise RequestError(
            "The first line of a CSV names its columns, each once. There must be `title` and "
            f"`dhash` (or `dhash_hex`), and there may be: {', '.join(FIELDS)}."
        )


def _csv_row(names: Sequence[str], row: Sequence[str]) -> Cells:
    if len(row) != len(names):
        raise _BadRowError(f"it has {len(row)} cells, and there are {len(names)} columns")
    return {name: _unmarked(cell) or None for name, cell in zip(names, row, strict=True)}


def _appearance(cells: Cells) -> NewAppearance:
    """A row that can be stored. Raises :class:`_BadRowError` or :class:`RequestError`."""
    dhash = _hash(cells, "dhash")
    if dhash is None:
        raise _BadRowError("there is no dhash")
    title, url, file = (_word(cells, name) for name in ("title", "url", "file"))
    if title is None:
        raise _BadRowError("there is no title")
    if file is not None and _CONTROLS.search(file):
        raise _BadRowError("the file's name is not one line of text")
    try:
        return NewAppearance(
            dhash,
            _hash(cells, "phash"),
            file,
            canonical_title(title),
            None if url is None else parse_link(url),
            _look(cells),
        )
    except PictureRefusedError as error:
        raise _BadRowError(error.sentence) from None


def _word(cells: Cells, name: str) -> str | None:
    value = cells.get(name)
    if value is not None and not isinstance(value, str):
        raise _BadRowError(f"{name} is no text")
    return value or None


def _hash(cells: Cells, name: str) -> int | None:
    number = _number(cells.get(name), name)
    written = _word(cells, f"{name}_hex")
    if written is None:
        return number
    if not _HEX.fullmatch(written):
        raise _BadRowError(f"{name}_hex is not 0x and 16 digits")
    bits = int(written, 16)
    value = bits - (1 << 64) if bits >> 63 else bits
    if number is not None and number != value:
        raise _BadRowError(
            f"{name} and {name}_hex differ; spreadsheets round large numbers, so leave {name} out"
        )
    return value


def _number(value: object, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise _BadRowError(f"{name} is no whole number of 64 bits")
    return value


def _look(cells: Cells) -> bytes | None:
    written = _word(cells, "look")
    if written is None:
        return None
    try:
        look = base64.b64decode(written, validate=True)
    except ValueError:
        raise _BadRowError("look is no base64") from None
    if len(look) != LOOK_BYTES:
        raise _BadRowError(f"look has {len(look)} bytes, and must have {LOOK_BYTES}")
    return look
