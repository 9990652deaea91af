import pytest

from bot.importers.zim.markup import Shown
from bot.importers.zim.rules import FORMULA, ICON, INTERFACE, NAMED_ICON, why_not

PHOTO = Shown("../I/x.jpg", None, None, 220, 165, formula=False, interface=False)


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ((220, 165), None),
        ((26, 26), None),
        ((26, 10), None),
        ((300, 12), None),
        ((25, 25), ICON),
        ((23, 15), ICON),
        ((1, 1), ICON),
        ((None, 25), ICON),
        ((16, None), ICON),
        ((None, 26), None),
        ((None, None), None),
    ],
)
def test_icons_by_their_size(size: tuple[int | None, int | None], reason: str | None) -> None:
    shown = PHOTO._replace(width=size[0], height=size[1])
    assert why_not(shown, "I/x.jpg", "X.jpg") == reason


@pytest.mark.parametrize(
    "name",
    [
        "Commons-logo.svg",
        "Wikiquote-logo.svg",
        "Wikisource-logo.svg",
        "Wikimedia_Community_Logo.svg",
        "Semi-protection-shackle.svg",
        "Padlock-silver.svg",
        "OOjs_UI_icon_edit-ltr-progressive.svg",
        "Ambox_important.svg",
        "Symbol_category_class.svg",
        "Question_book-new.svg",
        "Disambig_gray.svg",
        "Edit-clear.svg",
        "Nuvola_apps_kaboodle.svg",
        "Sound-icon.svg",
        "Football_stub.svg",
    ],
)
def test_icons_by_their_name_where_they_are_small(name: str) -> None:
    small = PHOTO._replace(width=40, height=40)
    assert why_not(small, "I/x.png", name) == NAMED_ICON
    assert why_not(PHOTO, "I/x.png", name) is None
    assert why_not(PHOTO._replace(width=None, height=None), "I/x.png", name) is None


@pytest.mark.parametrize(
    "name",
    [
        None,
        "Ray_Charles.jpg",
        "Edition_1.svg",
        "Speakers_corner.jpg",
        "Wikipedia_editors_at_work.jpg",
        "Gnome_in_a_garden.jpg",
    ],
)
def test_other_names_are_kept_where_they_are_small(name: str | None) -> None:
    assert why_not(PHOTO._replace(width=40, height=40), "I/x.png", name) is None


def test_formulas_and_the_interface() -> None:
    assert why_not(PHOTO._replace(formula=True), "I/x.svg", None) == FORMULA
    assert why_not(PHOTO._replace(interface=True), "I/x.svg", None) == INTERFACE
    for key in ("-/s/arrow.png", "_mw_/arrow.png", "_res_/arrow.png", "_webp_/x.png"):
        assert why_not(PHOTO, key, "Arrow.png") == INTERFACE
