"""Which fingerprints tell copies from strangers, once dHash says that they are near.

    python -m bench.quality.candidates --corpus FOLDER --cache FOLDER

Looks at the half of the pictures that tunes: how far altered copies are from their pictures, by
each candidate, and how often pictures that only have a near dHash pass the same thresholds, each
alone and together.

Prints Markdown.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from bench.quality import copies, distractors, strangers
from bench.quality.alterations import alterations
from bench.quality.copies import PROBES, Copies
from bench.quality.fingerprints import BYTES, CANDIDATES, Prints, prints
from bench.quality.looks import Looks, together
from bench.quality.models import Floats, Model, fit_tail
from bench.quality.pictures import Picture, load
from bench.report import table
from bench.server import describe_machine, say
from bot.images.colours import cells
from bot.images.hashes import differences, plain

RADIUS = 14
RADII = (3, 6, 8, 10, 12, 14, 16)
KEPT = (0.98, 0.99, 0.995, 0.999)
SHOWN = ("dhash", "phash", "waves", "across16", "grid", "fitted", "colour", "shape", "pdq")
MOST = {"photo": 170, "clipart": 50, "flag": 45, "map": 12, "sky": 12}

SETS: tuple[tuple[str, ...], ...] = (
    ("phash",),
    ("phash", "colour", "shape"),
    ("grid", "colour", "shape"),
    ("fitted", "colour", "shape"),
    ("phash", "grid", "colour", "shape"),
    ("phash", "fitted", "colour"),
    ("phash", "fitted", "shape"),
    ("phash", "fitted", "colour", "shape"),
    ("waves",),
    ("waves", "colour", "shape"),
    ("waves", "fitted", "colour", "shape"),
    ("low", "fitted", "colour", "shape"),
    ("pdq",),
    ("pdq", "colour", "shape"),
)
TAILS = (("phash",), ("phash", "fitted", "colour", "shape"), ("low", "fitted", "colour", "shape"))

# Of queries that look like photographs, how many may be shown a stranger.
RATES = (1 / 20, 1 / 100, 1 / 1000)

# What happens to pictures, by what a person would say of it.
SORTS: dict[str, tuple[str, ...]] = {
    "saved, resized, grey, marked": (
        "JPEG 75", "JPEG 50", "JPEG 30", "WebP 60", "half size", "quarter size", "320 pixels",
        "grey", "watermark", "corner logo", "GIF",
    ),
    "brightness": ("brighter 20 %", "darker 20 %"),
    "crop 5 %": ("crop 5 %",),
    "crop 10 %": ("crop 10 %",),
    "crop 20 %": ("crop 20 %",),
    "borders": ("white border", "black border", "letterbox", "blurred border"),
    "mirror, turns": ("mirrored", "turned 90", "turned 180", "turned 270"),
    "rotated": ("rotated 2 degrees",),
    "screenshot": ("phone, light", "phone, dark", "chat, light", "chat, dark"),
    "caption": ("caption bar", "dark caption bar"),
    "on a desk": ("on a desk",),
}  # fmt: skip
HOPELESS = ("crop 20 %", "crop 30 %", "on a desk")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distances of ``n`` pairs by candidate, each of shape (n)."""

    by: dict[str, Floats]

    def of(self, names: Sequence[str]) -> Floats:
        """Of shape (n, names)."""
        return np.stack([self.by[name] for name in names], axis=1)

    def where(self, which: NDArray[np.bool_]) -> "Pairs":
        return Pairs({name: values[which] for name, values in self.by.items()})


@dataclass(frozen=True, slots=True)
class Tried:
    """All that was compared.

    ``true`` are copies with their pictures, ``how`` and ``kind`` what they are; ``false`` are
    strangers within :data:`RADIUS`, with the weight, the query and the group of each.  ``queries``
    says how many queries there were in each group, ``compared`` how many pairs.
    """

    true: Pairs
    how: NDArray[np.int16]
    probe: NDArray[np.int8]
    photo: NDArray[np.bool_]
    false: Pairs
    weight: Floats
    query: NDArray[np.int64]
    group: NDArray[np.int8]
    queries: tuple[int, ...]
    compared: tuple[int, ...]


GROUPS = ("photos", "graphics", "drawn photos", "other drawn ones", "graphics among graphics")


