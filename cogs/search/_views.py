"""What can be pressed under an answer: pages, other matches, other pictures, and delete."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord

from bot.cards import Card, CardService, Translation
from bot.client import WhereisBot
from bot.errors import RequestError
from bot.requests import begin
from bot.search import PAGES_SHOWN, Answer, Match, Scope
from cogs.checks import Pace, require_server
from cogs.delivery import UNSAID
from cogs.errors import whisper
from cogs.search import _card, _embeds
from cogs.search._orphans import DELETE, action_of, delete, may_delete
from cogs.search._outcome import Outcome
from cogs.search._reply_view import NOT_YOURS, Edit, Fields, ReplyView
from cogs.stopping import begin_click
from cogs.text import in_brief

NOT_OFFERED = "That is not one of the choices here. Choose from the menu."
NO_MORE = "There are no more articles."

log = logging.getLogger(__name__)


class AnswerView(ReplyView):
    """The answers to the pictures of one question, one shown at a time.

    Pages are loaded as they are turned to; of those seen, only where each leaf began is kept, so a
    picture on hundreds of thousands of pages costs no more than another.
    """

    def __init__(
        self,
        bot: WhereisBot,
        asker_id: int,
        outcomes: Sequence[Outcome],
        scope: Scope,
        *,
        note: str | None,
        as_text: bool,
        language: str | None,
        clicks: Pace,
    ) -> None:
        super().__init__(asker_id)
        self._bot = bot
        self._outcomes = outcomes
        self._scope = scope
        self._note = note
        self._as_text = as_text
        self._language = language
        self._clicks = clicks
        self._cards: dict[int, Card | None] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._turning = asyncio.Lock()
        self._picture = 0
        self._match = 0
        self._leaf = _embeds.Leaf(0, ())
        self._show_match(0)

    def belongs_to(self, edit: Edit) -> None:
        """Say how the message is edited that carries this view, as it is when its card comes."""
        super().belongs_to(edit)
        self._want_card()

    def fields(self) -> Fields:
        """The message as it is now."""
        told = _embeds.Told(self._card, self._language)
        embed = _embeds.of_outcome(
            self._outcome, self._scope.guild_id, self._match, self._leaf, told
        )
        if self._as_text:
            return {"content": _embeds.as_text(embed, self._note), "embed": None, "view": self}
        return {"content": self._note, "embed": embed, "view": self}

    async def interaction_check(self, interaction: discord.Interaction[Any]) -> bool:
        """Let the asker do everything, a moderator delete, and tell others why they can't."""
        begin("click", self._bot.metrics, interaction.guild_id)
        require_server(interaction, self._scope.guild_id)
        begin_click(interaction)
        self._clicks.count(interaction.user)
        if interaction.user.id == self._asker_id:
            return True
        if action_of(interaction) != DELETE:
            await whisper(interaction, NOT_YOURS)
            return False
        return await may_delete(self._bot, interaction, self._asker_id)

    async def choose_picture(self, interaction: discord.Interaction[Any], number: int) -> None:
        """Show the answer to another picture of the question."""
        async with self._turning:
            _require_offered(number, self._outcomes)
            self._picture = number
            await self._show(interaction, 0)

    async def choose_match(self, interaction: discord.Interaction[Any], number: int) -> None:
        """Show another known picture that looks like it."""
        async with self._turning:
            _require_offered(number, self._matches)
            await self._show(interaction, number)

    async def turn(self, interaction: discord.Interaction[Any], step: int) -> None:
        """Show the next or the previous pages of the match."""
        await interaction.response.defer()
        async with self._turning:
            self._edit = interaction.edit_original_response
            # Another picture may have been chosen meanwhile, which has no pages to turn.
            leaf = await self._load(max(self._leaf.number + step, 0)) if self._matches else None
            if leaf is None:
                self._last = self._leaf.number
                await whisper(interaction, NO_MORE)
            else:
                self._leaf = leaf
            self._rebuild()
            await interaction.edit_original_response(**self.fields())

    async def delete(self, interaction: discord.Interaction[Any]) -> None:
        """Delete the answer."""
        await delete(interaction)
        self.stop()

    async def tell_language(self, interaction: discord.Interaction[Any], language: str) -> None:
        """Tell where the article is in another language."""
        found = _card.translation_in(self._translations, language)
        if found is None:
            raise RequestError(NOT_OFFERED)
        await whisper(interaction, _card.in_language(found))

    async def _show(self, interaction: discord.Interaction[Any], match: int) -> None:
        self._show_match(match)
        self._edit = interaction.edit_original_response
        await interaction.response.edit_message(**self.fields())
        self._want_card()

    def _want_card(self) -> None:
        """Ask the wiki about the match that is shown; the message is edited when it answers."""
        cards = self._bot.services.cards
        if cards is None or not self._matches or self._shown.image_id in self._cards:
            return
        # Asked for once, whatever comes of it.
        self._cards[self._shown.image_id] = None
        task = asyncio.create_task(self._put_card(cards, self._shown))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _put_card(self, cards: CardService, match: Match) -> None:
        card = await cards.card(match)
        if card is None:
            return
        async with self._turning:
            self._cards[match.image_id] = card
            if self._edit is None or self.is_finished() or self._shown is not match:
                return
            self._rebuild()
            try:
                await self._edit(**self.fields())
            except UNSAID as error:
                log.debug("an answer was gone before its card: %s", in_brief(error))

    @property
    def _shown(self) -> Match:
        return self._matches[self._match]

    @property
    def _card(self) -> Card | None:
        return self._cards.get(self._shown.image_id) if self._matches else None

    @property
    def _translations(self) -> tuple[Translation, ...]:
        article = _card.article_of(self._card, self._shown) if self._matches else None
        return article.translations if article is not None else ()

    @property
    def _outcome(self) -> Outcome:
        return self._outcomes[self._picture]

    @property
    def _matches(self) -> tuple[Match, ...]:
        answer = self._outcome.answer
        return answer.matches if isinstance(answer, Answer) else ()

    def _show_match(self, number: int) -> None:
        self._match = number
        pages = self._matches[number].pages if self._matches else ()
        self._leaf = _embeds.Leaf(0, pages)
        self._last = _embeds.leaves(self._matches[number]) - 1 if self._matches else 0
        # Where each leaf that has been seen begins: behind the page with this id.
        self._begins = [0, *(page.id for page in pages[-1:])]
        self._rebuild()

    async def _load(self, number: int) -> _embeds.Leaf | None:
        match = self._matches[self._match]
        if number == 0:
            return _embeds.Leaf(0, match.pages)
        if number >= len(self._begins):
            return None
        pages = await self._bot.services.search.pages(
            match.image_id, self._scope, after=self._begins[number], limit=PAGES_SHOWN
        )
        if not pages:
            return None
        if number + 1 == len(self._begins):
            self._begins.append(pages[-1].id)
        return _embeds.Leaf(number, pages)

    def _rebuild(self) -> None:
        self.clear_items()
        if len(self._outcomes) > 1:
            options = _embeds.picture_options(self._outcomes, self._picture)
            self.add_item(_Choice(self, "picture", "Your pictures", options, self.choose_picture))
        if len(self._matches) > 1:
            options = _embeds.match_options(self._matches, self._match)
            self.add_item(_Choice(self, "match", "Pictures like it", options, self.choose_match))
        if self._translations:
            options = _card.language_options(self._translations)
            self.add_item(_Languages(self, options))
        if self._last > 0:
            at = self._leaf.number
            self.add_item(_Turn(self, "previous", "Previous", -1, disabled=at == 0))
            self.add_item(_Turn(self, "next", "Next", 1, disabled=at >= self._last))
        self.add_item(_Delete(self))


