"""Where in a picture the picture is: borders around it, and interfaces that show it.

All take pixels of shape (height, width, 3), 0…255, best of a picture shrunk to a few hundred, and
give boxes (left, top, right, bottom) in those pixels, right and bottom not included.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Bits = NDArray[np.bool_]

# Three planes of one colour each, of shape (3, lines, pixels of a line): contiguous bytes are
# compared many at once.
Planes = NDArray[np.uint8]

Box = tuple[int, int, int, int]

# A line belongs to a border when so much of it is within so many levels of one colour.
_TOLERANCE = 20
_SHARE = 0.97
_ROUNDS = 3

# What is left has to be at least this share of the sides.
_LEAST_SIDE = 0.12
_LEAST_PIXELS = 24
_LEAST_AREA = 0.02
_MOST_RATIO = 6.0

# A colour is ground when it covers so much of a region.  Colours are told apart in steps of 8.
_GROUND = 0.03
_EDGE = 0.03  # of the pixels at the edge
_STEP = 3  # bits
_BITS = 8 - _STEP
_LEVELS = 1 << _BITS

_GAP = 2  # lines of ground that part two things
_DEPTH = 5

# Bars and bands take at least, and at most, so much of the height or width.
_LEAST_BAND = 0.04
_MOST_BAR = 0.48
_BAR_GROUND = 0.35  # of a line of text is the bar's own colour

_BLUR = 0.6  # the most detail that blurred bands have, of that in the middle
_SEAM = 1.4  # times as much as between other lines
_SEAMS = 6  # are looked at

_SAME = 0.93  # of their union: two boxes are one

MOST = 6


def borders(pixels: Pixels) -> list[Box]:
    """What is left without borders of any colour, the outermost first; empty where there are none.

    A border may have a colour of its own on each side.  Within it may be another one, or the plain
    ground of the picture itself: so what is left after each is given, up to three.  The corners of
    what a border surrounds may be rounded.
    """
    return _borders(_planes(pixels), _ROUNDS)


def proposals(pixels: Pixels) -> list[Box]:
    """At most six boxes that may be a picture within the picture, the likeliest first.

    They are found as what is below or above a bar of text, as what is sharp between what is
    blurred, and as things that ground parts from others, as in screenshots of chats.
    """
    planes = _planes(pixels)
    whole = _whole(planes)
    if min(whole[2:]) < _LEAST_PIXELS:
        return []
    area = float(_area(whole))
    found: list[tuple[float, Box]] = [(area, box) for box in (*_sharp(planes), *_barless(planes))]
    for mask, box in _things(planes):
        if not _large_enough(box, whole):
            continue
        left, top, right, bottom = box
        score = float(np.count_nonzero(mask[top:bottom, left:right]))
        found.append((score, box))
        for inner in _borders(planes[:, top:bottom, left:right], 1):
            moved = (left + inner[0], top + inner[1], left + inner[2], top + inner[3])
            found.append((score * 0.99, moved))
    chosen: list[Box] = []
    for _, box in sorted(found, key=lambda one: -one[0]):
        if all(overlap(box, other) < _SAME for other in (whole, *chosen)) and _large_enough(
            box, whole
        ):
            chosen.append(box)
    return chosen[:MOST]


def overlap(one: Box, other: Box) -> float:
    """How much of what either covers both do, 0…1."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    both = across * down
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _planes(pixels: Pixels) -> Planes:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _whole(planes: Planes) -> Box:
    _, height, width = planes.shape
    return (0, 0, width, height)


def _large_enough(box: Box, whole: Box) -> bool:
    across, down = box[2] - box[0], box[3] - box[1]
    if min(across, down) < _LEAST_PIXELS or max(across, down) > _MOST_RATIO * min(across, down):
        return False
    wide = across >= _LEAST_SIDE * whole[2] and down >= _LEAST_SIDE * whole[3]
    return wide and across * down >= _LEAST_AREA * _area(whole)


def _borders(planes: Planes, rounds: int) -> list[Box]:
    whole = box = _whole(planes)
    found: list[Box] = []
    for _ in range(rounds):
        trimmed = _trimmed(planes, box)
        if trimmed == box or not _large_enough(trimmed, whole):
            break
        box = trimmed
        found.append(box)
    return found