def compare(query: Prints, query_pdq: NDArray[np.uint64], stored: Prints,
            stored_pdq: NDArray[np.uint64]) -> Pairs:  # fmt: skip
    """By every candidate, and by PDQ."""
    found = {
        name: distance(query, stored).astype(np.float64) for name, distance in CANDIDATES.items()
    }
    found["pdq"] = np.bitwise_count(query_pdq ^ stored_pdq).sum(axis=1).astype(np.float64)
    return Pairs(found)


def searchable(looks: Looks) -> NDArray[np.bool_]:
    """Those that are not too plain."""
    return ~plain(looks.for_dhash.astype(np.float64), differences(looks.for_dhash))


def gather(
    pictures: Sequence[Picture], made: Copies, others: distractors.Distractors, queries: int
) -> Tried:
    """Compare all copies with their pictures, and ``queries`` of each sort with the whole index."""
    own, far = prints(made.looks), prints(others.looks)
    usable = searchable(made.looks)
    original = {int(of): place for place, of in enumerate(made.of) if made.how[place] < 0}
    is_photo = np.array([picture.kind == "photo" for picture in pictures])[made.of]
    copy = np.flatnonzero((made.how >= 0) & usable)
    source = np.array([original[int(of)] for of in made.of[copy]])
    true = compare(own[copy], made.pdq[copy], own[source], made.pdq[source])

    dice = np.random.default_rng(1)
    falses, weights, groups = [], [], []
    compared: list[int] = []
    asked: list[int] = []
    number: list[NDArray[np.int64]] = []

    def add(query: Prints, pdq: NDArray[np.uint64], parents: NDArray[np.int16], to: Prints,
            to_pdq: NDArray[np.uint64], to_parents: NDArray[np.int16]) -> None:  # fmt: skip
        begun = time.perf_counter()
        found = strangers.near(query.dhash, parents, to.dhash, to_parents, RADIUS)
        for start in range(0, len(found.query), 50_000):
            some, those = found.query[start : start + 50_000], found.stored[start : start + 50_000]
            falses.append(compare(query[some], pdq[some], to[those], to_pdq[those]))
        weights.append(found.weight)
        groups.append(np.full(len(found.query), len(compared), np.int8))
        number.append(found.query + sum(asked))
        asked.append(len(query))
        compared.append(found.compared)
        say(f"{len(found.query):,} strangers in {time.perf_counter() - begun:.0f} s")

    for photo in (True, False):
        places = np.flatnonzero(usable & (is_photo == photo))
        places = dice.choice(places, min(queries, len(places)), replace=False)
        parents = made.of[places][:, None]
        add(own[places], made.pdq[places], parents, far, others.pdq, others.parents)
    drawn_ok = searchable(others.looks)
    for photo in (True, False):
        places = np.flatnonzero(drawn_ok & ((others.style == distractors.PHOTO) == photo))
        places = dice.choice(places, min(queries, len(places)), replace=False)
        add(
            far[places], others.pdq[places], others.parents[places], far, others.pdq, others.parents
        )
    graphics = np.flatnonzero(usable & ~is_photo)
    stored = np.array([place for place in original.values() if not is_photo[place]])
    parents = made.of[:, None]
    add(own[graphics], made.pdq[graphics], parents[graphics], own[stored], made.pdq[stored],
        parents[stored])  # fmt: skip
    return Tried(
        true,
        made.how[copy],
        made.probe[copy],
        is_photo[copy],
        Pairs({name: np.concatenate([part.by[name] for part in falses]) for name in true.by}),
        np.concatenate(weights),
        np.concatenate(number),
        np.concatenate(groups),
        tuple(asked),
        tuple(compared),
    )


def copies_table(tried: Tried, photo: bool) -> str:
    """By alteration: what a radius finds, and how far the second look has to reach."""
    head = [
        "photographs" if photo else "graphics", "copies", "probe",
        *(f"dHash ≤ {radius}" for radius in RADII),
        *(f"{name}: p50 / p95 / p99 / p99.5" for name in SHOWN),
    ]  # fmt: skip
    rows = []
    names = [alteration.name for alteration in alterations()]
    for number, title in [*enumerate(names), (-1, f"all within {RADIUS}")]:
        which = tried.photo == photo
        which &= tried.how == number if number >= 0 else tried.true.by["dhash"] <= RADIUS
        some = tried.true.where(which)
        if not which.any():
            continue
        dhash = some.by["dhash"]
        near = some.where(dhash <= RADIUS)
        probe = PROBES[int(np.bincount(tried.probe[which]).argmax())]
        rows.append(
            [title, str(which.sum()), probe, *(f"{(dhash <= r).mean():.1%}" for r in RADII),
             *(_percentiles(some if name == "dhash" else near, name) for name in SHOWN)]
        )  # fmt: skip
    return table(head, rows)


