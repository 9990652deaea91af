"""What became of a message: an answer, an explanation, or nothing."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from bench.load.pictures import Sent
from tests.fake_discord import Message

Fate = Literal["answered", "explained", "lost"]

UNREADABLE = "I could not read this picture"
WITHOUT_A_MATCH = ("I don't know this picture", "Too plain to search for")
NO_REPLY = "no reply"

# The lines of a traceback are indented; the next one says what was raised.
_RAISED = re.compile(r"^Traceback \(.+\n(?: .*\n)*([\w.]+)", re.MULTILINE)
_MATCH = re.compile(r"distance \d+ of 64")
_OF_THE_MOMENT = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]+\b")
_SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Told:
    """A message and what came of it.

    ``seconds`` is how long the reply took, and ``ended`` the time of the event loop by which it was
    there, or was given up.  ``why`` is what was explained.  ``right`` is whether an answer says
    what is so: the page of a copy, say.
    """

    sent: Sent
    seconds: float
    ended: float
    fate: Fate
    why: str = ""
    right: bool = False


def told(sent: Sent, reply: Message | None, seconds: float, ended: float) -> Told:
    """Judge the reply to what was sent."""
    if reply is None:
        return Told(sent, seconds, ended, "lost", NO_REPLY)
    title = reply.embeds[0].get("title") or "" if reply.embeds else ""
    readable = sent.kind in ("copy", "stranger")
    if title == UNREADABLE and not readable:
        return Told(sent, seconds, ended, "answered", right=True)
    if title in WITHOUT_A_MATCH:
        return Told(sent, seconds, ended, "answered", right=sent.kind == "stranger")
    if _MATCH.search(reply.text):
        right = sent.kind == "copy" and sent.title in reply.text
        return Told(sent, seconds, ended, "answered", right=right)
    # The title and the first sentence below it, or the sentence alone.
    why = ": ".join(filter(None, (title, reason(reply.text.removeprefix(title).strip()))))
    return Told(sent, seconds, ended, "explained", why)


def raised(log: str) -> Counter[str]:
    """What the tracebacks of a log end in, and how often."""
    return Counter(_RAISED.findall(log))


def reason(text: str) -> str:
    """The first sentence of an explanation, without the figures of the moment."""
    first = _SENTENCE.match(text)
    return _OF_THE_MOMENT.sub("…", first[1] if first else text)
