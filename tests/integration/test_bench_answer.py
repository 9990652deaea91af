"""The benchmark of answers runs from end to end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.answer import WIKIS, measure, report


async def test_answers_wait_for_no_wiki(
    short_folders: Callable[[], Path],
    put_extension: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = short_folders()
    put_extension(folder)
    # As patient as a test can be.
    monkeypatch.delitem(WIKIS, "in 3 s")
    monkeypatch.delitem(WIKIS, "never")
    found = await measure(folder, 2)
    (times,) = found.values()
    assert len(times.first) == len(times.card) == 2
    assert all(first < card for first, card in zip(times.first, times.card, strict=True))
    assert "| the wiki answers in 50 ms | 2 |" in report(found, "a machine")
