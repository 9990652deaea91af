import pytest

from bot.errors import PictureRefusedError
from db.records import (
    MAX_FILE_BYTES,
    MAX_TITLE_BYTES,
    MAX_URL_BYTES,
    NearProbe,
    NewAppearance,
)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "The title is empty"),
        ({"title": "ä" * 257}, f"longer than {MAX_TITLE_BYTES} bytes"),
        ({"url": "https://x/" + "a" * MAX_URL_BYTES}, f"longer than {MAX_URL_BYTES} bytes"),
        ({"url": ""}, "The address is empty"),
        ({"file": "f" * (MAX_FILE_BYTES + 1)}, "The file name is longer"),
        ({"title": "a\0b"}, "no text"),
        ({"file": "from-a-folder-\udce4.png"}, "no text"),
    ],
)
def test_what_cannot_be_stored_is_refused(fields: dict[str, str], sentence: str) -> None:
    values: dict[str, str | None] = {"file": None, "title": "A", "url": None}
    values.update(fields)
    with pytest.raises(PictureRefusedError, match=sentence):
        NewAppearance(1, None, values["file"], str(values["title"]), values["url"])


def test_the_longest_that_can_be_stored() -> None:
    made = NewAppearance(
        1, None, "f" * MAX_FILE_BYTES, "ä" * (MAX_TITLE_BYTES // 2), "u" * MAX_URL_BYTES
    )
    assert len(made.title.encode()) == MAX_TITLE_BYTES


@pytest.mark.parametrize("radii", [(-1, 4), (65, 4), (4, -1), (4, 65)])
def test_radius_is_within_64_bits(radii: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="0 to 64"):
        NearProbe(0, 0, *radii)
