"""Cellular automata and their kin: simple rules, many times."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from bot.demo.gallery.canvas import encode, from_array, rgb

Cells = npt.NDArray[np.int64]

GOSPER_GUN = (
    "........................O...........",
    "......................O.O...........",
    "............OO......OO............OO",
    "...........O...O....OO............OO",
    "OO........O.....O...OO..............",
    "OO........O...O.OO....O.O...........",
    "..........O.....O.......O...........",
    "...........O...O....................",
    "............OO......................",
)


def _generation(cells: Cells) -> Cells:
    """The next generation of Conway's game; what lies beyond the edge is dead."""
    ring = np.pad(cells, 1)
    height, width = cells.shape
    neighbours: Cells = -cells
    for dy in range(3):
        for dx in range(3):
            neighbours = neighbours + ring[dy : dy + height, dx : dx + width]
    alive = (neighbours == 3) | ((cells == 1) & (neighbours == 2))
    return np.asarray(alive, dtype=np.int64)


def game_of_life() -> bytes:
    """Gosper's glider gun (1970) after 105 generations, four gliders on their way."""
    cells = np.zeros((40, 54), dtype=np.int64)
    for row, text in enumerate(GOSPER_GUN):
        for column, letter in enumerate(text):
            cells[row + 3, column + 3] = letter == "O"
    for _ in range(105):
        cells = _generation(cells)
    unit = 14
    picture = np.kron(cells, np.ones((unit, unit), dtype=np.int64))
    colours = np.where(picture[..., None] == 1, rgb("#111827"), rgb("#f5f1d8"))
    colours[::unit] = colours[:, ::unit] = rgb("#c9c4a8")
    return encode(from_array(colours))


def rule_30() -> bytes:
    """The rule from one black cell, 180 generations."""
    rows, unit = 180, 2
    width = 2 * rows + 1
    row = np.zeros(width, dtype=np.int64)
    row[rows] = 1
    history = []
    for _ in range(rows):
        history.append(row)
        row = np.roll(row, 1) ^ (row | np.roll(row, -1))
    cells = np.kron(np.array(history), np.ones((unit, unit), dtype=np.int64))
    return encode(from_array(np.where(cells[..., None] == 1, rgb("#000000"), rgb("#ffffff"))))


def langtons_ant() -> bytes:
    """The ant after 11,700 steps, on the highway that it builds."""
    black: set[tuple[int, int]] = set()
    x, y, dx, dy = 0, 0, 0, -1
    for _ in range(11_700):
        if (x, y) in black:
            black.remove((x, y))
            dx, dy = dy, -dx
        else:
            black.add((x, y))
            dx, dy = -dy, dx
        x, y = x + dx, y + dy
    unit = 7
    left = min(a for a, _ in black) - 3
    top = min(b for _, b in black) - 3
    right = max(a for a, _ in black) + 4
    bottom = max(b for _, b in black) + 4
    picture = Image.new("RGB", ((right - left) * unit, (bottom - top) * unit), "#ffffff")
    pen = ImageDraw.Draw(picture)
    for a, b in black:
        corner = ((a - left) * unit, (b - top) * unit)
        pen.rectangle((*corner, corner[0] + unit - 2, corner[1] + unit - 2), fill="#1a1a1a")
    spot = ((x - left) * unit, (y - top) * unit)
    pen.rectangle((*spot, spot[0] + unit - 1, spot[1] + unit - 1), fill="#e63946")
    return encode(picture)


def abelian_sandpile() -> bytes:
    """Fourteen thousand grains dropped on one cell, toppled until all is at rest."""
    size = 127
    pile = np.zeros((size, size), dtype=np.int64)
    pile[size // 2, size // 2] = 14_000
    while True:
        fall = pile >> 2
        if not fall.any():
            break
        pile -= 4 * fall
        pile[1:] += fall[:-1]
        pile[:-1] += fall[1:]
        pile[:, 1:] += fall[:, :-1]
        pile[:, :-1] += fall[:, 1:]
    rows = np.flatnonzero(pile.any(axis=1))
    pile = pile[rows[0] - 3 : rows[-1] + 4, rows[0] - 3 : rows[-1] + 4]
    palette = np.array([rgb("#12355b"), rgb("#3fa7d6"), rgb("#fac05e"), rgb("#ee6352")])
    return encode(from_array(np.kron(palette[pile], np.ones((7, 7, 1)))))


def rule_110() -> bytes:
    """The rule from one black cell at the right, 240 generations."""
    rows, unit = 240, 2
    row = np.zeros(rows + 2, dtype=np.int64)
    row[-2] = 1
    history = []
    for _ in range(rows):
        history.append(row)
        left, right = np.roll(row, 1), np.roll(row, -1)
        row = (row | right) ^ (left & row & right)
        row[0] = row[-1] = 0
    cells = np.kron(np.array(history), np.ones((unit, unit), dtype=np.int64))
    return encode(from_array(np.where(cells[..., None] == 1, rgb("#16324f"), rgb("#f7f4ea"))))
