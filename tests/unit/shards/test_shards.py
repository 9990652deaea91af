"""Which shards a process has, as the operator writes it."""

import pytest

from bot.shards import MOST_SHARDS, Shards, parse_shards


@pytest.mark.parametrize(
    ("text", "ids", "count"),
    [
        ("0/1", (0,), 1),
        ("2/4", (2,), 4),
        ("0-1/4", (0, 1), 4),
        ("0,2/4", (0, 2), 4),
        ("3,0-1/4", (0, 1, 3), 4),
        ("0-2,1-3,3/4", (0, 1, 2, 3), 4),
        (" 0 - 1 / 4 ", (0, 1), 4),
        (f"{MOST_SHARDS - 1}/{MOST_SHARDS}", (MOST_SHARDS - 1,), MOST_SHARDS),
    ],
)
def test_which_of_how_many(text: str, ids: tuple[int, ...], count: int) -> None:
    assert parse_shards(text) == Shards(ids, count)


@pytest.mark.parametrize(
    "text", ["", "auto", "4", "/4", "0-1", "0/", "-1/4", "0-/4", "0,/4", "0/4/8", "0;1/4", "٠/٤"]
)
def test_what_is_no_such_thing_is_shown_how(text: str) -> None:
    with pytest.raises(ValueError, match="such as 0-1/4, 2/4 or 0,2/4"):
        parse_shards(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4/4", "of 4 shards the last is 3, so there is no 4"),
        ("0-4/4", "of 4 shards the last is 3, so there is no 4"),
        ("2-1/4", "2-1 goes backwards: write 1-2"),
        ("0/0", f"there can be 1 to {MOST_SHARDS} shards, not 0"),
        ("0/99999", f"there can be 1 to {MOST_SHARDS} shards, not 99999"),
    ],
)
def test_what_can_not_be_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_shards(text)
    assert str(caught.value) == said


def test_they_are_written_as_they_are_read() -> None:
    shards = Shards((0, 1, 3), 4)
    assert parse_shards(str(shards)) == shards