def _percentiles(pairs: Pairs, name: str) -> str:
    values = pairs.by[name]
    if not len(values):
        return "–"
    places = np.percentile(values, (50, 95, 99, 99.5))
    return " / ".join(
        f"{place:.2f}" if name in {"grid", "fitted"} else f"{place:.0f}" for place in places
    )


def sets(tried: Tried) -> Iterator[tuple[tuple[str, ...], Model]]:
    """A model for each set of candidates; dHash is in all of them."""
    names = [alteration.name for alteration in alterations()]
    hopeless = np.isin(tried.how, [names.index(name) for name in HOPELESS])
    near = tried.true.where((tried.true.by["dhash"] <= RADIUS) & ~hopeless)
    for some in SETS:
        every = ("dhash", *some)
        yield some, fit_tail(every, near.of(every), tried.false.of(every), tried.weight)


def highest(scores: Floats, query: NDArray[np.int64], queries: int) -> Floats:
    """The score of the best stranger of each query; minus infinity where there is none."""
    best = np.full(queries, -np.inf)
    np.maximum.at(best, query, scores)
    return best


def sets_table(tried: Tried, models: Sequence[tuple[tuple[str, ...], Model]], photo: bool) -> str:
    """What is found, of all copies, where so few queries meet a stranger that passes."""
    names = [alteration.name for alteration in alterations()]
    head = ["photographs: dHash and" if photo else "graphics: dHash and", "bytes",
            "queries with a stranger", "score at least", *SORTS, "strangers per stored picture",
            *(f"queries with a stranger: {group}" for group in GROUPS[:4]),
            "of near graphics among graphics"]  # fmt: skip
    of_query = np.repeat(np.arange(len(tried.queries)), tried.queries)
    like_photos = np.isin(of_query, [0, 2])
    near = tried.true.by["dhash"] <= RADIUS
    rows = []
    for some, model in models:
        true = model.score(tried.true.of(model.names))
        false = model.score(tried.false.of(model.names))
        best = highest(false, tried.query, sum(tried.queries))
        for rate in RATES:
            least = float(np.nextafter(np.quantile(best[like_photos], 1 - rate, method="higher"),
                                       np.inf))  # fmt: skip
            found = near & (true >= least)
            cells = []
            for sort in SORTS.values():
                those = np.isin(tried.how, [names.index(name) for name in sort])
                cells.append(f"{found[those & (tried.photo == photo)].mean():.1%}")
            passed = (false >= least) * tried.weight
            compared = tried.compared[0] + tried.compared[2]
            overall = passed[np.isin(tried.group, [0, 2])].sum() / compared
            shares = [f"{(best[of_query == group] >= least).mean():.2%}" for group in range(4)]
            closest = max(tried.weight[tried.group == 4].sum(), 1)
            alike = passed[tried.group == 4].sum() / closest
            rows.append(
                [" + ".join(some), str(sum(BYTES.get(name, 32) for name in some)), f"{rate:.1%}",
                 f"{least:.2f}", *cells, f"{overall:.1e}", *shares, f"{alike:.1%}"]
            )  # fmt: skip
    return table(head, rows)


def tail_table(tried: Tried, models: Sequence[tuple[tuple[str, ...], Model]]) -> str:
    """By the least score: queries that meet a stranger, and copies of photographs that are found.

    From one score to the next, strangers get fewer by a factor; what more pictures add is found by
    going on with it.
    """
    steps = range(-5, 5)
    of_query = np.repeat(np.arange(len(tried.queries)), tried.queries)
    names = [alteration.name for alteration in alterations()]
    near = tried.true.by["dhash"] <= RADIUS
    rows = []
    for some, model in models:
        title = " + ".join(some)
        best = highest(model.score(tried.false.of(model.names)), tried.query, len(of_query))
        for name, groups in (("like photographs", [0, 2]), ("others", [1, 3])):
            those = best[np.isin(of_query, groups)]
            shares = (f"{(those >= step).mean():.2%}" for step in steps)
            rows.append([f"{title}: a stranger, {len(those):,} {name}", *shares])
        true = model.score(tried.true.of(model.names))
        for sort, members in SORTS.items():
            which = tried.photo & np.isin(tried.how, [names.index(member) for member in members])
            found = (f"{(near & (true >= step))[which].mean():.1%}" for step in steps)
            rows.append([f"{title}: the picture, {sort}", *found])
    return table(["score of at least", *map(str, steps)], rows)


