"""Buttons and menus under the answers to moderators and to the bot's owner.

Each answers the one person it was made for, asks anew whether they still may, and goes when its
time is up.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

import discord

from bot.ingest import ListedImage
from bot.search import Match
from cogs.errors import present, whisper
from cogs.text import clip, plain

Click = discord.Interaction[Any]
Gate = Callable[[Click], Awaitable[None]]

# Discord takes edits of an answer to a slash command for fifteen minutes.
TIMEOUT = 600.0
PER_PAGE = 10

log = logging.getLogger(__name__)


class PersonalView(discord.ui.View):
    """Components for one person.

    ``gate`` raises a :class:`bot.errors.WhereisError` when they may not any more.
    """

    def __init__(self, user_id: int, gate: Gate, *, timeout: float = TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._user_id = user_id
        self._gate = gate
        self._taken = False
        self.message: discord.Message | None = None

    async def interaction_check(self, interaction: Click, /) -> bool:
        """Whether this click counts."""
        if interaction.user.id != self._user_id:
            await whisper(interaction, "That is for the one who asked. Ask yourself, if you may.")
            return False
        await self._gate(interaction)
        return True

    async def on_error(
        self, interaction: Click, error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Tell what went wrong."""
        await present(interaction, error)

    async def on_timeout(self) -> None:
        """Take the components away; nobody listens to them any more."""
        if self.message is None:
            return
        try:
            await self.message.edit(view=None)
        except discord.HTTPException as error:
            log.debug("the components of message %s stay: %s", self.message.id, error)

    def take(self) -> bool:
        """Whether this is the first click; a second one, on its way already, does nothing."""
        first = not self._taken
        self._taken = True
        return first


class OnceView(PersonalView):
    """One button that does something once, and shows what it did in place of what was there."""

    def __init__(
        self,
        user_id: int,
        gate: Gate,
        label: str,
        act: Callable[[Click], Awaitable[discord.Embed]],
        *,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        otherwise: str | None = None,
    ) -> None:
        super().__init__(user_id, gate)
        self._act = act
        yes: discord.ui.Button[Self] = discord.ui.Button(label=label, style=style)
        yes.callback = self._yes  # type: ignore[method-assign]
        self.add_item(yes)
        if otherwise is not None:
            no: discord.ui.Button[Self] = discord.ui.Button(label=otherwise)
            no.callback = self._no  # type: ignore[method-assign]
            self.add_item(no)

    async def _yes(self, interaction: Click) -> None:
        if not self.take():
            await interaction.response.defer()
            return
        await interaction.response.defer()
        self.stop()
        try:
            embed = await self._act(interaction)
        except BaseException:
            await interaction.edit_original_response(view=None)
            raise
        await interaction.edit_original_response(embed=embed, view=None)

    async def _no(self, interaction: Click) -> None:
        self.stop()
        await interaction.response.edit_message(view=None)


class ChoiceView(PersonalView):
    """A menu of stored pictures, of which one is taken, and a way out."""

    def __init__(
        self,
        user_id: int,
        gate: Gate,
        matches: Sequence[Match],
        act: Callable[[Click, int], Awaitable[tuple[discord.Embed, discord.ui.View]]],
    ) -> None:
        super().__init__(user_id, gate)
        self._act = act
        self._menu: discord.ui.Select[Self] = discord.ui.Select(
            placeholder="Remove…", options=[_option(match) for match in matches[:25]]
        )
        self._menu.callback = self._chosen  # type: ignore[method-assign]
        self.add_item(self._menu)
        keep: discord.ui.Button[Self] = discord.ui.Button(label="Remove none")
        keep.callback = self._none  # type: ignore[method-assign]
        self.add_item(keep)

    async def _chosen(self, interaction: Click) -> None:
        if not self.take():
            await interaction.response.defer()
            return
        await interaction.response.defer()
        self.stop()
        try:
            embed, view = await self._act(interaction, int(self._menu.values[0]))
        except BaseException:
            await interaction.edit_original_response(view=None)
            raise
        await interaction.edit_original_response(embed=embed, view=view)

    async def _none(self, interaction: Click) -> None:
        self.stop()
        await interaction.response.edit_message(view=None)


class ListView(PersonalView):
    """Leafs through a list that knows where a page begins, and not how many there are.

    ``fetch`` gives at most so many pictures from behind an id; ``show`` makes the embed of one page
    with its number.
    """

    def __init__(
        self,
        user_id: int,
        gate: Gate,
        fetch: Callable[[int, int], Awaitable[Sequence[ListedImage]]],
        show: Callable[[Sequence[ListedImage], int], Awaitable[discord.Embed]],
    ) -> None:
        super().__init__(user_id, gate)
        self._fetch = fetch
        self._show = show
        # Where each page up to this one begins; going back needs no question in reverse.
        self._starts = [0]
        self._next: int | None = None

    @property
    def needed(self) -> bool:
        """Whether there is more than one page."""
        return self._next is not None or len(self._starts) > 1

    async def render(self) -> discord.Embed:
        """The embed of the page that is being looked at."""
        found = await self._fetch(self._starts[-1], PER_PAGE + 1)
        shown = found[:PER_PAGE]
        self._next = shown[-1].image_id if len(found) > PER_PAGE else None
        self.previous.disabled = len(self._starts) == 1
        self.following.disabled = self._next is None
        return await self._show(shown, len(self._starts))

    @discord.ui.button(label="Newer", emoji="◀️")
    async def previous(self, interaction: Click, button: discord.ui.Button[Self]) -> None:
        """Go back."""
        if len(self._starts) > 1:
            self._starts.pop()
        await interaction.response.edit_message(embed=await self.render(), view=self)

    @discord.ui.button(label="Older", emoji="▶️")
    async def following(self, interaction: Click, button: discord.ui.Button[Self]) -> None:
        """Go on."""
        if self._next is not None:
            self._starts.append(self._next)
        await interaction.response.edit_message(embed=await self.render(), view=self)


def _option(match: Match) -> discord.SelectOption:
    title = match.pages[0].name if match.pages else (match.file or "no page")
    bits = "no bit differs" if match.distance == 0 else f"{match.distance} bits differ"
    return discord.SelectOption(
        label=clip(f"#{match.image_id} {plain(title)}", 100),
        value=str(match.image_id),
        description=clip(f"{bits}{f' · {plain(match.file)}' if match.file else ''}", 100),
    )
