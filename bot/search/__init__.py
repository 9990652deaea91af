"""Ask: a picture in, the pages that show it out, and how sure that is.

``service`` asks the database about every view of a picture at once; ``second_look`` compares what
is near with the picture itself; ``confidence`` says how likely a stranger would look as much alike;
``grouping`` makes one match of files that show the same picture; ``documents`` has it as JSON.
"""

from bot.search.confidence import Chances
from bot.search.documents import answer_json, hash_text, look_text, match_json
from bot.search.model import (
    PAGES_SHOWN,
    Answer,
    Confidence,
    Likeness,
    Match,
    Page,
    Radii,
    Scope,
    Status,
    Stored,
)
from bot.search.service import MATCH_LIMIT, SearchService
from bot.search.words import Verdict, age, verdict, what_was_done

__all__ = [
    "MATCH_LIMIT",
    "PAGES_SHOWN",
    "Answer",
    "Chances",
    "Confidence",
    "Likeness",
    "Match",
    "Page",
    "Radii",
    "Scope",
    "SearchService",
    "Status",
    "Stored",
    "Verdict",
    "age",
    "answer_json",
    "hash_text",
    "look_text",
    "match_json",
    "verdict",
    "what_was_done",
]
