"""Products of matrices give the small pictures that Pillow gives, level for level."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.images import resample
from bot.images.resample import by_pillow, by_products, equals_pillow, rows_first, shrink

# The side of Pillow's steps as a whole number: 22 bits.
STEPS = 2**22


def noise(width: int, height: int, kind: str, seed: int) -> Image.Image:
    """Levels that leave no rounding untried: any, the two ends, or hardly different ones."""
    dice = np.random.default_rng((width, height, seed))
    among = {"any": range(256), "ends": (0, 255), "faint": (127, 128)}[kind]
    return Image.fromarray(dice.choice(np.array(among, np.uint8), (height, width)))


@settings(deadline=None)
@given(
    st.integers(1, 700), st.integers(1, 700), st.sampled_from(["any", "ends", "faint"]),
    st.integers(0, 9),
)  # fmt: skip
@example(width=64, height=64, kind="ends", seed=0)
@example(width=100, height=136, kind="ends", seed=0)  # as tall as is left to products
@example(width=32, height=1, kind="any", seed=0)
@example(width=1300, height=900, kind="any", seed=0)
def test_both_ways_give_the_same(width: int, height: int, kind: str, seed: int) -> None:
    grey = noise(width, height, kind, seed)
    obvious = by_pillow(grey)

    assert all(map(np.array_equal, shrink(grey), obvious))
    products = by_products(grey)
    if products is not None and rows_first(width, height):
        assert all(map(np.array_equal, products, obvious))


def test_pillow_is_equalled_here() -> None:
    assert equals_pillow()


@pytest.mark.parametrize("size", [1, 2, 8, 9, 31, 32, 33, 64, 250, 333, 500, 1201])
@pytest.mark.parametrize("count", [8, 9, 32])
def test_the_weights_are_those_of_pillow(size: int, count: int) -> None:
    # What Pillow makes of an integer picture with one step in each row is the weight, rounded.
    ones = Image.fromarray((np.eye(size) * STEPS).astype(np.int32))
    wanted = np.asarray(ones.resize((count, size), Image.Resampling.LANCZOS))

    weights = resample._reckoned(size, count)
    assert weights is not None
    found = np.zeros((size, count))
    for columns, span, matrix in weights:
        found[span, columns] = matrix * STEPS
    assert np.array_equal(found, wanted)


def test_few_sides_have_a_weight_in_doubt() -> None:
    reckoned = [
        resample._reckoned(size, count) for size in range(100, 1300, 9) for count in (9, 32)
    ]

    assert sum(weights is None for weights in reckoned) < len(reckoned) / 50


def test_a_weight_in_doubt_is_left_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = noise(120, 90, "any", 1)
    monkeypatch.setattr(resample, "_DOUBT", 0.5)
    resample._kept.cache_clear()
    try:
        assert by_products(grey) is None
        assert all(map(np.array_equal, shrink(grey), by_pillow(grey)))
    finally:
        resample._kept.cache_clear()


def test_another_pillow_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = noise(120, 90, "any", 1)
    monkeypatch.setattr(resample, "equals_pillow", lambda: False)
    monkeypatch.setattr(resample, "by_products", lambda _: pytest.fail("asked all the same"))

    assert all(map(np.array_equal, shrink(grey), by_pillow(grey)))


def test_a_pillow_that_differs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    true = by_pillow

    def other(grey: Image.Image) -> resample.Small:
        small = true(grey)
        small.for_dhash[0, 0] += 1
        return small

    monkeypatch.setattr(resample, "by_pillow", other)
    assert not equals_pillow.__wrapped__()


@pytest.mark.parametrize("size", [(9000, 4), (4, 9000), (300, 900), (20, 20)])
def test_odd_sizes_are_left_to_pillow(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resample, "by_products", lambda _: pytest.fail("asked all the same"))

    grey = noise(*size, "any", 1)
    assert all(map(np.array_equal, shrink(grey), by_pillow(grey)))
