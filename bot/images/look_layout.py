"""What the 45 bytes of a *look* are: the second look at two pictures whose hashes are near.

Nothing is loaded for this module, so that whoever compares looks needs no decoder.

* bytes 0…31, the **grid**: how light each of 8 × 8 cells is, row by row, 4 bits each, the first
  cell in the upper half of the first byte.  From the levels of the 32 × 32 picture that pHash looks
  at: ``g = (mean of the cell - mean of all) / max(deviation, 4) / 0.35``, rounded (halves to the
  even number) and clipped to -8…7.  *Deviation* is the standard deviation of the 64 means.
* bytes 32…43, the **colour**: Cb and Cr (ITU-R BT.601, as in JPEG, without the 128) of 4 × 4
  cells, row by row, Cb before Cr, 3 bits each, the first bit the highest.  ``c = C / 14``, rounded
  and clipped to -4…3.  A picture in grey has nothing but zeros there.
* byte 44, the **shape**: ``32 · log2(width / height)``, rounded and clipped to -127…127.

All numbers are in two's complement.
"""

from typing import NamedTuple

GRID_SIDE = 8
GRID_BITS = 4
GRID_STEP = 0.35
"""Standard deviations that one step of the grid stands for."""

LEAST_DEVIATION = 4.0
"""Levels; what varies less is not stretched to a whole deviation."""

COLOUR_SIDE = 4
COLOUR_BITS = 3
COLOUR_STEP = 14
"""Levels of Cb and Cr that one step stands for."""

SHAPE_STEPS = 32
"""Steps in which the shape counts a doubling of width over height."""

GRID_CELLS = GRID_SIDE * GRID_SIDE
COLOUR_VALUES = COLOUR_SIDE * COLOUR_SIDE * 2
GRID_BYTES = GRID_CELLS * GRID_BITS // 8
COLOUR_BYTES = COLOUR_VALUES * COLOUR_BITS // 8
LOOK_BYTES = GRID_BYTES + COLOUR_BYTES + 1


class Look(NamedTuple):
    """A look in numbers: 64 of the grid, 32 of colour (Cb, Cr, Cb, …), and the shape, in steps."""

    grid: tuple[int, ...]
    colour: tuple[int, ...]
    shape: int


def pack(look: Look) -> bytes:
    """The bytes of a look. Raises :class:`ValueError` for numbers that do not fit."""
    if len(look.grid) != GRID_CELLS or len(look.colour) != COLOUR_VALUES:
        raise ValueError("a look has 64 cells and 32 values of colour")
    grid = _joined(look.grid, GRID_BITS).to_bytes(GRID_BYTES, "big")
    colour = _joined(look.colour, COLOUR_BITS).to_bytes(COLOUR_BYTES, "big")
    return grid + colour + _joined((look.shape,), 8).to_bytes(1, "big")


def unpack(look: bytes) -> Look:
    """The numbers of a look. Raises :class:`ValueError` for anything but 45 bytes."""
    if len(look) != LOOK_BYTES:
        raise ValueError(f"a look has {LOOK_BYTES} bytes")
    grid = int.from_bytes(look[:GRID_BYTES], "big")
    colour = int.from_bytes(look[GRID_BYTES:-1], "big")
    return Look(
        _parted(grid, GRID_CELLS, GRID_BITS),
        _parted(colour, COLOUR_VALUES, COLOUR_BITS),
        _parted(look[-1], 1, 8)[0],
    )


def _joined(values: tuple[int, ...], bits: int) -> int:
    half = 1 << (bits - 1)
    joined = 0
    for value in values:
        if not -half <= value < half:
            raise ValueError(f"{value} takes more than {bits} bits")
        joined = joined << bits | value & (2 * half - 1)
    return joined


def _parted(joined: int, count: int, bits: int) -> tuple[int, ...]:
    half = 1 << (bits - 1)
    places = range((count - 1) * bits, -1, -bits)
    # Adding half and taking it away again brings the upper half of the numbers below zero.
    return tuple(((joined >> place & (2 * half - 1)) ^ half) - half for place in places)
