"""What the bot does on a good day, over the wire."""

from tests.fake_discord import OWNER
from tests.integration.wire.conftest import Town


async def test_a_message_is_replied_to(town: Town) -> None:
    asked = town.ask()
    reply = await town.discord.reply_to(asked)
    assert "Mount Everest" in reply.text


async def test_a_slash_command_is_deferred_and_answered(town: Town) -> None:
    used = town.slash()
    answer = await town.discord.answer_to(used)
    assert "Mount Everest" in answer.text


async def test_a_menu_a_button_a_choice_and_a_deletion(town: Town) -> None:
    discord = town.discord
    posted = discord.post(town.channel, town.alice, attachments=[town.picture])
    answer = await discord.answer_to(discord.menu(posted, town.alice, "Search image"))
    assert "Mount Everest" in answer.text
    used = discord.click(answer, town.alice, "Delete")
    await discord.heard.until_asked("DELETE /webhooks/*/messages/@original")
    assert used.acknowledged.is_set()
    assert answer.id not in town.channel.messages


async def test_a_form_is_shown_and_filled_in(town: Town) -> None:
    discord = town.discord
    settings = await discord.answer_to(discord.slash(town.channel, OWNER, "settings"))
    await discord.answered(discord.choose(settings, OWNER, "What to change", "people"))
    shown = discord.click(settings, OWNER, "Prefix…")
    await discord.answered(shown)
    assert shown.form is not None
    await discord.answered(discord.submit(shown, **{"What commands begin with; empty for !": "?"}))
    assert "`?`" in settings.text
    assert "Mount Everest" in (await discord.reply_to(town.ask("?whereis"))).text


async def test_private_messages_are_answered(town: Town) -> None:
    reply = await town.discord.reply_to(town.ask(channel=town.discord.private(town.alice)))
    assert "Mount Everest" in reply.text


async def test_a_reply_to_a_picture_is_answered(town: Town) -> None:
    discord = town.discord
    posted = discord.post(town.channel, OWNER, attachments=[town.picture])
    asked = discord.post(town.channel, town.alice, "!whereis", reply_to=posted)
    assert "Mount Everest" in (await discord.reply_to(asked)).text


async def test_files_are_sent(town: Town) -> None:
    discord = town.discord
    discord.post(town.channel, OWNER, "!addimage Town hall", attachments=[town.picture])
    await discord.heard.until_asked("POST /channels/*/messages")
    asked = discord.post(town.channel, OWNER, "!exportimages")
    reply = await discord.reply_to(asked)
    (attached,) = reply.attachments
    assert attached["size"] > 0
