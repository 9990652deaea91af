"""Damage to a file: where it hurts (its lengths, counts and sizes), and anywhere."""

import random
import zlib
from collections.abc import Callable, Sequence

from tests.fuzz.structure import Field, layout_of

MOST_BYTES = 512 * 1024

_PNG = b"\x89PNG\r\n\x1a\n"

# Where signs, shifts and sums go wrong.
_BOUNDARIES = (0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 127, 128, 255, 256, 257)
_LARGE = (0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def damage(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    """``data`` with something done to it, once or several times; ``others`` lend their parts.

    The result depends on the arguments and the state of ``dice`` alone.
    """
    for _ in range(dice.choice((1, 1, 1, 1, 2, 2, 3, 4, 8))):
        way = dice.choices(_WAYS, _WEIGHTS)[0]
        data = way(data, dice, others)[:MOST_BYTES] or data[:1]
    # A reader that finds the checksum wrong looks no further, so most files get a right one.
    return mended_png(data) if data.startswith(_PNG) and dice.random() < 0.9 else data


def _flip(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    at = dice.randrange(len(changed))
    length = min(dice.choice((1, 2, 4, 8, 32)), len(changed) - at)
    value = dice.choice((b"\0", b"\xff", b"\x7f", b"\x80", dice.randbytes(1)))
    changed[at : at + length] = dice.choice((value * length, dice.randbytes(length)))
    return bytes(changed)


def _cut_off(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    return data[: dice.randrange(1, len(data) + 1)]


def _cut_out(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    start, end = _span(data, dice)
    return data[:start] + data[end:]


def _put_in(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.randbytes(dice.choice((1, 2, 4, 16, 100))) + data[at:]


def _repeat(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    start, end = _span(data, dice)
    return data[:end] + data[start:end] * dice.choice((1, 2, 8, 64)) + data[end:]


def _splice(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    other = dice.choice(others)
    if dice.random() < 0.5:
        mine, theirs = layout_of(data).blocks, layout_of(other).blocks
        if mine and theirs:
            return data[: dice.choice(mine)[0]] + other[dice.choice(theirs)[0] :]
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other)) :]


def _set_field(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    fields = layout_of(data).fields
    if not fields:
        return _overwrite(data, dice, others)
    one = dice.choice(fields)
    return _with_field(data, one, _value(data, one, dice))


def _set_anything(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    """A boundary value where nobody said that there is a number."""
    size = dice.choice((1, 2, 4))
    if len(data) < size:
        return data
    one = Field(dice.randrange(len(data) - size + 1), size, dice.choice(("big", "little")))
    return _with_field(data, one, _value(data, one, dice))


def _drop_block(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    blocks = layout_of(data).blocks
    if not blocks:
        return _cut_out(data, dice, others)
    start, end = dice.choice(blocks)
    return data[:start] + data[end:]


def _double_block(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    blocks = layout_of(data).blocks
    if not blocks:
        return _repeat(data, dice, others)
    start, end = dice.choice(blocks)
    at = dice.choice(blocks)[dice.randrange(2)]
    return data[:at] + data[start:end] * dice.choice((1, 1, 2, 30)) + data[at:]


def _swap_blocks(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    blocks = layout_of(data).blocks
    if len(blocks) < 2:
        return _flip(data, dice, others)
    (start, end), (later, last) = sorted(dice.sample(blocks, 2))
    if later < end:
        return data[:start] + data[later:last] + data[end:]
    return data[:start] + data[later:last] + data[end:later] + data[start:end] + data[last:]


def _borrow_block(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    other = dice.choice(others)
    mine, theirs = layout_of(data).blocks, layout_of(other).blocks
    if not mine or not theirs:
        return _splice(data, dice, others)
    at = dice.choice(mine)[dice.randrange(2)]
    start, end = dice.choice(theirs)
    return data[:at] + other[start:end] + data[at:]


def _repack(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    """Damage within the compressed part of a PNG, which other damage makes unreadable at once."""
    chunks = _chunks(data) if data.startswith(_PNG) else []
    packed = b"".join(body for name, body in chunks if name == b"IDAT")
    try:
        rows = zlib.decompressobj().decompress(packed, MOST_BYTES)
    except zlib.error:
        rows = b""
    if not rows:
        return _set_field(data, dice, others)
    way = dice.choice((_flip, _overwrite, _cut_off, _put_in, _repeat))
    changed = zlib.compress(way(rows, dice, others), dice.choice((0, 1, 9)))
    kept = [(name, body) for name, body in chunks if name not in (b"IDAT", b"IEND")]
    return _PNG + b"".join(
        _chunk(name, body) for name, body in [*kept, (b"IDAT", changed), (b"IEND", b"")]
    )


Way = Callable[[bytes, random.Random, Sequence[bytes]], bytes]
_WEIGHED: tuple[tuple[Way, int], ...] = (
    (_set_field, 30),
    (_flip, 12),
    (_set_anything, 10),
    (_overwrite, 8),
    (_borrow_block, 6),
    (_double_block, 6),
    (_drop_block, 6),
    (_swap_blocks, 5),
    (_cut_off, 5),
    (_splice, 5),
    (_cut_out, 3),
    (_put_in, 3),
    (_repeat, 3),
    (_repack, 3),
)
_WAYS = [way for way, _ in _WEIGHED]
_WEIGHTS = [weight for _, weight in _WEIGHED]


def _span(data: bytes, dice: random.Random) -> tuple[int, int]:
    start = dice.randrange(len(data))
    return start, min(len(data), start + dice.choice((1, 2, 4, 13, 64, 1000)))


def _value(data: bytes, one: Field, dice: random.Random) -> int:
    before = int.from_bytes(data[one.at : one.at + one.size], one.order)
    near = (before - 1, before + 1, before * 2, before // 2, -before, len(data), len(data) - one.at)
    return dice.choice(
        (
            dice.choice(_BOUNDARIES),
            dice.choice(_LARGE),
            dice.choice(near),
            dice.getrandbits(8 * one.size),
        )
    )


def _with_field(data: bytes, one: Field, value: int) -> bytes:
    kept = value % (1 << 8 * one.size)
    return data[: one.at] + kept.to_bytes(one.size, one.order) + data[one.at + one.size :]


def mended_png(data: bytes) -> bytes:
    """A PNG with the checksum of each chunk put right, as far as the lengths lead."""
    at = len(_PNG)
    changed = bytearray(data)
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        changed[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(changed)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    for start, end in layout_of(data).blocks:
        found.append((data[start + 4 : start + 8], data[start + 8 : max(end - 4, start + 8)]))
    return found


def _chunk(name: bytes, body: bytes) -> bytes:
    sum_ = zlib.crc32(name + body)
    return len(body).to_bytes(4, "big") + name + body + sum_.to_bytes(4, "big")
