"""Which pictures of a page are no pictures of its subject, and so are left out.

Measured on a Wikipedia archive of September 2023 (mwoffliner 1.13), whose 139 articles show 145
pictures 848 times.  A picture is counted under the first rule that holds:

=============================  =====  ========  ==================================================
rule                           times  pictures  which
=============================  =====  ========  ==================================================
a formula                          0         0  (no article has one; the markup is MediaWiki's)
neither side above 25 pixels     702         8  rating stars of 11 pixels (584), category and
                                                portal symbols of 16 (115), two icons of media,
                                                and one "(dud)" of 17 × 13
a part of the interface            6         3  the logos of Commons, Wikiquote and Wikisource
the name of an icon                0         0  (the same logos, where a skin marks nothing)
=============================  =====  ========  ==================================================

No picture has its longer side between 18 and 39 pixels, so the limit could lie anywhere there; 25
is above the flags (23 × 15) that Wikipedia sets into tables.  What is left is shown at 120 pixels
or more: 134 pictures 140 times.  Of the 122 inside of ``noviewer``, which keeps a picture out of
MediaWiki's own viewer, 121 are icons, and one is the portrait of a navigation box
(``navbox-image``): that is kept.

There is no rule against pictures shown on a large share of the articles.  The most frequent that
is left is on 3 of 139, and what is frequent is known only after the last article.
"""

import re

from bot.importers.zim.markup import Shown

MOST_OF_AN_ICON = 25
# Wikipedia's message boxes draw their icons up to this large; on its own page a logo is larger.
MOST_OF_A_NAMED_ICON = 64

FORMULA = "a formula"
ICON = f"an icon of at most {MOST_OF_AN_ICON} pixels"
INTERFACE = "a part of the site's interface"
NAMED_ICON = "an icon of the site, by its name"

# Where scrapers keep what belongs to the skin.
_INTERFACE_FOLDERS = ("-/", "_mw_/", "_res_/", "_webp_/")
_ICON_NAME = re.compile(
    r"""
    (?: Commons | Wikimedia(?:_Community)? | Wikipedia | Wikibooks | Wikidata | Wikinews | Wikiquote
      | Wikisource | Wikispecies | Wikiversity | Wikivoyage | Wiktionary | MediaWiki | Meta-Wiki
      )[-_](?:logo|icon).*
    | .*(?:padlock|pad_lock|semi-protection|full-protection).*
    | OOjs_UI_.* | Octicons-.* | Ambox_.* | Symbol_.*(?:class|vote|icon).*
    | (?:Nuvola|Crystal|Gnome|Emblem|Edit|Question|Disambig|Folder|Speaker|Increase|Decrease|Steady)
      (?:[-_].*)?\.svg
    | Question_book.* | Text_document.* | Wiki_letter_w.* | Sound-icon.* | Loudspeaker.*
    | .*[-_](?:stub|portal)(?:[-_]icon)?\.(?:svg|png) | Portal-puzzle.* | Red_pencil_icon.*
    """,
    re.VERBOSE | re.IGNORECASE,
)


def why_not(shown: Shown, key: str, file: str | None) -> str | None:
    """Why a picture is left out; None for one that is taken.

    ``key`` is the path of its entry, ``file`` the name of its original file.
    """
    if shown.formula:
        return FORMULA
    if _within(shown, MOST_OF_AN_ICON):
        return ICON
    if shown.interface or key.startswith(_INTERFACE_FOLDERS):
        return INTERFACE
    if file and _within(shown, MOST_OF_A_NAMED_ICON) and _ICON_NAME.fullmatch(file):
        return NAMED_ICON
    return None


def _within(shown: Shown, pixels: int) -> bool:
    sides = [side for side in (shown.width, shown.height) if side is not None]
    return bool(sides) and max(sides) <= pixels
