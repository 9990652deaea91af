"""Every action of the table of permissions, by the words of its row.

Each is done by a person of whichever kind, and tells what came of it: ``yes``, ``apart`` or ``no``.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
from simcord import BackendError
from simcord.actors import MemberActor
from simcord.backend import serializers
from simcord.builders import ChannelHandle

from tests.acceptance.forging import (
    AUTOCOMPLETE,
    COMPONENT,
    ROLE_MENU,
    Message,
    button,
    command,
    entities,
    forge,
    menu,
)
from tests.acceptance.permissions.cells import ELSEWHERE, OURS, PRIVATE, Cell, drawn
from tests.acceptance.staff import told
from tests.acceptance.world import buttons_of, embed_of, menus_of

Action = Callable[[Cell], Awaitable[str]]

ACTIONS: dict[str, Action] = {}
NAMED = "--collection enwiki"
SETTINGS = "This server's own rules"
PRIVACY = "What is stored about you"


def action(*rows: str) -> Callable[[Action], Action]:
    """Say which rows of the table an action belongs to."""

    def note(does: Action) -> Action:
        ACTIONS.update(dict.fromkeys(rows, does))
        return does

    return note


def text(messages: Sequence[discord.Message]) -> str:
    """All that messages say."""
    parts = []
    for message in messages:
        parts.append(message.content)
        for embed in message.embeds:
            parts += [embed.title or "", embed.description or ""]
            parts += [f"{field.name}\n{field.value}" for field in embed.fields]
    return "\n".join(parts)


def reached(said: str, ours: str, also: str) -> str:
    """What somebody was shown: the town's own, only what everybody may see, or neither."""
    if ours in said:
        return "yes"
    return "apart" if also in said else "no"


# ------------------------------------------------------------------------------------------ search


@action("search with `!whereis`")
async def search_by_text(cell: Cell) -> str:
    said = text(await cell.say("!whereis", drawn(3)))
    return reached(said, OURS, "I don't know this picture")


@action("search with `/whereis`")
async def search_by_slash(cell: Cell) -> str:
    said = await cell.slash("whereis", picture=("a.png", drawn(3)))
    return reached(said, OURS, "I don't know this picture")


async def _by_menu(cell: Cell, name: str, picture: bytes) -> str:
    """What is answered to a menu of a message with a picture, whoever would be offered it."""
    files = cell.env.backend.store_attachments(cell.channel.id, [("a.png", picture)])
    posted = cell.env.backend.create_message(
        cell.channel.id, cell.actor.id, "look", attachments=files
    )
    await cell.env.settle()
    known = cell.env.backend.find_command(name, None, type=3)
    assert known is not None
    data: dict[str, Any] = {"id": known["id"], "name": known["name"], "type": 3}
    data["target_id"] = str(posted.id)
    shown = dict(serializers.message_payload(cell.env.backend, posted))
    data["resolved"] = {"messages": {str(posted.id): shown}}
    return told(await forge(cell.actor, cell.channel, 2, data))


@action("search with **Search image**")
async def search_by_menu(cell: Cell) -> str:
    said = await _by_menu(cell, "Search image", drawn(3))
    return reached(said, OURS, "I don't know this picture")


async def _own_answer(cell: Cell) -> discord.Message:
    (answer,) = await cell.say("!whereis", drawn(1))
    return answer


async def _anothers_answer(cell: Cell) -> discord.Message:
    bob = cell.town.join(f"bob{cell.number}")
    await bob.send(cell.town.channel, "!whereis", attachments=[("a.png", drawn(1))])
    return cell.town.answers()[-1]


def _now(cell: Cell, message: Message, of: ChannelHandle) -> dict[str, object] | None:
    """A message as it is now; ``None`` when it is gone."""
    try:
        found = cell.env.backend.get_message(of.id, message.id)
    except BackendError:
        return None
    return dict(serializers.message_payload(cell.env.backend, found))


async def _turned(cell: Cell, answer: discord.Message, own: bool) -> str:
    of = cell.channel if own else cell.town.channel
    before = _now(cell, answer, of)
    await cell.press(answer, "Next", of)
    return "no" if _now(cell, answer, of) == before else cell.here


@action("turn the pages of one's own answer")
async def turn_own(cell: Cell) -> str:
    return await _turned(cell, await _own_answer(cell), own=True)


@action("turn the pages of another's answer")
async def turn_anothers(cell: Cell) -> str:
    return await _turned(cell, await _anothers_answer(cell), own=False)