def weights_table(models: Sequence[tuple[tuple[str, ...], Model]]) -> str:
    """The models themselves."""
    rows = []
    for names, model in models:
        terms = " ".join(
            f"{weight:+.3f}·{name}" for name, weight in zip(model.names, model.weights, strict=True)
        )
        rows.append([" + ".join(names), f"{model.constant:.2f} {terms}"])
    return table(["dHash and", "score"], rows)


def singles_table(tried: Tried) -> str:
    """Each candidate alone, by its own threshold."""
    near = tried.true.where(tried.true.by["dhash"] <= RADIUS)
    head = ["candidate", "bytes", *(f"keeps {share:.1%}: at most; strangers of photos, of "
            "graphics, graphics among graphics that pass" for share in KEPT)]  # fmt: skip
    rows = []
    for name, values in near.by.items():
        cells = []
        for share in KEPT:
            most = float(np.quantile(values, share))
            passed = (tried.false.by[name] <= most) * tried.weight
            shares = []
            for group in (0, 1, 4):
                those = tried.group == group
                shares.append(f"{passed[those].sum() / max(tried.weight[those].sum(), 1):.1e}")
            cells.append(f"{most:.2f}; {', '.join(shares)}")
        rows.append([name, str(BYTES.get(name, 32)), *cells])
    return table(head, rows)


def costs(pictures: Sequence[Picture], looks: Looks) -> str:
    """Microseconds a picture."""
    images = [picture.open() for picture in pictures[:30]]
    begun = time.perf_counter()
    for image in images:
        cells(image)
    colours = (time.perf_counter() - begun) / len(images)
    begun = time.perf_counter()
    some = looks[:2000]
    prints(some)
    return (
        f"Shrinking colours takes {colours * 1e6:.0f} µs a picture, all fingerprints of "
        f"{len(some):,} at once {(time.perf_counter() - begun) / len(some) * 1e6:.0f} µs each."
    )


def chosen(pictures: Sequence[Picture]) -> list[int]:
    """Places of the pictures that are altered: some of each kind, of the half that tunes."""
    seen: dict[str, int] = {}
    places = []
    for place, picture in enumerate(pictures):
        if picture.tuning and seen.get(picture.kind, 0) < MOST[picture.kind]:
            seen[picture.kind] = seen.get(picture.kind, 0) + 1
            places.append(place)
    # Whatever is done first has some of each kind.
    Random(1).shuffle(places)
    return places


def report(tried: Tried) -> Iterator[str]:
    yield copies_table(tried, True)
    yield copies_table(tried, False)
    near = [tried.weight[tried.group == n].sum() for n in range(len(GROUPS))]
    rates = [
        f"{group}: {near[n] / tried.compared[n] * 1e6:.0f} in a million "
        f"of {tried.compared[n]:,} ({(tried.group == n).sum():,} looked at)"
        for n, group in enumerate(GROUPS)
    ]
    yield f"Strangers within {RADIUS}: " + "; ".join(rates) + "."
    yield singles_table(tried)
    models = list(sets(tried))
    yield sets_table(tried, models, photo=True)
    yield sets_table(tried, models, photo=False)
    yield weights_table(models)
    yield tail_table(tried, [(some, model) for some, model in models if some in TAILS])


def main(arguments: Sequence[str] | None = None, out: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality.candidates", description="Choose the second look."
    )
    parser.add_argument("--corpus", type=Path, help="folder with a manifest.csv")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep pictures in")
    parser.add_argument("--count", type=int, default=1_000_000, help="distractors")
    parser.add_argument("--queries", type=int, default=4_000, help="of each sort")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    pictures = load(options.corpus)
    others = distractors.kept(options.cache, pictures, options.count, options.seed, say)
    made = copies.kept(options.cache, pictures, chosen(pictures), say)
    out(f"Machine: {describe_machine()}\n\n{costs(pictures, together([made.looks]))}")
    for part in report(gather(pictures, made, others, options.queries)):
        out(f"\n{part}")


if __name__ == "__main__":
    main()
