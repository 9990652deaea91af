"""What became of an import, while it runs and in the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

EXAMPLES = 3


class Stage(NamedTuple):
    """Where an import is: what it is doing, how much of that is done, and of how much.

    ``total`` is ``None`` while nobody knows.  ``items`` counts the rows or pictures so far, where
    they are what is being done.
    """

    doing: str
    done: float
    total: float | None
    items: int | None = None


@dataclass(slots=True)
class ImportReport:
    """The running count of an import.

    ``added`` and ``known`` count appearances: a picture on a page.  ``skipped`` counts by reason,
    with the first examples of each.  The ``removed`` ones are those that an update took away.
    ``resumed`` says that the import goes on where it was stopped, and the counts are of all of it.
    """

    added: int = 0
    known: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    removed_images: int = 0
    removed_appearances: int = 0
    resumed: bool = False

    @property
    def seen(self) -> int:
        """How many appearances have been dealt with, and how much was passed over."""
        return self.added + self.known + self.skipped.total()

    def skip(self, name: str, reason: str) -> None:
        """Count what was not added."""
        self.skip_many(reason, 1, [name])

    def skip_many(self, reason: str, count: int, names: Sequence[str]) -> None:
        """Count what was not added for one reason; ``names`` are those of a few of them."""
        self.skipped[reason] += count
        examples = self.examples.setdefault(reason, [])
        examples += names[: EXAMPLES - len(examples)]

    def skipped_json(self) -> dict[str, Any]:
        """What was skipped, as it is kept with a checkpoint."""
        return {
            reason: {"count": count, "examples": self.examples[reason]}
            for reason, count in self.skipped.items()
        }

    def recall(self, skipped: Mapping[str, Any]) -> None:
        """Take up what :meth:`skipped_json` kept."""
        for reason, kept in skipped.items():
            self.skipped[reason] = kept["count"]
            self.examples[reason] = list(kept["examples"])
