"""How sure a match is, what was done to find it, and how old the data are, in words."""

from datetime import date
from typing import NamedTuple

from bot.images import View
from bot.search.model import Confidence, Match


class Verdict(NamedTuple):
    """How sure a match is: in two words, and in a sentence that goes on from there."""

    words: str
    meaning: str


_VERDICTS: dict[Confidence, Verdict] = {
    "exact": Verdict("Exact match", "this is the same picture."),
    "close": Verdict("Close match", "most likely the same picture, a little cropped or edited."),
    "possible": Verdict(
        "Possible match",
        "it looks alike, but may well be another picture. Compare the two.",
    ),
}
# Where only outlines are compared, nothing tells two flags of the same pattern apart.
_BY_OUTLINE = Verdict(
    "Close match",
    "very likely the same picture, though I could compare its outlines alone.",
)

_TURNED = {
    2: "mirrored",
    3: "upside down",
    4: "mirrored and upside down",
    5: "mirrored and turned to the left",
    6: "turned to the right",
    7: "mirrored and turned to the right",
    8: "turned to the left",
}


def verdict(match: Match) -> Verdict:
    """What to say of how sure a match is."""
    if match.confidence == "close" and match.phash_distance is None:
        return _BY_OUTLINE
    return _VERDICTS[match.confidence]


def what_was_done(view: View) -> str | None:
    """A sentence that tells which view of a picture was found; None for the picture as it is."""
    what = "yours"
    if view.framing == "inside":
        what = "the picture inside yours"
    elif view.frame:
        what = f"picture {view.frame + 1} of yours"
    how = []
    if view.orientation in _TURNED:
        how.append(_TURNED[view.orientation])
    if view.framing == "border":
        how.append("without its border")
    if what == "yours" and not how:
        return None
    return f"I looked at {' '.join([what, ' and '.join(how)]).strip()}."


def age(as_of: date | None, imported_on: date | None) -> str | None:
    """How old the data of a collection are; None for one that no import has filled."""
    if as_of is not None:
        return f"as of {_day(as_of)}"
    return None if imported_on is None else f"imported on {_day(imported_on)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"
