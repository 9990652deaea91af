"""From rows to values, and from numbers to ids."""

from collections.abc import Sequence
from typing import Any

from db.records import Candidate

LARGEST_ID = 2**31 - 1
"""Ids are four bytes wide; a number that people typed may not be."""


def candidate_of(row: Any) -> Candidate:
    """A stored picture from its row."""
    return Candidate(
        image_id=row["image_id"],
        collection_id=row["collection_id"],
        dhash=row["dhash"],
        phash=row["phash"],
        file=row["file"],
        page_count=row["page_count"],
        distance=row["distance"],
        probe=row["probe"],
        look=row["look"],
    )


def id_of(number: int) -> int:
    """A number as an id; one that no id can be becomes 0, which none is."""
    return number if 0 < number <= LARGEST_ID else 0


def ids_of(numbers: Sequence[int]) -> list[int]:
    """Those of some numbers that may be ids."""
    return [number for number in numbers if id_of(number)]
