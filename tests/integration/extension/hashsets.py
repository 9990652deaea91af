"""Sets of hashes that are hard on an index, each in its own way."""

import random
from collections.abc import Callable
from functools import cache

from PIL import Image

from bot.images.hashes import dhash
from tests.drawing import draw

Bits = list[int]

WORD = (1 << 64) - 1


def signed(bits: int) -> int:
    """64 bits as PostgreSQL's bigint has them."""
    return bits - (1 << 64) if bits >> 63 else bits


def distance(a: int, b: int) -> int:
    """In how many bits two bigints differ, the obvious way."""
    return ((a ^ b) & WORD).bit_count()


def uniform(dice: random.Random, size: int) -> Bits:
    return [dice.getrandbits(64) for _ in range(size)]


def clustered(dice: random.Random, size: int) -> Bits:
    """A few centers, and copies of them with up to six bits changed."""
    centers = uniform(dice, 12)
    return [_changed(dice, dice.choice(centers), dice.randint(0, 6)) for _ in range(size)]


def all_equal(dice: random.Random, size: int) -> Bits:
    return [dice.getrandbits(64)] * size


def nearly_all_equal(dice: random.Random, size: int) -> Bits:
    """One hash, and now and then one that differs from it by a single bit."""
    hash_ = dice.getrandbits(64)
    return [_changed(dice, hash_, int(dice.random() < 0.02)) for _ in range(size)]


def sequential(dice: random.Random, size: int) -> Bits:
    start = dice.getrandbits(64)
    return [(start + step) & WORD for step in range(size)]


def sparse(dice: random.Random, size: int) -> Bits:
    """Of pictures that are flat nearly everywhere: few bits are set, in few places."""
    places = dice.sample(range(64), 20)
    return [sum(1 << place for place in dice.sample(places, 3)) for _ in range(size)]


def extremes(dice: random.Random, size: int) -> Bits:
    """All zeros, all ones, the sign alone, and their neighbours."""
    corners = [0, WORD, 1 << 63, WORD >> 1]
    return [_changed(dice, dice.choice(corners), dice.randint(0, 2)) for _ in range(size)]


def correlated(dice: random.Random, size: int) -> Bits:
    """Bits that go together in groups of eight, as those of gradients do."""
    made = []
    for _ in range(size):
        bits = sum((255 << 8 * group) * dice.getrandbits(1) for group in range(8))
        made.append(_changed(dice, bits, dice.randint(0, 8)))
    return made


def repeated(dice: random.Random, size: int) -> Bits:
    """Few hashes that are everywhere, and many that are met once or twice."""
    hashes = uniform(dice, size)
    return [hashes[min(int(dice.paretovariate(0.3)), size) - 1] for _ in range(size)]


def drawn(dice: random.Random, size: int) -> Bits:
    """dHashes of pictures, of pieces of clipart on white, and of what re-encoding makes of both."""
    hashes = []
    for _ in range(min(size, 200)):
        picture = draw(dice.getrandbits(32), (36, 32))
        if dice.random() < 0.5:
            picture = picture.crop((0, 0, dice.randint(3, 20), dice.randint(3, 20)))
            sheet = Image.new("RGB", (36, 32), "white")
            sheet.paste(picture, (dice.randint(0, 12), dice.randint(0, 12)))
            picture = sheet
        hashes.append(dhash(picture.convert("L")) & WORD)
    return [_changed(dice, dice.choice(hashes), dice.choice((0, 0, 1, 3))) for _ in range(size)]


def _changed(dice: random.Random, bits: int, count: int) -> int:
    for place in dice.sample(range(64), count):
        bits ^= 1 << place
    return bits


ALL: dict[str, Callable[[random.Random, int], Bits]] = {
    made.__name__: made
    for made in (
        uniform,
        clustered,
        all_equal,
        nearly_all_equal,
        sequential,
        sparse,
        extremes,
        correlated,
        repeated,
        drawn,
    )
}


def make_set(kind: str, seed: int, size: int) -> list[int]:
    """Bigints of a kind, the same for the same seed."""
    return list(_made(kind, seed, size))


# Pictures take a while to draw, and most sets are asked for again.
@cache
def _made(kind: str, seed: int, size: int) -> tuple[int, ...]:
    return tuple(signed(bits) for bits in ALL[kind](random.Random(seed), size))


def make_queries(seed: int, hashes: list[int], count: int) -> list[int]:
    """What to search for: some of the hashes, near ones, and any."""
    dice = random.Random(seed)
    made = [dice.choice(hashes) for _ in range(count // 3)]
    made += [
        signed(_changed(dice, dice.choice(hashes) & WORD, dice.randint(1, 12)))
        for _ in range(count // 3)
    ]
    return made + [signed(dice.getrandbits(64)) for _ in range(count - len(made))]
