"""Hashes and looks as people and programs write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.images import LOOK_BYTES, Fingerprint
from bot.search import hash_text, look_text
from bot.web.asked import hash_asked, look_asked
from bot.web.problems import ProblemError


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_every_hash_in_every_form(value: int) -> None:
    digits = hash_text(value)
    assert len(digits) == 16
    for form in (digits, digits.upper(), f"0x{digits}", f"{value:+}", f"{value:024}"):
        assert hash_asked(form) == value


def test_sixteen_digits_are_hexadecimal() -> None:
    assert hash_asked("1000000000000000") == 2**60
    assert hash_asked("01000000000000000") == 10**15


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "0x",
            "0x12",
            "12 ",
            " 12",
            "1_2",
            "1.0",
            "--1",
            "fff",
            "١٢",
            "g" * 16,
            "ｆ" * 16,
        ),
        *("1" * 25, str(2**63), str(-(2**63) - 1), "0x" + "f" * 17),
    ],
)
def test_what_is_no_hash(text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        hash_asked(text)
    assert (caught.value.status, caught.value.code) == (422, "bad_hash")


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.binary(min_size=LOOK_BYTES, max_size=LOOK_BYTES))
def test_a_look_as_answers_write_it(phash: int, look: bytes) -> None:
    text = look_text(Fingerprint(0, phash, 1, 1, "PNG", plain=False, look=look))
    assert look_asked(text) == (phash, look)


@pytest.mark.parametrize("text", ["", "A" * 70, "A" * 72, "A" * 70 + "=", "A" * 70 + "/", "é" * 71])
def test_what_is_no_look(text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        look_asked(text)
    assert (caught.value.status, caught.value.code) == (422, "bad_look")