def _trimmed(planes: Planes, box: Box) -> Box:
    left, top, right, bottom = box
    part = planes[:, top:bottom, left:right]
    above, below = _depth(part), _depth(part[:, ::-1])
    if above + below >= bottom - top:
        return box
    top, bottom = top + above, bottom - below
    part = planes[:, top:bottom, left:right].swapaxes(1, 2)
    before, behind = _depth(part), _depth(part[:, ::-1])
    if before + behind >= right - left:
        return box
    return (left + before, top, right - behind, bottom)


def _depth(lines: Planes) -> int:
    """How many lines from the first on belong to a border."""
    count: int = lines.shape[1]
    enough = _SHARE * lines.shape[2]
    colour = _colour(lines[:, 0])
    start, step = 0, 4
    while start < count:
        near = _sums(_near(lines[:, start : start + step], colour), 1)
        inside = np.flatnonzero(near < enough)
        if len(inside):
            depth: int = start + int(inside[0])
            # The line at the edge is a blend of both.
            return depth + 1 if depth else 0
        start, step = start + step, 32
    return count


def _colour(line: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The median of each channel of a line, of shape (3, n)."""
    middle = line.shape[1] // 2
    return np.asarray(np.partition(line, middle, axis=1)[:, middle])


def _near(lines: Planes, colour: NDArray[np.uint8]) -> Bits:
    """Which pixels are within the tolerance of a colour in all channels."""
    levels = colour.astype(np.int16)
    least = np.maximum(levels - _TOLERANCE, 0)
    wide = np.minimum(levels + _TOLERANCE, 255) - least
    # What is below the least wraps around to what is far above.
    above = lines - least.astype(np.uint8)[:, None, None]
    red, green, blue = above <= wide.astype(np.uint8)[:, None, None]
    red &= green
    red &= blue
    return np.asarray(red)


def _sums(bits: NDArray[Any], axis: int) -> NDArray[np.uint32]:
    """How many there are along an axis of what takes a byte each."""
    return np.asarray(np.add.reduce(bits.view(np.uint8), axis=axis, dtype=np.uint32))


def _barless(planes: Planes) -> list[Box]:
    """What is left without a bar of text at the top, at the bottom, or both."""
    _, height, width = planes.shape
    above, below = _bar(planes), _bar(planes[:, ::-1])
    boxes = []
    if above and below and above + below < height:
        boxes.append((0, above, width, height - below))
    if above:
        boxes.append((0, above, width, height))
    if below:
        boxes.append((0, 0, width, height - below))
    return boxes


def _bar(lines: Planes) -> int:
    """How many lines a bar of text has that begins at the first line; 0 where there is none."""
    _, count, _ = lines.shape
    colour = _colour(lines[:, 0])
    # Most pictures have none, and few lines are enough to see that.
    least = math.ceil(_LEAST_BAND * count)
    if not _of_bar(lines[:, :least], colour).all():
        return 0
    over = np.flatnonzero(~_of_bar(lines[:, : int(_MOST_BAR * count)], colour))
    return int(over[0]) + 1 if len(over) else 0


def _of_bar(lines: Planes, colour: NDArray[np.uint8]) -> Bits:
    """Which lines have a bar's colour at both ends, and enough of it between its letters."""
    near = _near(lines, colour)
    length = near.shape[1]
    ends = max(2, length // 60)
    ground = near[:, :ends].all(axis=1) & near[:, -ends:].all(axis=1)
    return np.asarray(ground & (_sums(near, 1) >= _BAR_GROUND * length))


def _things(planes: Planes) -> Iterator[tuple[Bits, Box]]:
    """What is not ground, parted by lines of ground; then the same with what one may be in."""
    whole = _whole(planes)
    codes = _codes(planes)
    waiting = [whole]
    for round_ in range(2):
        found: list[Box] = []
        for box in waiting:
            left, top, right, bottom = box
            part = codes[top:bottom, left:right]
            mask = np.zeros(codes.shape, np.bool_)
            mask[top:bottom, left:right] = _figure(part).take(part)
            for thing in _parted(mask, box, 0):
                yield mask, thing
                found.append(thing)
        found.sort(key=_area, reverse=True)
        waiting = [box for box in found[:2] if _large_enough(box, whole) and round_ == 0]


def _codes(planes: Planes) -> NDArray[np.uint16]:
    """One number for a colour: five bits each of red, green and blue."""
    red, green, blue = planes >> _STEP
    codes: NDArray[np.uint16] = red.astype(np.uint16)
    for channel in (green, blue):
        codes <<= _BITS
        codes |= channel
    return codes


def _figure(codes: NDArray[np.uint16]) -> Bits:
    """For each colour, whether it is no ground.

    Ground is what is common and seen at the edge, and the colours next to it.
    """
    counts = np.bincount(codes[::2, ::2].ravel(), minlength=_LEVELS**3)
    edges = (codes[:2], codes[-2:], codes[:, :2], codes[:, -2:])
    edge = np.concatenate([lines.ravel() for lines in edges])
    common = np.flatnonzero(counts >= _GROUND * counts.sum())
    table = np.ones((_LEVELS,) * 3, np.bool_)
    for code in common.tolist():
        if np.count_nonzero(edge == code) < _EDGE * len(edge):
            continue
        around = (
            slice(max(0, level - 1), level + 2)
            for level in (code // _LEVELS**2, code // _LEVELS % _LEVELS, code % _LEVELS)
        )
        table[tuple(around)] = False
    return table.ravel()


def _parted(mask: Bits, box: Box, depth: int) -> Iterator[Box]:
    """Cut by empty rows, then by empty columns, and so on, until nothing can be cut."""
    left, top, right, bottom = box
    axis = 1 - depth % 2
    part = mask[top:bottom, left:right]
    used = _sums(part, axis) > max(1, part.shape[axis] // 100)
    pieces = list(_runs(used))
    for start, end in pieces:
        piece = (
            (left, top + start, right, top + end)
            if axis
            else (left + start, top, left + end, bottom)
        )
        if min(piece[2] - piece[0], piece[3] - piece[1]) < _LEAST_PIXELS:
            continue
        whole = depth >= 1 and len(pieces) == 1 and piece == box
        if whole or depth >= _DEPTH:
            yield piece
        else:
            yield from _parted(mask, piece, depth + 1)


def _runs(used: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where runs of true begin and end; shorter gaps than ``_GAP`` do not part them."""
    places = np.flatnonzero(used)
    if not len(places):
        return
    cuts = np.flatnonzero(np.diff(places) > _GAP)
    starts = places[np.concatenate([[0], cuts + 1])]
    ends = places[np.concatenate([cuts, [len(places) - 1]])] + 1
    yield from zip(starts.tolist(), ends.tolist(), strict=True)


def _sharp(planes: Planes) -> list[Box]:
    """What is sharp in the middle between two blurred bands, above and below it or on both sides.

    A seam shows as a line that differs from the one before it all along, on both sides at the same
    distance from the edge.
    """
    grey = planes[1]
    height, width = grey.shape
    boxes: list[Box] = []
    above = _between(grey)
    if above:
        boxes.append((0, above, width, height - above))
    before = _between(grey.T)
    if before:
        boxes.append((before, 0, width - before, height))
    return boxes


def _between(lines: NDArray[np.uint8]) -> int:
    """How many lines each of two blurred bands has, at the first and at the last line; or 0."""
    count = len(lines)
    least, most = max(2, int(_LEAST_BAND * count)), int(_MOST_BAR * count)
    steps = _means(np.maximum(lines[1:], lines[:-1]) - np.minimum(lines[1:], lines[:-1])) + 0.5
    seams = steps / np.median(steps)
    # What is not quite in the middle is one line off.
    wide = np.maximum(seams, np.maximum(np.roll(seams, 1), np.roll(seams, -1)))
    both = np.minimum(seams[least:most], wide[::-1][least:most])
    places = [place for place in np.argsort(both)[-_SEAMS:].tolist() if both[place] >= _SEAM]
    if not places:
        return 0
    levels = lines.astype(np.int16)
    along = levels[:, 1:] - levels[:, :-1]
    detail = _means(np.abs(along[:, 1:] - along[:, :-1]))
    best, chosen = 0.0, 0
    for place in places:
        at = least + place + 1
        if at + 1 >= count - at - 1:
            continue
        outside = max(detail[: at - 1].mean(), detail[count - at + 1 :].mean())
        inside = detail[at + 1 : count - at - 1].mean()
        score = float(both[place] * inside / (outside + 0.2))
        if outside < _BLUR * inside and score > best:
            best, chosen = score, at
    return chosen


def _means(lines: NDArray[Any]) -> NDArray[np.float32]:
    """The mean of each line; a product is several times as fast as a sum."""
    length = lines.shape[1]
    return np.asarray(lines.astype(np.float32) @ np.full(length, 1 / length, np.float32))
