"""How sure an answer says it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.search import confidence_of, hamming

HASHES = st.integers(-(2**63), 2**63 - 1)
DISTANCES = st.integers(0, 64)
ORDER = {"exact": 0, "close": 1, "possible": 2}


@given(HASHES, HASHES)
def test_hamming_counts_the_bits_that_differ(a: int, b: int) -> None:
    def bits(value: int) -> str:
        return format(value % 2**64, "064b")

    assert hamming(a, b) == sum(x != y for x, y in zip(bits(a), bits(b), strict=True))
    assert hamming(a, b) == hamming(b, a)


@pytest.mark.parametrize(
    ("distance", "phash_distance", "word"),
    [
        (0, 0, "exact"),
        (3, 8, "exact"),
        (4, 8, "close"),
        (3, 9, "close"),
        (8, 12, "close"),
        (9, 0, "possible"),
        (0, 13, "possible"),
        (0, None, "close"),
        (2, None, "possible"),
    ],
)
def test_the_word_follows_both_distances(
    distance: int, phash_distance: int | None, word: str
) -> None:
    assert confidence_of(distance, phash_distance) == word


@given(DISTANCES, DISTANCES, st.integers(0, 8), st.integers(0, 8))
def test_farther_is_never_surer(
    distance: int, phash_distance: int, more: int, phash_more: int
) -> None:
    near = ORDER[confidence_of(distance, phash_distance)]
    far = ORDER[confidence_of(distance + more, phash_distance + phash_more)]
    assert far >= near


@given(DISTANCES)
def test_nothing_is_exact_without_a_second_look(distance: int) -> None:
    assert confidence_of(distance, None) != "exact"
