"""The menus and buttons under a server's rules, one section of them at a time."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any, TypeVar

import discord

from bot.client import WhereisBot
from bot.errors import RequestError
from bot.rules import (
    MAX_DAYS,
    MAX_LEEWAY,
    MAX_MINUTES,
    Rules,
    parse_language,
    parse_number,
    parse_prefix,
)
from cogs.checks import require_manager
from cogs.settings import _words as words
from cogs.settings._controls import Ask, Channels, Menu, Press, Question, Roles
from cogs.views import Click, Gate, PersonalView

T = TypeVar("T")
Change = Callable[[Rules], Rules]

MOST = 25
NOT_OFFERED = "That is not one of the choices here. Nothing was changed."

SECTIONS = {
    "answers": ("Answers", "Where, who sees them, how sure they must be, in which language"),
    "searched": ("Searched", "Which collections, and age-restricted channels"),
    "people": ("People", "The moderators' role, and what commands begin with"),
    "watch": ("Watch", "Pictures that are posted again"),
}

# Where answers may be posted; a thread belongs to its channel, a channel to its category.
ANSWERING = (
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.forum,
    discord.ChannelType.category,
)
WATCHED = (
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.forum,
)
LOGGED = (discord.ChannelType.text, discord.ChannelType.news)

log = logging.getLogger(__name__)


class SettingsView(PersonalView):
    """Shows a server's rules, and changes them one at a time.

    ``own`` is the name of the server's own collection, ``wikis`` those of the others.
    """

    def __init__(
        self,
        bot: WhereisBot,
        user_id: int,
        gate: Gate,
        guild: discord.Guild,
        own: str,
        wikis: Sequence[str],
    ) -> None:
        super().__init__(user_id, gate)
        self._bot = bot
        self._guild = guild
        self._own = own
        self._wikis = wikis
        self._section = "answers"
        self._rebuild()

    def embed(self) -> discord.Embed:
        """The rules as they are now."""
        prefix = self._bot.prefix_of(self._guild)
        role = self._bot.options.moderator_role
        return words.overview(self._rules, prefix, self._own, self._guild, role)

    @property
    def _rules(self) -> Rules:
        return self._bot.services.rules.of(self._guild.id)

    def _rebuild(self) -> None:
        self.clear_items()
        sections = [
            discord.SelectOption(
                label=label, value=name, description=about, default=name == self._section
            )
            for name, (label, about) in SECTIONS.items()
        ]
        self.add_item(Menu("What to change", sections, self._turn_to))
        build = {
            "answers": self._build_answers,
            "searched": self._build_searched,
            "people": self._build_people,
            "watch": self._build_watch,
        }
        build[self._section]()
        self.add_item(Press("Done", self.give_up, row=4))

    async def _turn_to(self, click: Click, values: Sequence[str]) -> None:
        self._section = one_of(values, SECTIONS)
        await self._show(click)

    async def _show(self, click: Click) -> None:
        self._rebuild()
        await click.response.edit_message(embed=self.embed(), view=self)

    async def _change(self, click: Click, change: Change) -> None:
        before = self._rules
        after = await self._bot.services.rules.change(self._guild.id, change)
        changed = [
            f.name for f in fields(Rules) if getattr(before, f.name) != getattr(after, f.name)
        ]
        if changed:
            # The log, like everything that is stored, does without those who opted out.
            opted_out = self._bot.services.privacy.opted_out(click.user.id)
            who = "a member who opted out" if opted_out else f"user {click.user.id}"
            log.info(
                "rules of server %d changed by %s: %s", self._guild.id, who, ", ".join(changed)
            )
        await self._show(click)

    # ----------------------------------------------------------------------------------- sections

    def _build_answers(self) -> None:
        rules = self._rules
        self.add_item(
            Channels(
                "Answer everywhere, or in…",
                ANSWERING,
                self._there(rules.channels),
                MOST,
                self._set_channels,
            )
        )
        styles = words.options(words.STYLES, rules.style)
        self.add_item(Menu("Seen by", styles, self._set_style))
        strictness = words.options(words.STRICTNESS, rules.strictness)
        self.add_item(Menu("Shown", strictness, self._set_strictness))
        self.add_item(Press("Minutes and language…", self._ask_answers, row=4))

    def _build_searched(self) -> None:
        rules = self._rules
        collections = words.collection_options(self._wikis, self._own, rules.collections)
        self.add_item(
            Menu(
                "Search all collections, or…",
                collections,
                self._set_collections,
                least=0,
                most=len(collections),
            )
        )
        restricted = words.options(words.RESTRICTED, rules.restricted)
        self.add_item(Menu("In age-restricted channels", restricted, self._set_restricted))

    def _build_people(self) -> None:
        role = self._rules.moderator_role
        there = role if role is not None and self._guild.get_role(role) is not None else None
        self.add_item(Roles("Moderators besides…", there, self._set_role))
        self.add_item(Press("Prefix…", self._ask_prefix, row=4))

    def _build_watch(self) -> None:
        watch = self._rules.watch
        self.add_item(
            Channels(
                "Watch nowhere, or…", WATCHED, self._there(watch.channels), MOST, self._set_watched
            )
        )
        self.add_item(
            Menu("When a picture is known", words.watch_options(watch), self._set_watch_action)
        )
        logged = self._there(frozenset() if watch.log is None else frozenset({watch.log}))
        self.add_item(Channels("Tell nobody, or…", LOGGED, logged, 1, self._set_watch_log))
        own = "Don't compare with" if watch.own else "Compare with"
        # A second click, on its way already, wants what the first one wanted.
        switch = partial(self._change_watch, own=not watch.own)
        self.add_item(Press(f"{own} this server's own", switch, row=4))
        self.add_item(Press("Days and leeway…", self._ask_watch, row=4))

    # -------------------------------------------------------------------------------------- menus

    async def _set_channels(self, click: Click, ids: frozenset[int]) -> None:
        channels = self._known(ids, ANSWERING)
        await self._change(click, lambda rules: replace(rules, channels=channels))

    async def _set_style(self, click: Click, values: Sequence[str]) -> None:
        style = one_of(values, words.STYLES)
        await self._change(click, lambda rules: replace(rules, style=style))

    async def _set_strictness(self, click: Click, values: Sequence[str]) -> None:
        strictness = one_of(values, words.STRICTNESS)
        await self._change(click, lambda rules: replace(rules, strictness=strictness))

    async def _set_collections(self, click: Click, values: Sequence[str]) -> None:
        offered = (self._own, *self._wikis)
        chosen = frozenset(one_of([value], offered) for value in values)
        await self._change(click, lambda rules: replace(rules, collections=chosen))

    async def _set_restricted(self, click: Click, values: Sequence[str]) -> None:
        restricted = one_of(values, words.RESTRICTED)
        await self._change(click, lambda rules: replace(rules, restricted=restricted))

    async def _set_role(self, click: Click, ids: frozenset[int]) -> None:
        await require_manager(self._bot, click.user, click.guild)
        role = next(iter(ids), None)
        found = None if role is None else self._guild.get_role(role)
        if role is not None and (found is None or found.is_default()):
            raise RequestError(NOT_OFFERED)
        await self._change(click, lambda rules: replace(rules, moderator_role=role))

    async def _set_watched(self, click: Click, ids: frozenset[int]) -> None:
        channels = self._known(ids, WATCHED)
        await self._change_watch(click, channels=channels)

    async def _set_watch_action(self, click: Click, values: Sequence[str]) -> None:
        action = one_of(values, (words.WORDS, *words.EMOJI))
        await self._change_watch(click, emoji=None if action == words.WORDS else action)

    async def _set_watch_log(self, click: Click, ids: frozenset[int]) -> None:
        channels = self._known(ids, LOGGED)
        await self._change_watch(click, log=next(iter(channels), None))

    async def _change_watch(self, click: Click, **values: Any) -> None:
        await self._change(
            click, lambda rules: replace(rules, watch=replace(rules.watch, **values))
        )

    def _there(self, ids: Iterable[int]) -> frozenset[int]:
        """Those channels that there are; one may have gone while the bot was away."""
        return frozenset(n for n in ids if self._guild.get_channel(n) is not None)

    def _known(self, ids: Iterable[int], kinds: Sequence[discord.ChannelType]) -> frozenset[int]:
        """Those channels, if they are all this server's; a client may name any."""
        found = [self._guild.get_channel(number) for number in ids]
        if any(channel is None or channel.type not in kinds for channel in found):
            raise RequestError(NOT_OFFERED)
        return frozenset(channel.id for channel in found if channel is not None)

    # ------------------------------------------------------------------------------ what is typed

    async def _ask_answers(self, click: Click) -> None:
        rules = self._rules
        questions = (
            Question("Minutes until an answer goes, 1 to 60", str(rules.minutes), 2),
            Question("Language of articles, as en or de", rules.language or "", 20, needed=False),
        )

        async def take(click: Click, minutes: str, language: str) -> None:
            number = parse_number(minutes, "Minutes", 1, MAX_MINUTES)
            code = parse_language(language)
            await self._change(click, lambda r: replace(r, minutes=number, language=code))

        await self._ask(click, "Answers", questions, take)

    async def _ask_prefix(self, click: Click) -> None:
        default = self._bot.options.prefix
        label = f"What commands begin with; empty for {default}"
        questions = (Question(label, self._rules.prefix or "", 10, needed=False),)

        async def take(click: Click, text: str) -> None:
            prefix = parse_prefix(text)
            await self._change(click, lambda rules: replace(rules, prefix=prefix))

        await self._ask(click, "Prefix", questions, take)

    async def _ask_watch(self, click: Click) -> None:
        watch = self._rules.watch
        questions = (
            Question("Days that pictures are remembered, 0 to 30", str(watch.days), 2),
            Question("Hours in which one may repeat one's own", str(watch.leeway), 3),
        )

        async def take(click: Click, days: str, hours: str) -> None:
            number = parse_number(days, "Days", 0, MAX_DAYS)
            leeway = parse_number(hours, "Hours", 0, MAX_LEEWAY)
            await self._change_watch(click, days=number, leeway=leeway)

        await self._ask(click, "Watch", questions, take)

    async def _ask(
        self,
        click: Click,
        title: str,
        questions: Sequence[Question],
        take: Callable[..., Awaitable[None]],
    ) -> None:
        # Who is asked may be a moderator no more by the time they answer.
        ask = Ask(title, questions, self.interaction_check, take)
        await click.response.send_modal(ask)


def one_of(values: Sequence[str], among: Iterable[T]) -> T:
    """The one that was chosen. Raises :class:`RequestError` for what was not offered."""
    for offered in among:
        if len(values) == 1 and offered == values[0]:
            return offered
    raise RequestError(NOT_OFFERED)
