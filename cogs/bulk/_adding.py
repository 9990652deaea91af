"""Adding every picture of some messages, as one step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import discord

from bot.client import WhereisBot
from bot.errors import RequestError, WhereisError
from bot.ingest import AddedMany, Wanted
from bot.titles import display_title
from cogs.bulk import _embeds as embeds
from cogs.bulk._gather import Gathered, Naming, Posted, last_messages
from cogs.checks import RefusedError
from cogs.delivery import UNSAID
from cogs.progress import EVERY, Progress, watched
from cogs.steps import Ctx, Place, Steps, actor_of, answer, asker_of, file_name, guild_id_of
from cogs.views import PersonalView

MOST_PICTURES = 100
AT_ONCE = 2

NO_PICTURE = "There is no picture in that message."
NO_PICTURES = "There is no picture in those messages."
NO_HISTORY = "You may not read the history of this channel, so I don't read it for you."
BLIND = (
    "I may not read the history of this channel. Ask a moderator to give me the permission *Read "
    "Message History* here."
)
BUSY = "I am adding pictures here already. Wait until that is done; nothing was added by this."
BUSY_ELSEWHERE = (
    "I am adding pictures for others just now. Try again in a few minutes; nothing was added."
)
ADDING = "Adding pictures"


class Adding:
    """Adds the pictures of messages, and shows how far it is.

    A server adds one set at a time, and so many servers do at once.  Nobody waits for others: an
    answer to a slash command must come within a quarter of an hour.
    """

    def __init__(self, bot: WhereisBot, steps: Steps) -> None:
        self._bot = bot
        self._steps = steps
        self._curation = bot.services.curation
        self._busy: set[int] = set()

    async def add_last(self, ctx: Ctx, count: int, page: str | None, place: Place) -> None:
        """Add the pictures of the last messages of the channel, where the asker may read them."""
        if not ctx.permissions.read_message_history:
            raise RefusedError(NO_HISTORY)
        if not ctx.bot_permissions.read_message_history:
            raise RefusedError(BLIND)
        naming = self._naming(ctx, page, place)
        privacy = self._bot.services.privacy
        async with ctx.typing():
            messages = [
                message
                async for message in last_messages(
                    ctx.channel,
                    ctx.message,
                    count,
                    by_others_than=ctx.me.id,
                    prefixes=self._prefixes(ctx),
                )
                # Their words would be the name of what is stored.
                if not privacy.opted_out(message.author.id)
            ]
        gathered = naming.gather(messages, MOST_PICTURES)
        if not gathered.pictures:
            raise RequestError(_nothing(gathered, NO_PICTURES))
        await self._add(ctx, gathered, place)

    async def add_of(
        self, ctx: Ctx, message: discord.Message, page: str | None, place: Place
    ) -> None:
        """Add the pictures of one message."""
        gathered = self._naming(ctx, page, place).gather([message], MOST_PICTURES)
        if not gathered.pictures:
            raise RequestError(_nothing(gathered, NO_PICTURE))
        await self._add(ctx, gathered, place)

    def _naming(self, ctx: Ctx, page: str | None, place: Place) -> Naming:
        return Naming(place.collection.page_url_template, self._prefixes(ctx), page)

    def _prefixes(self, ctx: Ctx) -> Sequence[str]:
        """What commands to the bot begin with."""
        me = self._bot.user
        mentions = [] if me is None else [f"<@{me.id}>", f"<@!{me.id}>"]
        return [self._bot.prefix_of(ctx.guild), *mentions]

    async def _add(self, ctx: Ctx, gathered: Gathered, place: Place) -> None:
        with self._alone(place.collection.id):
            shown = await answer(ctx, embeds.working(ADDING, 0.0))
            wanted = [self._wanted(each) for each in gathered.pictures]
            actor = actor_of(ctx)
            turns = self._bot.services.turns
            turn = partial(turns.turn, asker_of(ctx), background=True)

            async def work(on_progress: Progress) -> AddedMany:
                return await self._curation.add_many(
                    wanted, place.collection, actor, on_progress, turn=turn
                )

            async def show(fraction: float) -> None:
                await edited(shown, embeds.working(ADDING, fraction))

            try:
                outcome = await watched(work, show, every=EVERY)
            except WhereisError:
                with suppress(*UNSAID):
                    await shown.delete()
                raise
        embed = embeds.added_many(
            outcome, gathered, place.collection, guild_id_of(ctx), self._bot.prefix_of(ctx.guild)
        )
        view = self._steps.undo_button(ctx, place, actor) if outcome.new else None
        if not await edited(shown, embed, view):
            await answer(ctx, embed, view)

    def _wanted(self, posted: Posted) -> Wanted:
        name = file_name(posted.target.name)
        return Wanted(
            partial(self._steps.read, posted.target),
            name or display_title(posted.page.title),
            name,
            posted.page,
        )

    @contextmanager
    def _alone(self, collection_id: int) -> Iterator[None]:
        if collection_id in self._busy:
            raise RequestError(BUSY)
        if len(self._busy) >= AT_ONCE:
            raise RequestError(BUSY_ELSEWHERE)
        self._busy.add(collection_id)
        try:
            yield
        finally:
            self._busy.discard(collection_id)


def _nothing(gathered: Gathered, otherwise: str) -> str:
    if gathered.nameless:
        return "Nothing names the page of these pictures. Give a title."
    return otherwise


async def edited(
    message: discord.Message, embed: discord.Embed, view: PersonalView | None = None
) -> bool:
    """Edit a message that may be gone by now; whether it could be done."""
    try:
        shown = await message.edit(
            embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none()
        )
    except UNSAID:
        return False
    if view is not None:
        view.message = shown
    return True