class _Turn(discord.ui.Button[AnswerView]):
    def __init__(
        self, answer: AnswerView, action: str, label: str, step: int, *, disabled: bool
    ) -> None:
        super().__init__(label=label, custom_id=answer.id_of(action), disabled=disabled)
        self._answer = answer
        self._step = step

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await self._answer.turn(interaction, self._step)


class _Delete(discord.ui.Button[AnswerView]):
    def __init__(self, answer: AnswerView) -> None:
        super().__init__(label="Delete", emoji="🗑️", custom_id=answer.id_of(DELETE))
        self._answer = answer

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await self._answer.delete(interaction)


class _Choice(discord.ui.Select[AnswerView]):
    def __init__(
        self,
        answer: AnswerView,
        action: str,
        placeholder: str,
        options: list[discord.SelectOption],
        chosen: Callable[[discord.Interaction[Any], int], Awaitable[None]],
    ) -> None:
        super().__init__(custom_id=answer.id_of(action), placeholder=placeholder, options=options)
        self._chosen = chosen

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await self._chosen(interaction, _number(self.values))


class _Languages(discord.ui.Select[AnswerView]):
    def __init__(self, answer: AnswerView, options: list[discord.SelectOption]) -> None:
        super().__init__(
            custom_id=answer.id_of("language"),
            placeholder="Read it in another language",
            options=options,
        )
        self._answer = answer

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await self._answer.tell_language(interaction, "".join(self.values))


def _number(values: Sequence[str]) -> int:
    """What was chosen in a menu. Raises :class:`RequestError` for what no menu of ours offers."""
    chosen = values[0] if values else ""
    if not (chosen.isascii() and chosen.isdecimal()):
        raise RequestError(NOT_OFFERED)
    return int(chosen)


def _require_offered(number: int, among: Sequence[object]) -> None:
    if number >= len(among):
        raise RequestError(NOT_OFFERED)
