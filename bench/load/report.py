"""What was measured, as Markdown."""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence

from bench.load.fates import Told
from bench.load.parts import Measured, Memory, Part, Steps, median, percentile
from bench.report import short, table

MEGABYTE = 1e6


def everything(measured: Measured) -> list[Told]:
    """Every message of a run that was measured."""
    parts = [*measured.parts, measured.alone, measured.beside_a_flood, measured.long]
    heard = [one for part in parts if part is not None for one in part.heard]
    return [*measured.singly, *heard, *measured.flood, *measured.villain]


def lost(measured: Measured) -> int:
    """How many messages had no reply."""
    return sum(one.fate == "lost" for one in everything(measured))


def report(measured: Measured, command: str, machine: str, options: argparse.Namespace) -> str:
    """All of it."""
    blocks = [
        f"`{command}`",
        f"Machine: {machine}",
        (
            f"{options.rows:,} rows of hashes and {options.pictures} drawn pictures; members in "
            f"{options.servers} servers. Bot, database, Discord and members share the machine."
        ),
    ]
    if measured.steps:
        blocks += _steps(measured.steps)
    if measured.parts:
        blocks += ["At once:", _parts(measured.parts), *_computing(measured.parts)]
    if measured.alone is not None and measured.beside_a_flood is not None:
        blocks += _fairness(measured.alone, measured.beside_a_flood, measured.flood)
    if measured.long is not None:
        blocks += _long(measured.long, measured.memory)
    if measured.faults:
        blocks += ["What went wrong meanwhile:", _counted("fault", measured.faults)]
    blocks += _accounts(measured)
    return "\n\n".join(blocks) + "\n"


def _steps(steps: Sequence[Steps]) -> list[str]:
    lines = {
        "from the message to the reply": [each.reply for each in steps],
        "reading the picture, alone": [each.decode for each in steps],
        "its query, alone": [each.query for each in steps],
        "the whole search, alone: both, and the pages": [each.search for each in steps],
        "a message without a picture, and the reply": [each.trip for each in steps],
        "what the bot adds: the first less reading, query and such a message": [
            each.added for each in steps
        ],
    }
    rows = [
        [name, short(median(values)), short(percentile(values, 0.95))]
        for name, values in lines.items()
    ]
    decode, added = median(lines["reading the picture, alone"]), median([s.added for s in steps])
    verdict = "holds" if added < decode else "does not hold"
    above = median([each.reply - each.decode - each.query for each in steps])
    return [
        f"One by one: {len(steps):,} pictures, each in every way in turn:",
        table(["", "median, ms", "95th percentile, ms"], rows),
        (
            f"The bot is to add less than reading the picture takes: {short(added)} ms against "
            f"{short(decode)} ms, so that {verdict}. With the way to Discord and back, on which "
            f"the bot's own library works as well, a reply takes {short(above)} ms more than "
            "reading and query."
        ),
    ]


def _parts(parts: Iterable[Part]) -> str:
    rows = []
    for part in parts:
        taken = [one.seconds * 1000 for one in part.heard if one.fate != "lost"]
        rows.append(
            [
                str(part.members),
                short(part.per_second),
                *(short(percentile(taken, share)) for share in (0.5, 0.95, 0.99)),
                short(median(part.queries)) if part.queries else "–",
                *(str(sum(one.fate == fate for one in part.heard))
                  for fate in ("answered", "explained", "lost")),
            ]
        )  # fmt: skip
    head = ["members", "replies a second", "median, ms", "95th percentile", "99th",
            "the query alone meanwhile, ms", "answered", "explained", "lost"]  # fmt: skip
    return table(head, rows)


