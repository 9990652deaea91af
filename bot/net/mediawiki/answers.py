"""What an API answers, as values of the kinds that were expected, and its complaints in sentences.

The format is ``formatversion=2`` (https://www.mediawiki.org/wiki/API:JSON_version_2).  Nothing in
an answer is believed to be of the kind that it should be.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]

_MAX_TEXT = 300
# What JSON may escape, and neither UTF-8 nor a database takes.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


class NoAnswerError(Exception):
    """A body is not what an API answers."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error of the API: its code, and what it says of it, printable and short."""

    code: str
    text: str


def read_answer(body: bytes) -> Answer:
    """The answer that ``body`` is. Raises :class:`NoAnswerError`."""
    try:
        answer: object = json.loads(body)
    except (ValueError, RecursionError):
        raise NoAnswerError from None
    if not isinstance(answer, dict):
        raise NoAnswerError
    return answer


def complaint_of(answer: Answer) -> Complaint | None:
    """The error that ``answer`` is, if it is one."""
    error = answer.get("error")
    if error is None:
        return None
    fields = as_mapping(error)
    code = printable(as_text(fields.get("code"))) or "unknown"
    return Complaint(code, printable(as_text(fields.get("info"))) or code)


def warnings_of(answer: Answer) -> Iterator[str]:
    """What the API warns of."""
    for module, warning in as_mapping(answer.get("warnings")).items():
        text = printable(as_text(as_mapping(warning).get("warnings")))
        if text:
            yield f"{printable(module)}: {text}"


def printable(text: str) -> str:
    """``text`` on one short line, without what would move a terminal's cursor."""
    text = " ".join(_UNPRINTABLE.sub(" ", text[: 4 * _MAX_TEXT]).split())
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"


def as_mapping(value: object) -> dict[str, Any]:
    """``value``, or an empty mapping where it is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[dict[str, Any]]:
    """The mappings in ``value``, none where it is no list."""
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]


def as_text(value: object) -> str:
    """``value``, or an empty text where it is none, of characters that can be stored."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else ""


def as_number(value: object) -> int:
    """``value``, or 0 where it is no whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
