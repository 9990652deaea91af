"""How far looks are apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bot.images.look_layout import COLOUR_STEP
from bot.search.distances import colours, fitted, greys, hamming, shapes

HASHES = st.integers(-(2**63), 2**63 - 1)


@given(HASHES, HASHES)
def test_hamming_counts_the_bits_that_differ(a: int, b: int) -> None:
    def bits(value: int) -> str:
        return format(value % 2**64, "064b")

    assert hamming(a, b) == sum(x != y for x, y in zip(bits(a), bits(b), strict=True))
    assert hamming(a, b) == hamming(b, a)


def flat(steps: int) -> NDArray[np.int8]:
    """All cells of one colour."""
    return np.full((1, 32), steps, np.int8)


def test_colours_are_compared_in_levels_beyond_one_step() -> None:
    assert float(colours(flat(2), flat(2))[0]) == 0
    assert float(colours(flat(2), flat(1))[0]) == 0
    assert float(colours(flat(2), flat(-1))[0]) == 2 * COLOUR_STEP


def test_a_grey_copy_is_not_far_and_not_quite_near() -> None:
    lost = float(colours(flat(0), flat(3))[0])
    assert 0 < lost < float(colours(flat(1), flat(3))[0]) + COLOUR_STEP
    assert lost < float(colours(flat(3), flat(0))[0])
    assert float(colours(flat(0), flat(0))[0]) == 0


def test_a_window_of_a_picture_is_nearer_to_it_than_its_greys_say() -> None:
    dice = np.random.default_rng(3)
    stored = dice.integers(-8, 8, (1, 8, 8)).astype(np.int8)
    smooth = ((stored + np.roll(stored, 1, 1) + np.roll(stored, 1, 2)) / 3).astype(np.int8)
    at = np.linspace(0.35, 6.65, 8)
    rows = np.stack([np.interp(at, np.arange(8), smooth[0, :, x]) for x in range(8)], axis=1)
    part = np.stack([np.interp(at, np.arange(8), row) for row in rows])[None].astype(np.int8)
    assert float(fitted(part, smooth)[0]) < float(greys(part, smooth)[0])


def test_shapes_are_apart_by_steps() -> None:
    assert shapes(np.array([-3], np.int8), np.array([127], np.int8)).tolist() == [130]
