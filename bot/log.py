"""Logging to stderr: one line for each record, and no secret in any of them.

What a request logs has the request's id.  In JSON a line is one object: ``time`` (UTC, ISO 8601),
``level``, ``logger``, ``message``, and where they apply ``request``, the fields of a request that
has ended (see :mod:`bot.requests`), ``error``, ``traceback`` and ``stack``.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TextIO
from urllib.parse import quote, unquote, urlsplit

from bot.requests import current

LogFormat = Literal["text", "json"]

REDACTED = "[redacted]"
# What is shorter stands in ordinary words, and hiding it there would only point at it.
MIN_SECRET_LENGTH = 4

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s%(request)s: %(message)s"
_DATES = "%Y-%m-%d %H:%M:%S"

# Their own news are of use to nobody who runs the bot, at whatever level it logs.
_NOISY = {
    "discord": logging.INFO,
    "discord.client": logging.ERROR,  # that voice is not supported
    "discord.gateway": logging.WARNING,
    "discord.http": logging.WARNING,
    "asyncio": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "PIL": logging.WARNING,
}

# Whatever could start a line of its own, move a terminal's cursor, or turn text around.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNPRINTABLE_IN_TRACEBACK = re.compile(_UNPRINTABLE.pattern.replace(r"\x0a-", r"\x0b-"))


def configure(
    level: str | int,
    *,
    secrets: Sequence[str] = (),
    form: LogFormat = "text",
    stream: TextIO | None = None,
) -> None:
    """Send the log, and Python's warnings, to ``stream`` (``None``: stderr).

    ``level`` is a name or number of :mod:`logging`, ``form`` that of the lines.  ``secrets`` are
    redacted wherever they show, be it in a message, its arguments, an exception or a stack; so is
    the password within a secret that is a URL.  Calling this again replaces what an earlier call
    set up.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _Handler):
            root.removeHandler(handler)
    handler = _Handler(sys.stderr if stream is None else stream)
    redact = Redactor(secrets)
    handler.setFormatter(_JsonFormatter(redact) if form == "json" else _Formatter(redact))
    root.addHandler(handler)
    root.setLevel(level)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(True)


class Redactor:
    """Takes secrets out of texts, in each form in which one may be written."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        # The longest first: a URL is one secret, and its password another.
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """``text`` without the secrets."""
        return self._pattern.sub(REDACTED, text) if self._pattern else text


def _forms(secret: str) -> set[str]:
    parts = {secret, *_passwords(secret)}
    written = {
        form
        for part in parts
        for form in (
            part,
            quote(part, errors="replace"),
            quote(part, safe="", errors="replace"),
            unquote(part),
            repr(part)[1:-1],
            json.dumps(part)[1:-1],
            json.dumps(part, ensure_ascii=False)[1:-1],
        )
    }
    return {form for form in written if len(form) >= MIN_SECRET_LENGTH}


def _passwords(secret: str) -> list[str]:
    """The password in a URL, and in PostgreSQL's ``password=…`` forms."""
    found = re.findall(r"\bpassword\s*=\s*'([^']*)'|\bpassword\s*=\s*([^\s'&]+)", secret)
    passwords = [quoted or bare for quoted, bare in found]
    if "://" in secret:
        try:
            password = urlsplit(secret).password
        except ValueError:
            password = None
        passwords.append(password or "")
    return passwords


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        # The base class prints the record's raw arguments, secrets and all.
        self.stream.write(f"a record of {record.name} could not be logged\n")


class _Formatter(logging.Formatter):
    def __init__(self, redact: Redactor) -> None:
        super().__init__(_FORMAT, _DATES)
        self._redact = redact

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        request = current()
        record.request = "" if request is None else f" [{request.id}]"
        return _UNPRINTABLE.sub(_escaped, self._redact(super().formatMessage(record)))

    def format(self, record: logging.LogRecord) -> str:
        # What format() appends to the message, the exception and the stack, has lines: indented,
        # so that none of them passes for a record.
        text = _UNPRINTABLE_IN_TRACEBACK.sub(_escaped, self._redact(super().format(record)))
        return text.replace("\n", "\n    ")


class _JsonFormatter(logging.Formatter):
    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        request = current()
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": None if request is None else request.id,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            found["error"] = f"{kind.__name__}: {error}"
            found["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            found["stack"] = self.formatStack(record.stack_info)
        # Before it is JSON, of which a secret could be a part by chance.
        kept = {name: self._clean(value) for name, value in found.items() if value is not None}
        return json.dumps(kept)

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return _UNPRINTABLE_IN_TRACEBACK.sub(_escaped, self._redact(value))
        return value


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
