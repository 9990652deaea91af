"""The shards of one process, as the operator writes them."""

import re
from dataclasses import dataclass

MOST_SHARDS = 16_384

_WORDS = re.compile(
    r"(?P<ids>[0-9]{1,5}(?:-[0-9]{1,5})?(?:,[0-9]{1,5}(?:-[0-9]{1,5})?)*)/(?P<count>[0-9]{1,5})"
)


@dataclass(frozen=True, slots=True)
class Shards:
    """Some of the ``count`` shards of a bot: the ``ids`` of those that this process has, sorted.

    Discord gives each shard the servers whose id, without its last 22 bits, leaves the shard's
    number when divided by ``count``.  Private messages come to shard 0.
    """

    ids: tuple[int, ...]
    count: int

    def __str__(self) -> str:
        return f"{','.join(map(str, self.ids))}/{self.count}"


SINGLE = Shards((0,), 1)


def parse_shards(text: str) -> Shards:
    """Read ``0-1/4``, ``2/4`` or ``0,2/4``: which of how many.

    Raises :class:`ValueError` for what is no such thing, in words for the operator.
    """
    found = _WORDS.fullmatch(re.sub(r"\s+", "", text))
    if found is None:
        raise ValueError(
            "say which of how many shards this process has, such as 0-1/4, 2/4 or 0,2/4"
        )
    count = int(found["count"])
    if not 1 <= count <= MOST_SHARDS:
        raise ValueError(f"there can be 1 to {MOST_SHARDS} shards, not {count}")
    ids: set[int] = set()
    for part in found["ids"].split(","):
        first, last = _ends(part)
        if last < first:
            raise ValueError(f"{part} goes backwards: write {last}-{first}")
        if last >= count:
            raise ValueError(f"of {count} shards the last is {count - 1}, so there is no {last}")
        ids.update(range(first, last + 1))
    return Shards(tuple(sorted(ids)), count)


def _ends(part: str) -> tuple[int, int]:
    first, _, last = part.partition("-")
    return int(first), int(last or first)
