"""A dump of hashes and the pages that show them, as pg_dump writes it.

The hashes are those of :mod:`bench.hashes`: of 30 million rows 18 million are distinct, and the
most popular picture is on some 200,000 pages.  The pages come one after the other, as whoever
filled the table went through them: a fifth as many as rows, each with one picture at least and with
titles of 20 characters on average, one in ten of them with letters beyond ASCII.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.hashes import Bigints, kept

PAGES = 0.2
PIECE = 200_000

_HEAD = """\
--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

CREATE TABLE public.hashes (
    id integer NOT NULL,
    hash bigint NOT NULL,
    url text NOT NULL
);

COPY public.hashes (id, hash, url) FROM stdin;
"""
_TAIL = """\
\\.

--
-- PostgreSQL database dump complete
--
"""
_WORDS = """
    Mount Lake Saint River Church Battle Castle Railway Station Bridge History List University
    North Island County Village Street Museum Festival Åland Härryda São Köln Øresund Łódź
""".split()  # noqa: SIM905  (a list would be a line a word)


def dump(folder: Path, rows: int, seed: int, say: Callable[[str], None]) -> Path:
    """The path of a dump with so many rows; made once, and kept in the folder."""
    path = folder / f"hashes-{rows}-{seed}.sql"
    if not path.is_file():
        hashes = kept(folder, rows, seed, say)
        say(f"Writing {path}")
        scratch = path.with_suffix(".new")
        _write(scratch, hashes, seed)
        scratch.rename(path)
    return path


def _write(path: Path, hashes: Bigints, seed: int) -> None:
    rows = len(hashes)
    dice = np.random.default_rng((seed, 11))
    pages = max(1, int(rows * PAGES))
    # Every page has a picture, and the rest fall where they fall.
    which = np.concatenate([np.arange(pages), dice.integers(0, pages, rows - pages)])
    which.sort()
    words = len(_WORDS)
    # The words are for the length of a title and its letters; the number tells the pages apart.
    first, second = np.minimum(dice.geometric(0.14, (2, pages)) - 1, words - 1)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD)
        for start in range(0, rows, PIECE):
            part = slice(start, start + PIECE)
            file.writelines(
                f"{number}\t{value}\t{_WORDS[first[page]]}_{_WORDS[second[page]]}_({page})\n"
                for number, (value, page) in enumerate(
                    zip(hashes[part].tolist(), which[part].tolist(), strict=True), start + 1
                )
            )
        file.write(_TAIL)
