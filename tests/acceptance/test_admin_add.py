"""``!addimage`` and ``/image add``: every way a picture comes, and what is answered."""

import pytest

from bot.client import BotOptions
from db.records import Actor
from tests.acceptance.world import Library, Town, buttons_of, changed_copy, embed_of, png

MARKDOWN = "**bold** [x](https://evil.example) @everyone <@1> ||spoiler|| `code` # head"


async def test_a_moderator_adds_an_attachment(town: Town, library: Library) -> None:
    mod = town.join("mod", manage_guild=True)
    asked = await mod.send(
        town.channel, "!addimage Mandelbrot set", attachments=[("mandel.png", png(1))]
    )
    message = town.answer()
    embed = embed_of(message)
    assert embed.title == "Picture added"
    assert "[Mandelbrot set](https://en.wikipedia.org/wiki/Mandelbrot_set)" in embed.description
    assert "mandel.png" in embed.description
    assert "PNG" in embed.description
    assert "240 × 180" in embed.description
    assert "this server's own pictures" in embed.description
    assert message.reference is not None
    assert message.reference.message_id == asked.id
    assert list(buttons_of(message)) == ["Undo"]
    # It is found from now on.
    await town.alice.send(town.channel, "!whereis", attachments=[("a.jpg", changed_copy(1))])
    assert embed_of(town.answers()[-1]).title == "Mandelbrot set"


async def test_what_is_added_is_written_to_the_audit(town: Town, library: Library) -> None:
    mod = town.join("mod", manage_guild=True)
    asked = await mod.send(town.channel, "!addimage Fern", attachments=[("fern.png", png(1))])
    collection = await library.server(town.guild.id)
    (line,) = await library.database.store.additions(collection.id)
    assert (line.action, line.title, line.file, line.user_id) == ("add", "Fern", "fern.png", mod.id)
    # The step belongs to the message that asked for it.
    actor = Actor(mod.id, town.guild.id, town.channel.id, asked.id)
    undone = await library.database.store.undo(collection.id, actor, message_id=asked.id)
    assert [u.id for u in undone] == [line.id]
