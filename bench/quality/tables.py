"""What was found, as Markdown."""

from collections.abc import Callable, Iterable, Sequence

from bench.quality.alterations import alterations
from bench.quality.answers import WORDS, Result
from bench.quality.counting import TARGETS, Counted, counted, reached, wilson
from bench.quality.library import KINDS
from bench.quality.questions import AS_IT_IS
from bench.quality.rivals import RIVALS, Said, sums
from bench.report import table

Answered = tuple[Result, tuple[Said | None, ...]]

_HOWS = (AS_IT_IS, *(one.name for one in alterations()))
_NAMES = {
    "photo": "photographs", "clipart": "clipart", "flag": "flags", "map": "maps", "other": "others"
}  # fmt: skip
_HEAD = (
    "asked", "right first", "right at all",
    *(f"another first, *{word}*" for word in WORDS), "too plain", "nothing",
    *(f"{one.name}: right (another)" for one in RIVALS),
)  # fmt: skip


def held(answered: Sequence[Answered]) -> str:
    """A table for each kind: what becomes of questions about stored pictures, by alteration."""
    parts = []
    for kind in KINDS:
        some = [one for one in answered if one[0].question.kind == kind and one[0].question.held]
        if some:
            rows = list(_rows(some, _HOWS, lambda one: one.question.how))
            parts.append(table([_NAMES[kind], *_HEAD], [*rows, _row("all", some)]))
    return "\n\n".join(parts)


def absent(answered: Sequence[Answered]) -> str:
    """What becomes of questions about pictures that are not stored, by kind."""
    some = [one for one in answered if not one[0].question.held]
    names = [*(f"{_NAMES[kind]}, kept out of the index" for kind in KINDS), "drawn by our code"]

    def name(one: Result) -> str:
        question = one.question
        return names[-1] if question.group is None else names[KINDS.index(question.kind)]

    rows = list(_rows(some, names, name))
    return table(["not stored", *_HEAD], [*rows, _row("all", some)])


def _rows(
    some: Sequence[Answered], names: Iterable[str], name: Callable[[Result], str]
) -> Iterable[list[str]]:
    for one in names:
        those = [each for each in some if name(each[0]) == one]
        if those:
            yield _row(one, those)


def _row(name: str, some: Sequence[Answered]) -> list[str]:
    counts = counted(result for result, _ in some)
    said = [each for _, each in some]
    return [name, *_shares(counts), *(_rival(said, place) for place in range(len(RIVALS)))]


def _shares(counts: Counted) -> list[str]:
    values = (counts.first, counts.anywhere, *counts.wrong, counts.plain, counts.none)
    return [f"{counts.asked:,}", *(_share(value, counts.asked) for value in values)]


def _share(value: int, of: int) -> str:
    return f"{value / of:.1%}" if value else "–"


def _rival(said: Sequence[tuple[Said | None, ...]], place: int) -> str:
    found = sums(said, place)
    return "not asked" if found is None else f"{found[0]:.1%} ({found[1]:.1%})"


def wrongs(results: Sequence[Result]) -> str:
    """How often another picture is stated, in a thousand questions."""
    rows = []
    for stored, name in ((True, "stored"), (False, "not stored")):
        for kinds in (("photo",), ("clipart", "flag", "map", "other"), KINDS):
            some = [
                one for one in results
                if one.question.held == stored and one.question.kind in kinds
            ]  # fmt: skip
            if not some:
                continue
            counts = counted(some)
            title = "all" if kinds == KINDS else "photographs" if len(kinds) == 1 else "others"
            rows.append(
                [f"{name}: {title}", f"{counts.asked:,}", _thousand(counts.wrong[0], counts.asked),
                 _thousand(counts.stated, counts.asked),
                 _thousand(sum(one.stated and one.twin for one in some), counts.asked),
                 _thousand(sum(counts.wrong), counts.asked)]
            )  # fmt: skip
    head = [
        "in a thousand questions", "asked", "another is *exact*", "another is *exact* or *close*",
        "of these a twin", "another is shown first",
    ]  # fmt: skip
    return table(head, rows)


def _thousand(value: int, of: int) -> str:
    least, most = wilson(value, of)
    return f"{value / of * 1000:.2f} ({least * 1000:.2f}–{most * 1000:.2f})"


def goals(results: Sequence[Result]) -> str:
    """What was wanted, and whether it is reached."""
    rows = []
    for one in reached(results, TARGETS):
        least, most = wilson(one.hits, one.of)
        sign, digits = ("≤", 2) if one.target.at_most else ("≥", 1)
        rows.append(
            [one.target.what, f"{sign} {one.target.wanted:.1%}", f"{one.share:.{digits}%}",
             f"{least:.{digits}%}–{most:.{digits}%}", f"{one.hits:,} of {one.of:,}",
             "met" if one.met else "**missed**"]
        )  # fmt: skip
    return table(["", "wanted", "reached", "19 times of 20 between", "", ""], rows)
