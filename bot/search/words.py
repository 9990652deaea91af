"""What was done to a picture to find it, in words."""

from bot.images import View

_TURNED = {
    2: "mirrored",
    3: "upside down",
    4: "mirrored and upside down",
    5: "mirrored and turned to the left",
    6: "turned to the right",
    7: "mirrored and turned to the right",
    8: "turned to the left",
}


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