def _computing(parts: Sequence[Part]) -> list[str]:
    def each(part: Part) -> tuple[float, ...]:
        spent = part.spent
        seconds = (spent.bot, spent.workers, spent.database, spent.discord)
        return tuple(one * 1000 / len(part.heard) for one in seconds)

    rows = [[str(part.members), *map(short, each(part))] for part in parts]
    head = ["members", "the bot", "its workers", "PostgreSQL", "Discord and members"]
    bot, workers, database, _ = each(max(parts, key=lambda part: part.members))
    return [
        "Milliseconds of computing for each reply, which other programs disturb less:",
        table(head, rows),
        (
            f"So a core has time for {_in_a_second(bot + workers + database)} replies a second. "
            f"The bot's own process, which is one thread, has for {_in_a_second(bot)} on a core "
            f"of its own, and PostgreSQL for {_in_a_second(database)} a core."
        ),
    ]


def _in_a_second(milliseconds: float) -> str:
    """How many of these fit into a second; too short to be told, there is no saying."""
    return short(1000 / milliseconds) if milliseconds else "any number"


def _fairness(alone: Part, beside: Part, flood: Sequence[Told]) -> list[str]:
    rows = []
    for name, part in (("alone", alone), ("while another server is flooded", beside)):
        taken = [one.seconds * 1000 for one in part.heard if one.fate != "lost"]
        rows.append(
            [name, str(len(part.heard)), *(short(percentile(taken, at)) for at in (0.5, 0.95))]
        )
    taken = [one.seconds * 1000 for one in flood if one.fate == "answered"]
    middle = f", the median of its answers {short(median(taken))} ms" if taken else ""
    refused = sum(one.fate == "explained" for one in flood)
    return [
        "One member of one server, who asks for one picture at a time:",
        table(["", "replies", "median, ms", "95th percentile, ms"], rows),
        f"The flood had {len(flood):,} replies, {refused:,} of which asked for patience{middle}.",
    ]


def _long(part: Part, memory: Sequence[Memory]) -> list[str]:
    taken = [one.seconds * 1000 for one in part.heard if one.fate != "lost"]
    figures = ", ".join(
        f"{name} {short(percentile(taken, share))}"
        for name, share in (("median", 0.5), ("95th percentile", 0.95), ("99th", 0.99))
    )
    peak = max(memory, key=lambda each: each.total)
    rows = [
        [name, *(short(size / MEGABYTE) for size in (at.total, at.bot, at.workers))]
        for name, at in _by_time(memory, peak)
    ]
    return [
        (
            f"{part.members} members for {part.seconds / 60:.1f} minutes: {len(part.heard):,} "
            f"replies, {short(part.per_second)} a second; {figures} ms, longest "
            f"{short(max(taken))} ms."
        ),
        "Memory meanwhile; what processes share counts for each of them:",
        table(["", "MB in all", "the bot", "its workers"], rows),
    ]


def _by_time(memory: Sequence[Memory], peak: Memory) -> list[tuple[str, Memory]]:
    return [
        ("start", memory[0]),
        ("halfway", memory[len(memory) // 2]),
        ("end", memory[-1]),
        ("peak", peak),
    ]


def _accounts(measured: Measured) -> list[str]:
    heard, tracebacks = everything(measured), measured.tracebacks
    fates = Counter(one.fate for one in heard)
    copies = [one for one in heard if one.sent.kind == "copy" and one.fate == "answered"]
    right = sum(one.right for one in copies)
    lines = [
        (
            f"Of {len(heard):,} messages {fates['answered']:,} were answered, "
            f"{fates['explained']:,} had it explained why not, and {fates['lost']:,} were lost. "
            f"{right:,} of {len(copies):,} answers to copies name the right page. "
            f"Replied to twice: {measured.twice:,}. Tracebacks in the bot's log: "
            f"{tracebacks.total():,}."
        )
    ]
    reasons = Counter(one.why for one in heard if one.fate != "answered")
    if reasons:
        lines.append(_counted("instead of an answer", reasons))
    if tracebacks:
        lines.append(_counted("traceback", tracebacks))
    return lines


def _counted(head: str, counted: dict[str, int]) -> str:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return table([head, "times"], ([name, f"{times:,}"] for name, times in ordered))