async def _chose(cell: Cell, answer: discord.Message, own: bool) -> str:
    of = cell.channel if own else cell.town.channel
    assert menus_of(answer)
    before = _now(cell, answer, of)
    await cell.choose(answer, "1", of)
    return "no" if _now(cell, answer, of) == before else cell.here


@action("choose another match in one's own answer")
async def choose_own(cell: Cell) -> str:
    return await _chose(cell, await _own_answer(cell), own=True)


@action("choose another match in another's answer")
async def choose_anothers(cell: Cell) -> str:
    return await _chose(cell, await _anothers_answer(cell), own=False)


@action("delete one's own answer")
async def delete_own(cell: Cell) -> str:
    answer = await _own_answer(cell)
    await cell.press(answer, "Delete", cell.channel)
    return "no" if _now(cell, answer, cell.channel) else cell.here


@action("delete another's answer")
async def delete_anothers(cell: Cell) -> str:
    answer = await _anothers_answer(cell)
    await cell.press(answer, "Delete", cell.town.channel)
    return "no" if _now(cell, answer, cell.town.channel) else "yes"


# ------------------------------------------------------------------------------- what it is


def _told_of(said: str, what: str) -> str:
    return "yes" if what in said else "no"


@action("`!help`")
async def help_by_text(cell: Cell) -> str:
    return _told_of(text(await cell.say("!help")), "What I can do for you")


@action("`/help`")
async def help_by_slash(cell: Cell) -> str:
    return _told_of(await cell.slash("help"), "What I can do for you")


@action("`!help addimage`")
async def help_of_addimage(cell: Cell) -> str:
    return _told_of(text(await cell.say("!help addimage")), "First comes the page")


@action("`!help index`")
async def help_of_index(cell: Cell) -> str:
    return _told_of(text(await cell.say("!help index")), "Show the search index")


@action("`!stats`")
async def stats_by_text(cell: Cell) -> str:
    return reached(text(await cell.say("!stats")), "own pictures\n2 pictures", "enwiki\n")


@action("`/stats`")
async def stats_by_slash(cell: Cell) -> str:
    return reached(await cell.slash("stats"), "own pictures\n2 pictures", "enwiki\n")


@action("`!about`")
async def about_by_text(cell: Cell) -> str:
    return _told_of(text(await cell.say("!about")), "Search index")


@action("`/about`")
async def about_by_slash(cell: Cell) -> str:
    return _told_of(await cell.slash("about"), "Search index")


# ------------------------------------------------------------------------- a server's own pictures


@action("be offered `/image`")
async def be_offered(cell: Cell) -> str:
    known = cell.env.backend.find_command("image", None, type=1)
    assert known is not None
    names = [f"image {option['name']}" for option in known["options"]]
    assert len(names) > 10
    offered = {cell.is_offered(name) for name in names}
    assert len(offered) == 1
    return "yes" if offered == {True} else "no"


