"""Menus, buttons and questions that hand what was chosen to a function."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from cogs.errors import present
from cogs.views import Click

Values = Callable[[Click, Sequence[str]], Awaitable[None]]
Ids = Callable[[Click, frozenset[int]], Awaitable[None]]


class Menu(discord.ui.Select[discord.ui.View]):
    """A menu of words; what it hands on was chosen by a client, and may be anything."""

    def __init__(
        self,
        placeholder: str,
        options: list[discord.SelectOption],
        chosen: Values,
        *,
        least: int = 1,
        most: int = 1,
    ) -> None:
        super().__init__(
            placeholder=placeholder, options=options, min_values=least, max_values=most
        )
        self._chosen = chosen

    async def callback(self, interaction: Click) -> None:
        """Hand on what was chosen."""
        await self._chosen(interaction, self.values)


class Channels(discord.ui.ChannelSelect[discord.ui.View]):
    """A menu of channels, of which up to ``most`` can be chosen, or none."""

    def __init__(
        self,
        placeholder: str,
        kinds: Sequence[discord.ChannelType],
        now: Collection[int],
        most: int,
        chosen: Ids,
    ) -> None:
        kind = discord.SelectDefaultValueType.channel
        super().__init__(
            placeholder=placeholder,
            channel_types=list(kinds),
            default_values=[
                discord.SelectDefaultValue(id=number, type=kind) for number in sorted(now)
            ],
            min_values=0,
            max_values=most,
        )
        self._chosen = chosen

    async def callback(self, interaction: Click) -> None:
        """Hand on the ids of what was chosen."""
        await self._chosen(interaction, frozenset(channel.id for channel in self.values))


class Roles(discord.ui.RoleSelect[discord.ui.View]):
    """A menu of roles, of which one can be chosen, or none."""

    def __init__(self, placeholder: str, now: int | None, chosen: Ids) -> None:
        kind = discord.SelectDefaultValueType.role
        super().__init__(
            placeholder=placeholder,
            default_values=[discord.SelectDefaultValue(id=now, type=kind)] if now else [],
            min_values=0,
            max_values=1,
        )
        self._chosen = chosen

    async def callback(self, interaction: Click) -> None:
        """Hand on the id of what was chosen."""
        await self._chosen(interaction, frozenset(role.id for role in self.values))


class Press(discord.ui.Button[discord.ui.View]):
    """A button."""

    def __init__(
        self, label: str, pressed: Callable[[Click], Awaitable[None]], *, row: int
    ) -> None:
        super().__init__(label=label, row=row)
        self._pressed = pressed

    async def callback(self, interaction: Click) -> None:
        """Do what the button is for."""
        await self._pressed(interaction)


@dataclass(frozen=True, slots=True)
class Question:
    """Something to be typed, up to ``limit`` characters; ``now`` is what stands there."""

    label: str
    now: str
    limit: int
    needed: bool = True


class Ask(discord.ui.Modal):
    """A few questions, whose answers are handed on together.

    ``check`` says whether the one who answers may, as of a click.
    """

    def __init__(
        self,
        title: str,
        questions: Sequence[Question],
        check: Callable[[Click], Awaitable[bool]],
        take: Callable[..., Awaitable[None]],
    ) -> None:
        super().__init__(title=title)
        self._check = check
        self._take = take
        self._inputs: list[discord.ui.TextInput[Ask]] = []
        for question in questions:
            field: discord.ui.TextInput[Ask] = discord.ui.TextInput(
                label=question.label[:45],
                default=question.now or None,
                max_length=question.limit,
                required=question.needed,
            )
            self._inputs.append(field)
            self.add_item(field)

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """Hand on what was typed."""
        if await self._check(interaction):
            await self._take(interaction, *(field.value for field in self._inputs))

    async def on_error(  # type: ignore[override]  # a modal's has no item
        self, interaction: discord.Interaction[Any], error: Exception
    ) -> None:
        """Tell what went wrong."""
        await present(interaction, error)
