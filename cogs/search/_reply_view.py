"""What every view under an answer has: whom it belongs to, how it ends, and what its errors say."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypedDict
from weakref import WeakValueDictionary

import discord

from cogs.delivery import UNSAID
from cogs.errors import present
from cogs.text import in_brief

TIMEOUT = 600.0
"""Seconds without a click.  Less than the 15 minutes for which Discord lets an interaction edit."""

PREFIX = "whereis"

NOT_YOURS = "Only the one who asked can turn these pages. Ask about the picture yourself!"

log = logging.getLogger(__name__)

Edit = Callable[..., Awaitable[object]]


class Fields(TypedDict):
    """What a message is sent or edited with."""

    content: str | None
    embed: discord.Embed | None
    view: discord.ui.View | None


class ReplyView(discord.ui.View):
    """What can be pressed under a reply to somebody; it goes when nobody presses it any more.

    ``token`` tells it from others, also from those of before a restart.
    """

    def __init__(self, asker_id: int) -> None:
        super().__init__(timeout=TIMEOUT)
        self.token = secrets.token_hex(6)
        self._asker_id = asker_id
        self._edit: Edit | None = None

    def belongs_to(self, edit: Edit) -> None:
        """Say how the message is edited that carries this view."""
        self._edit = edit

    def id_of(self, action: str) -> str:
        """The custom id of one of the buttons: who asked, and in which life of the bot."""
        return f"{PREFIX}:{self._asker_id}:{self.token}:{action}"

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, item: discord.ui.Item[Any]
    ) -> None:
        """Hand what goes wrong to the presenter."""
        await present(interaction, error)

    async def on_timeout(self) -> None:
        """Take the buttons away, so that nobody presses what no longer answers."""
        if self._edit is None:
            return
        try:
            await self._edit(view=None)
        except UNSAID as error:
            log.debug("an answer was gone before its buttons: %s", in_brief(error))


Live = WeakValueDictionary[str, ReplyView]
