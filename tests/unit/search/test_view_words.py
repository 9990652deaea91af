"""What a member reads of how a picture was found."""

import pytest

from bot.images import View
from bot.search import what_was_done


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        (View(), None),
        (View(orientation=2), "I looked at yours mirrored."),
        (View(orientation=3), "I looked at yours upside down."),
        (View(orientation=8), "I looked at yours turned to the left."),
        (View(framing="border"), "I looked at yours without its border."),
        (View(framing="inside"), "I looked at the picture inside yours."),
        (View(frame=11), "I looked at picture 12 of yours."),
        (View(2, "border"), "I looked at yours mirrored and without its border."),
        (View(2, "inside"), "I looked at the picture inside yours mirrored."),
    ],
)
def test_the_sentence(view: View, sentence: str | None) -> None:
    assert what_was_done(view) == sentence


@pytest.mark.parametrize("orientation", range(2, 9))
def test_each_turn_has_words_of_its_own(orientation: int) -> None:
    others = {what_was_done(View(orientation=n)) for n in range(1, 9) if n != orientation}
    assert what_was_done(View(orientation=orientation)) not in others
