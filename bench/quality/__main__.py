"""How well the product finds altered pictures, and how often it names another one.

    python -m bench.quality --corpus FOLDER --cache FOLDER
    python -m bench.quality --quick

An index holds every file of a corpus that can be read, and a million distractors.  It is asked for
pictures that it holds and for pictures that it does not, in every alteration, by the product's own
search; simpler searches are asked the same.  One half of the pictures is for choosing thresholds
(``--half even``), the other for reporting; a hash of the file's name decides which.

Without a corpus pictures are drawn.  Prints Markdown on standard output, and on standard error how
it goes.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from bench.index import put_between
from bench.quality import costs, tables
from bench.quality.evaluation import Evaluation, Plan, chances_report, evaluate
from bench.quality.pictures import DRAWN
from bench.server import describe_machine, say

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "quality.md"
MARKS = ("<!-- Printed by bench.quality -->", "<!-- The end of what bench.quality printed -->")

NOTES = """\
- *Right* is the picture itself, in any of its files. *Another* is any other that comes first; \
distractors that have a piece of what is asked about are passed over.
- The searches by one hash are asked with the whole picture. Of what is equally near each is as \
likely to come first, and none of them says how sure it is.
- *Twins* are different pictures that nobody tells apart by sight: the flags of Chad and Romania, \
rings of a hundred rays. They count as another picture everywhere but in the targets."""

QUICK_DISTRACTORS = 20_000
QUICK_LIMIT = 3
QUICK_DRAWN = 40


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality", description="Ask the product for altered pictures."
    )
    parser.add_argument("--corpus", type=Path, help="folder with a manifest.csv")
    parser.add_argument("--cache", type=Path, help="folder to keep what takes long")
    parser.add_argument("--distractors", type=int, help="how many at least (default: a million)")
    parser.add_argument("--half", choices=("even", "odd"), default="odd")
    parser.add_argument("--limit", type=int, help="at most so many pictures of each kind")
    parser.add_argument("--met", type=int, default=4_000, help="questions to measure chances with")
    parser.add_argument("--timed", type=int, default=400, help="questions to measure costs with")
    parser.add_argument(
        "--quick", action="store_true",
        help=f"{QUICK_DISTRACTORS:,} distractors, {QUICK_LIMIT} pictures of each kind",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every answer")
    parser.add_argument(
        "--update-docs", action="store_true", help=f"write what is printed into {DOCUMENT.name}"
    )
    options = parser.parse_args(words)
    if options.distractors is None:
        options.distractors = QUICK_DISTRACTORS if options.quick else 1_000_000
    if options.limit is None and options.quick:
        options.limit = QUICK_LIMIT
    if options.distractors < 1 or (options.limit is not None and options.limit < 1):
        parser.error("there have to be a distractor and a picture at least")
    return options


def report(found: Evaluation, plan: Plan, command: str, seconds: float) -> str:
    """All tables."""
    answered = list(zip(found.results, found.said, strict=True))
    held = sum(one.question.held for one in found.results)
    used = "for choosing thresholds" if plan.half == "even" else "not used for choosing thresholds"
    stored = f"{found.files:,} files of a wiki, {found.distractors:,} distractors"
    asked = f"{held:,} about pictures that it holds, {len(found.results) - held:,} about others"
    lines = [
        f"- Command: `{command}`",
        f"- Machine: {describe_machine()}; {seconds / 60:.0f} minutes",
        f"- Index: {stored}; {found.absent:,} pictures are kept out of it",
        f"- Questions: {asked}; all of the {plan.half} half, {used}",
        NOTES,
    ]
    if not plan.pdq:
        lines.append("- PDQ is left out: `pdqhash` is not installed.")
    parts = [
        "\n".join(lines),
        "### Targets\n\n" + tables.goals(found.results),
        "### Another picture stated\n\n" + tables.wrongs(found.results),
        "### Pictures that the index holds\n\n" + tables.held(answered),
        "### Pictures that it does not hold\n\n" + tables.absent(answered),
        "### How often strangers look alike\n\n" + chances_report(found),
    ]
    if found.costs is not None:
        parts.append("### What a search costs\n\n" + costs.report(found.costs))
    return "\n\n".join(parts) + "\n"


def as_json(found: Evaluation) -> list[dict[str, object]]:
    """Every question with what was answered."""
    return [
        {
            "picture": one.question.name,
            "kind": one.question.kind,
            "group": one.question.group,
            "held": one.question.held,
            "alteration": one.question.how,
            "status": one.status,
            "milliseconds": round(one.milliseconds, 2),
            "matches": [
                {
                    "owner": match.owner,
                    "confidence": match.word,
                    "page": match.title,
                    "strangers": match.strangers,
                    "framing": match.framing,
                    "orientation": match.orientation,
                }
                for match in one.matches[:5]
            ],
        }
        for one in found.results
    ]


def without_places(words: Sequence[str]) -> list[str]:
    """A command line as anybody may type it: folders and files are called so."""
    named = {"--corpus": "FOLDER", "--cache": "FOLDER", "--json": "FILE"}
    return [named.get(before, word) for before, word in pairwise(["", *words])]


def main(arguments: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parse(words)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        plan = Plan(
            corpus=options.corpus,
            cache=options.cache or Path(scratch),
            count=options.distractors,
            half=options.half,
            limit=options.limit,
            met=options.met,
            timed=options.timed,
            drawn=QUICK_DRAWN if options.quick else DRAWN,
            pdq=find_spec("pdqhash") is not None,
        )
        found = asyncio.run(evaluate(plan, say))
    command = " ".join(["python -m bench.quality", *without_places(words)])
    printed = report(found, plan, command, time.perf_counter() - begun)
    print(printed, end="")
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(found), indent=1) + "\n", "utf-8")
    if options.update_docs:
        document = DOCUMENT.read_text("utf-8")
        DOCUMENT.write_text(put_between(document, printed, MARKS), "utf-8")


if __name__ == "__main__":
    main()
