"""The review: pair by pair through the pictures that look alike."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import discord

from bot.client import WhereisBot
from bot.errors import NotFoundError
from bot.ingest import Bookmark, Twins
from cogs.bulk import _embeds as embeds
from cogs.steps import Ctx, Place, Steps, actor_of_click, answer, guild_id_of
from cogs.views import Click, Gate, PersonalView

# Does what a button says, and tells what it did.
Deed = Callable[[Click], Awaitable[str | None]]

CHANGED = "Somebody has changed that pair meanwhile; nothing was merged."


class Reviewing:
    """Begins reviews."""

    def __init__(self, bot: WhereisBot, steps: Steps) -> None:
        self._bot = bot
        self._steps = steps

    async def begin(self, ctx: Ctx, place: Place, *, again: bool) -> None:
        """Show the first pair; ``again`` shows those that were kept apart, too."""
        walk = _Walk(
            self._bot,
            place,
            ctx.author.id,
            guild_id_of(ctx),
            self._steps.gate(place),
            again=again,
        )
        async with ctx.typing():
            embed, view = await walk.following(None)
        await answer(ctx, embed, view)


class _Walk:
    """One person's way through a collection; each pair has buttons of its own."""

    def __init__(
        self,
        bot: WhereisBot,
        place: Place,
        user_id: int,
        guild_id: int | None,
        gate: Gate,
        *,
        again: bool,
    ) -> None:
        self._curation = bot.services.curation
        self._prefix = bot.prefix_of(discord.Object(guild_id) if guild_id else None)
        self._collection = place.collection
        self._user_id = user_id
        self._guild_id = guild_id
        self._gate = gate
        self._again = again
        self._bookmark = Bookmark()
        self._did: Counter[str] = Counter()

    async def following(self, note: str | None) -> tuple[discord.Embed, "_PairView | None"]:
        """The next pair, with its buttons; ``note`` says what became of the one before."""
        walked = await self._curation.review.next_pair(
            self._collection, self._bookmark, again=self._again
        )
        self._bookmark = walked.bookmark
        if walked.twins is not None:
            embed = embeds.twins(walked.twins, self._guild_id, note)
            return embed, self._view(self._choices(walked.twins))
        if walked.finished:
            return self._end(note, finished=True), None
        choices = (("Go on", discord.ButtonStyle.primary, self._nothing),)
        return embeds.not_yet(walked.looked, note), self._view(choices)

    def _choices(self, twins: Twins) -> "Sequence[tuple[str, discord.ButtonStyle, Deed]]":
        newer, older = twins.newer.image_id, twins.older.image_id
        plain = discord.ButtonStyle.secondary
        return (
            (f"Merge into #{newer}", plain, partial(self._merge, older, newer)),
            (f"Merge into #{older}", plain, partial(self._merge, newer, older)),
            ("Keep both", plain, partial(self._keep, twins)),
            ("Skip", plain, self._skip),
        )

    def _view(self, choices: "Sequence[tuple[str, discord.ButtonStyle, Deed]]") -> "_PairView":
        return _PairView(self._user_id, self._gate, choices, self._go_on, self._stop)

    async def _merge(self, image_id: int, into: int, click: Click) -> str:
        try:
            await self._curation.merge(self._collection, image_id, into, actor_of_click(click))
        except NotFoundError:
            return CHANGED
        self._did["merged"] += 1
        return f"#{image_id} went into #{into}."

    async def _keep(self, twins: Twins, click: Click) -> str:
        await self._curation.review.keep_apart(self._collection, twins)
        self._did["kept apart"] += 1
        newer, older = twins.newer.image_id, twins.older.image_id
        return f"#{newer} and #{older} are two pictures; I don't ask again."

    async def _skip(self, _click: Click) -> None:
        self._did["skipped"] += 1

    async def _nothing(self, _click: Click) -> None:
        pass

    async def _go_on(self, click: Click, note: str | None) -> None:
        embed, view = await self.following(note)
        shown = await click.edit_original_response(embed=embed, view=view)
        if view is not None:
            view.message = shown

    async def _stop(self, click: Click) -> None:
        await click.edit_original_response(embed=self._end(None, finished=False), view=None)

    def _end(self, note: str | None, *, finished: bool) -> discord.Embed:
        return embeds.reviewed(self._did, note, self._prefix, finished=finished)


class _PairView(PersonalView):
    """The buttons of one pair: the first click counts, and others on their way do nothing.

    A click is about the pair that it was made under, never about the one that comes after it.
    """

    def __init__(
        self,
        user_id: int,
        gate: Gate,
        choices: Sequence[tuple[str, discord.ButtonStyle, Deed]],
        go_on: Callable[[Click, str | None], Awaitable[None]],
        stop: Callable[[Click], Awaitable[None]],
    ) -> None:
        super().__init__(user_id, gate)

        async def end(click: Click) -> None:
            await self._once(click, stop)

        def clicked(deed: Deed) -> Callable[[Click], Awaitable[None]]:
            async def do(click: Click) -> None:
                await go_on(click, await deed(click))

            async def once(click: Click) -> None:
                await self._once(click, do)

            return once

        for label, style, deed in choices:
            self._add(label, style, clicked(deed))
        self._add("Stop", discord.ButtonStyle.secondary, end)

    def _add(
        self, label: str, style: discord.ButtonStyle, callback: Callable[[Click], Awaitable[None]]
    ) -> None:
        button: discord.ui.Button[_PairView] = discord.ui.Button(label=label, style=style)
        button.callback = callback  # type: ignore[assignment,method-assign]
        self.add_item(button)

    async def _once(self, click: Click, do: Callable[[Click], Awaitable[None]]) -> None:
        await click.response.defer()
        if not self.take():
            return
        self.stop()
        try:
            await do(click)
        except BaseException:
            await click.edit_original_response(view=None)
            raise