@action("`!addimage`")
async def add_by_text(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say("!addimage Fern", drawn(7))
    return await cell.changed(before)


@action("`/image add`")
async def add_by_slash(cell: Cell) -> str:
    before = await cell.state()
    await cell.slash("image add", title="Fern", picture=("a.png", drawn(7)))
    return await cell.changed(before)


async def _one_of_ours(cell: Cell) -> int:
    listed = await cell.library.database.store.listing((await cell.ours()).id)
    return listed[0].image_id


@action("`!removeimage` and a number")
async def remove_by_text(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say(f"!removeimage {await _one_of_ours(cell)}")
    return await cell.changed(before)


@action("`/image remove` and a number")
async def remove_by_slash(cell: Cell) -> str:
    before = await cell.state()
    await cell.slash("image remove", id=await _one_of_ours(cell))
    return await cell.changed(before)


@action("`!removeimage` and a picture")
async def remove_by_sight(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say("!removeimage", drawn(3))
    return await cell.changed(before)


@action("`!images`")
async def list_by_text(cell: Cell) -> str:
    return reached(text(await cell.say("!images")), OURS, "Theirs")


@action("`/image list`")
async def list_by_slash(cell: Cell) -> str:
    return reached(await cell.slash("image list"), OURS, "Theirs")


@action("`!history`")
async def history_by_text(cell: Cell) -> str:
    return reached(text(await cell.say("!history")), OURS, "Theirs")


@action("`/image history`")
async def history_by_slash(cell: Cell) -> str:
    return reached(await cell.slash("image history"), OURS, "Theirs")


@action("`!undo`")
async def undo_by_text(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say("!undo")
    return await cell.changed(before)


@action("`/image undo`")
async def undo_by_slash(cell: Cell) -> str:
    before = await cell.state()
    await cell.slash("image undo")
    return await cell.changed(before)


# ---------------------------------------------------------------------------- many pictures at once

LIST = b"title,dhash\nFern,1\n"


@action("`!addimages`")
async def add_many_by_text(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say("!addimages", drawn(7), drawn(6))
    return await cell.changed(before)


@action("`/image addrecent`")
async def add_recent(cell: Cell) -> str:
    files = cell.env.backend.store_attachments(cell.channel.id, [("a.png", drawn(7))])
    cell.env.backend.create_message(cell.channel.id, cell.actor.id, "look", attachments=files)
    await cell.env.settle()
    before = await cell.state()
    await cell.slash("image addrecent", count=5)
    return await cell.changed(before)


@action("**Add pictures**")
async def add_by_menu(cell: Cell) -> str:
    before = await cell.state()
    await _by_menu(cell, "Add pictures", drawn(7))
    return await cell.changed(before)


async def _exported(messages: Sequence[discord.Message]) -> str:
    """What the files of messages say, as the word in the table."""
    files = [file for message in messages for file in message.attachments]
    said = "".join([(await file.read()).decode() for file in files])
    return reached(said, OURS, "Theirs")


@action("`!exportimages`")
async def export_by_text(cell: Cell) -> str:
    answers = await cell.say("!exportimages")
    assert answers
    return await _exported(answers)


@action("`/image export`")
async def export_by_slash(cell: Cell) -> str:
    result = await cell.ask("image export")
    shown = [*([result.response] if result.response else []), *result.followups]
    return await _exported([each.message for each in shown])


@action("`!importimages`")
async def import_by_text(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say("!importimages", LIST)
    return await cell.changed(before)


@action("`/image import`")
async def import_by_slash(cell: Cell) -> str:
    before = await cell.state()
    await cell.slash("image import", file=("a.csv", LIST))
    return await cell.changed(before)


async def _two_of_ours(cell: Cell) -> tuple[int, int]:
    one, other = await cell.library.database.store.listing((await cell.ours()).id)
    return one.image_id, other.image_id


@action("`!mergeimages`")
async def merge_by_text(cell: Cell) -> str:
    before = await cell.state()
    one, other = await _two_of_ours(cell)
    assert await cell.say(f"!mergeimages {one} into {other}")
    return await cell.changed(before)


@action("`/image merge`")
async def merge_by_slash(cell: Cell) -> str:
    before = await cell.state()
    one, other = await _two_of_ours(cell)
    await cell.slash("image merge", id=one, into=other)
    return await cell.changed(before)


@action("`!renameimage`")
async def rename_by_text(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say(f"!renameimage {OURS} -> Fern")
    return await cell.changed(before)


@action("`/image rename`")
async def rename_by_slash(cell: Cell) -> str:
    before = await cell.state()
    await cell.slash("image rename", page=OURS, to="Fern")
    return await cell.changed(before)


async def _two_to_review(cell: Cell) -> None:
    """Two pictures that look the same, in each server."""
    for collection, page in ((await cell.ours(), "Our twin"), (await cell.theirs(), "Their twin")):
        for name in ("a.png", "b.png"):
            await cell.add(8, page, collection, file=name)


def _pair(said: str) -> str:
    return reached(said, "Our twin", "Their twin")


@action("`!reviewimages`")
async def review_by_text(cell: Cell) -> str:
    await _two_to_review(cell)
    return _pair(text(await cell.say("!reviewimages")))


@action("`/image review`")
async def review_by_slash(cell: Cell) -> str:
    await _two_to_review(cell)
    return _pair(await cell.slash("image review"))


@action("press *Merge into* in one's own review")
async def merge_in_own_review(cell: Cell) -> str:
    await _two_to_review(cell)
    answer = await _as_moderator(cell, "!reviewimages")
    if answer is None:
        return "no"
    before = await cell.state()
    label = next(label for label in buttons_of(answer) if label.startswith("Merge into"))
    await cell.press(answer, label, cell.channel)
    return await cell.changed(before)


@action("press *Merge into* in another's review")
async def merge_in_anothers_review(cell: Cell) -> str:
    await _two_to_review(cell)
    answer = await _by_ada(cell, "!reviewimages")
    before = await cell.state()
    label = next(label for label in buttons_of(answer) if label.startswith("Merge into"))
    await cell.press(answer, label, cell.town.channel)
    return await cell.changed(before)


# ------------------------------------------------------------------------------ what is under them


async def _as_moderator(cell: Cell, words: str, *pictures: bytes) -> discord.Message | None:
    """What a command of moderators was answered with, if there is anything to press.

    A member is a moderator just for that; the bot's owner names a collection in private.
    """
    once = None
    if cell.who == "member":
        once = cell.town.guild.create_role(
            "once", permissions=discord.Permissions(manage_guild=True)
        )
        cell.env.backend.add_member_role(cell.town.guild.id, cell.actor.id, once.id)
        await cell.env.settle()
    place = f" {NAMED}" if cell.who == PRIVATE else ""
    (answer,) = await cell.say(f"{words}{place}", *pictures)
    if once is not None:
        cell.env.backend.remove_member_role(cell.town.guild.id, cell.actor.id, once.id)
        await cell.env.settle()
    return answer if answer.components else None


async def _by_ada(cell: Cell, words: str, *pictures: bytes) -> discord.Message:
    files = [(f"{place}.png", data) for place, data in enumerate(pictures)]
    await cell.ada.send(cell.town.channel, words, attachments=files)
    return cell.town.answers()[-1]


@action("press *Undo* under one's own step")
async def undo_own(cell: Cell) -> str:
    answer = await _as_moderator(cell, f"!addimage Page {cell.number}", drawn(7))
    if answer is None:
        return "no"
    before = await cell.state()
    await cell.press(answer, "Undo", cell.channel)
    return await cell.changed(before)


@action("press *Undo* under another's step")
async def undo_anothers(cell: Cell) -> str:
    answer = await _by_ada(cell, "!addimage Fern", drawn(7))
    before = await cell.state()
    await cell.press(answer, "Undo", cell.town.channel)
    return await cell.changed(before)


async def _two_alike(cell: Cell) -> None:
    """Two pictures that look the same, wherever somebody may want to remove one of them."""
    for collection in (await cell.ours(), await cell.theirs(), await cell.wiki()):
        for name in ("a.png", "b.png"):
            await cell.add(8, f"Twin_{cell.number}", collection, file=name)


@action("choose from one's own menu *Remove…*")
async def choose_to_remove(cell: Cell) -> str:
    await _two_alike(cell)
    answer = await _as_moderator(cell, "!removeimage", drawn(8))
    if answer is None:
        return "no"
    before = await cell.state()
    (choice,) = menus_of(answer)
    await cell.choose(answer, choice.options[0].value, cell.channel)
    return await cell.changed(before)


@action("choose from another's menu *Remove…*")
async def choose_to_remove_anothers(cell: Cell) -> str:
    await _two_alike(cell)
    answer = await _by_ada(cell, "!removeimage", drawn(8))
    before = await cell.state()
    (choice,) = menus_of(answer)
    await cell.choose(answer, choice.options[0].value, cell.town.channel)
    return await cell.changed(before)


async def _older(cell: Cell, answer: discord.Message, own: bool) -> str:
    of = cell.channel if own else cell.town.channel
    before = _now(cell, answer, of)
    await cell.press(answer, "Older", of)
    return "no" if _now(cell, answer, of) == before else cell.here


@action("turn the pages of one's own list")
async def turn_own_list(cell: Cell) -> str:
    if cell.who == ELSEWHERE:
        await cell.add(9, "Theirs too", await cell.theirs())
    answer = await _as_moderator(cell, "!history 1")
    return "no" if answer is None else await _older(cell, answer, own=True)


@action("turn the pages of another's list")
async def turn_anothers_list(cell: Cell) -> str:
    return await _older(cell, await _by_ada(cell, "!history 1"), own=False)


# --------------------------------------------------------------------------- a server's own rules


@action("`!settings`")
async def settings_by_text(cell: Cell) -> str:
    return cell.here if SETTINGS in text(await cell.say("!settings")) else "no"


@action("`/settings`")
async def settings_by_slash(cell: Cell) -> str:
    return cell.here if SETTINGS in await cell.slash("settings") else "no"


@action("be offered `/settings`")
async def be_offered_settings(cell: Cell) -> str:
    return "yes" if cell.is_offered("settings") else "no"


async def _chose_private(cell: Cell, answer: discord.Message, of: ChannelHandle) -> str:
    before = await cell.state()
    await _click(cell, answer, menu(menus_of(answer)[2].custom_id, "private"), of)
    return await cell.changed(before)


async def _click(
    cell: Cell, message: discord.Message, data: dict[str, Any], of: ChannelHandle
) -> None:
    await forge(cell.actor, cell.channel, COMPONENT, data, message=message, message_channel=of)


@action("change a rule in one's own settings")
async def change_own(cell: Cell) -> str:
    answer = await _as_moderator(cell, "!settings")
    return "no" if answer is None else await _chose_private(cell, answer, cell.channel)


@action("change a rule in another's settings")
async def change_anothers(cell: Cell) -> str:
    return await _chose_private(cell, await _by_ada(cell, "!settings"), cell.town.channel)


@action("name the role of moderators")
async def name_role(cell: Cell) -> str:
    answer = await _as_moderator(cell, "!settings")
    if answer is None or cell.channel.guild is None:
        return "no"
    role = cell.channel.guild.create_role(f"keepers {cell.number}")
    await _click(cell, answer, menu(menus_of(answer)[0].custom_id, "people"), cell.channel)
    (now,) = [m for m in cell.channel.history() if m.id == answer.id]
    before = await cell.state()
    data = entities(menus_of(now)[-1].custom_id, ROLE_MENU, role.id)
    await _click(cell, now, data, cell.channel)
    return await cell.changed(before)


# ------------------------------------------------------------------------- what is stored of them


@action("`!privacy`")
async def privacy_by_text(cell: Cell) -> str:
    said = text(await cell.say("!privacy"))
    return "yes" if PRIVACY in said or "I have answered in a private message" in said else "no"


@action("`/privacy`")
async def privacy_by_slash(cell: Cell) -> str:
    return _told_of(await cell.slash("privacy"), PRIVACY)


async def _opted_out(cell: Cell) -> frozenset[int]:
    return await cell.library.database.members.opted_out()


@action("have forgotten what is stored about oneself")
async def forget_own(cell: Cell) -> str:
    await cell.say("!privacy")
    user = cell.actor.user if isinstance(cell.actor, MemberActor) else cell.actor
    (answer,) = [m for m in user.dm_channel.history() if PRIVACY in text([m])]
    await user.click(answer, label="Store nothing about me")
    return "yes" if cell.actor.id in await _opted_out(cell) else "no"


@action("have forgotten what is stored about another")
async def forget_anothers(cell: Cell) -> str:
    bob = cell.town.join(f"bob{cell.number}")
    result = await bob.slash(cell.town.channel, "privacy")
    assert result.response is not None
    shown = result.response.message
    before = await _opted_out(cell)
    (wanted,) = buttons_of(shown).values()
    await _click(cell, shown, button(str(wanted.custom_id)), cell.town.channel)
    return "no" if await _opted_out(cell) == before else "yes"


# ---------------------------------------------------------------------------- the bot's owner alone


@action("`!addimage … --collection enwiki`")
async def add_to_wiki(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say(f"!addimage Page {cell.number} {NAMED}", drawn(7))
    return await cell.changed(before)


@action("`!removeimage … --collection enwiki`")
async def remove_from_wiki(cell: Cell) -> str:
    number = await cell.add(2, f"Tree_{cell.number}", await cell.wiki())
    before = await cell.state()
    assert await cell.say(f"!removeimage {number} {NAMED}")
    return await cell.changed(before)


@action("`!images --collection enwiki`")
async def list_wiki(cell: Cell) -> str:
    return _told_of(text(await cell.say(f"!images {NAMED}")), "The collection enwiki")


@action("`!history --collection enwiki`")
async def history_of_wiki(cell: Cell) -> str:
    return _told_of(text(await cell.say(f"!history {NAMED}")), "done to the collection enwiki")


@action("`!undo --collection enwiki`")
async def undo_in_wiki(cell: Cell) -> str:
    before = await cell.state()
    assert await cell.say(f"!undo {NAMED}")
    return await cell.changed(before)


@action("`/image list` with `collection:`")
async def list_wiki_by_slash(cell: Cell) -> str:
    said = await cell.slash("image list", collection="enwiki")
    return _told_of(said, "The collection enwiki")


@action("be suggested collections")
async def be_suggested(cell: Cell) -> str:
    if not isinstance(cell.actor, MemberActor):
        return "yes" if cell.is_offered("image list") else "no"
    data = command(cell.actor, "image list", collection="", focused="collection")
    result = await forge(cell.actor, cell.channel, AUTOCOMPLETE, data)
    choices = result.autocomplete_choices
    assert choices is not None
    return "yes" if "enwiki" in [choice["value"] for choice in choices] else "no"


@action("`!index`")
async def index_status(cell: Cell) -> str:
    return _told_of(text(await cell.say("!index")), "Search index")


@action("`!index build`")
async def index_build(cell: Cell) -> str:
    return _told_of(text(await cell.say("!index build")), "Search index built in")


@action("`!index drop` and its button")
async def index_drop(cell: Cell) -> str:
    (answer,) = await cell.say("!index drop")
    if "Drop the index" in buttons_of(answer):
        await cell.press(answer, "Drop the index", cell.channel)
    index = cell.library.database.index
    if (await index.status()).kind is not None:
        return "no"
    await index.build()
    assert embed_of(answer).title
    return "yes"
