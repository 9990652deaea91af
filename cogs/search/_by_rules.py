"""What a server's rules make of a search and its answer."""

from collections.abc import Sequence
from dataclasses import replace

import discord

from bot.rules import Rules, Strictness
from bot.search import Answer, Confidence, Scope
from cogs.search._outcome import Outcome

LEFT_OUT = "Matches that are less sure were left out; so this server wants it."

_SHOWN: dict[Strictness, frozenset[Confidence]] = {
    "exact": frozenset({"exact"}),
    "close": frozenset({"exact", "close"}),
    "possible": frozenset({"exact", "close", "possible"}),
}


def scope_of(guild: discord.abc.Snowflake | None, rules: Rules) -> Scope:
    """What is searched for somebody in a server."""
    return Scope(guild_id=None if guild is None else guild.id, names=rules.collections)


def strict(outcomes: Sequence[Outcome], least: Strictness) -> tuple[tuple[Outcome, ...], bool]:
    """The outcomes without matches less sure than ``least``, and whether there were any."""
    kept = tuple(_without(outcome, _SHOWN[least]) for outcome in outcomes)
    return kept, kept != tuple(outcomes)


def _without(outcome: Outcome, shown: frozenset[Confidence]) -> Outcome:
    answer = outcome.answer
    if not isinstance(answer, Answer) or answer.status != "found":
        return outcome
    matches = tuple(match for match in answer.matches if match.confidence in shown)
    if len(matches) == len(answer.matches):
        return outcome
    status = answer.status if matches else "none"
    return replace(outcome, answer=replace(answer, status=status, matches=matches))


def goes_soon(rules: Rules) -> str | None:
    """The line that tells that an answer goes by itself."""
    if rules.style != "fleeting":
        return None
    return f"-# This answer goes in {rules.minutes} minute{'' if rules.minutes == 1 else 's'}."


async def goes_after(minutes: int, channel: object, message: discord.Message) -> None:
    """Have a message deleted later; it stays if the bot is stopped before.

    Not by the interaction that it may answer, for that is forgotten after a quarter of an hour.
    """
    if isinstance(channel, discord.abc.Messageable) and hasattr(channel, "get_partial_message"):
        await channel.get_partial_message(message.id).delete(delay=minutes * 60)
