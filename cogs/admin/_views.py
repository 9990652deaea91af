"""Menus and lists under the answers to moderators."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Self, TypeVar

import discord

from bot.errors import RequestError
from bot.search import Match
from cogs.text import clip, plain
from cogs.views import Click, Gate, PersonalView

T = TypeVar("T")

PER_PAGE = 10

NOT_OFFERED = "That picture is not one of the choices here. Nothing was removed."


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
        chosen = self._menu.values[0] if self._menu.values else None
        if chosen not in {option.value for option in self._menu.options}:
            raise RequestError(NOT_OFFERED)
        if not self.take():
            await interaction.response.defer()
            return
        await interaction.response.defer()
        self.stop()
        try:
            embed, view = await self._act(interaction, int(chosen))
        except BaseException:
            await interaction.edit_original_response(view=None)
            raise
        await interaction.edit_original_response(embed=embed, view=view)

    async def _none(self, interaction: Click) -> None:
        await self.give_up(interaction)


class ListView(PersonalView, Generic[T]):
    """Leafs through a list that knows where a page begins, and not how many there are.

    ``fetch`` gives at most so many entries from behind an id, of which 0 stands for the beginning;
    ``key`` is an entry's id, and ``show`` makes the embed of one page with its number.
    """

    def __init__(
        self,
        user_id: int,
        gate: Gate,
        fetch: Callable[[int, int], Awaitable[Sequence[T]]],
        show: Callable[[Sequence[T], int], Awaitable[discord.Embed]],
        key: Callable[[T], int],
        per_page: int = PER_PAGE,
    ) -> None:
        super().__init__(user_id, gate)
        self._fetch = fetch
        self._show = show
        self._key = key
        self._per_page = per_page
        self._turning = asyncio.Lock()
        # Where each page up to this one begins; going back needs no question in reverse.
        self._starts = [0]
        self._next: int | None = None

    @property
    def needed(self) -> bool:
        """Whether there is more than one page."""
        return self._next is not None or len(self._starts) > 1

    async def render(self) -> discord.Embed:
        """The embed of the page that is being looked at."""
        return await self._open(self._starts)

    @discord.ui.button(label="Newer", emoji="◀️")
    async def previous(self, interaction: Click, button: discord.ui.Button[Self]) -> None:
        """Go back."""
        await self._turn(interaction, lambda: self._starts[:-1])

    @discord.ui.button(label="Older", emoji="▶️")
    async def following(self, interaction: Click, button: discord.ui.Button[Self]) -> None:
        """Go on."""
        await self._turn(
            interaction, lambda: [] if self._next is None else [*self._starts, self._next]
        )

    async def _turn(self, interaction: Click, wanted: Callable[[], list[int]]) -> None:
        await interaction.response.defer()
        # A second click, on its way already, waits and goes on from where the first one led.
        async with self._turning:
            embed = await self._open(wanted() or self._starts)
            await interaction.edit_original_response(embed=embed, view=self)

    async def _open(self, starts: list[int]) -> discord.Embed:
        """Read the page that begins last, and only then stand on it."""
        found = await self._fetch(starts[-1], self._per_page + 1)
        shown = found[: self._per_page]
        embed = await self._show(shown, len(starts))
        self._starts = starts
        self._next = self._key(shown[-1]) if len(found) > self._per_page else None
        self.previous.disabled = len(starts) == 1
        self.following.disabled = self._next is None
        return embed


def _option(match: Match) -> discord.SelectOption:
    title = match.pages[0].name if match.pages else (match.file or "no page")
    bits = "no bit differs" if match.distance == 0 else f"{match.distance} bits differ"
    return discord.SelectOption(
        label=clip(f"#{match.image_id} {plain(title)}", 100),
        value=str(match.image_id),
        description=clip(f"{bits}{f' · {plain(match.file)}' if match.file else ''}", 100),
    )
