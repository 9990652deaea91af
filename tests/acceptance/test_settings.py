"""``!settings`` and ``/settings``: the rules of a server, shown and changed."""

import logging
from collections.abc import Sequence
from typing import Any

import discord
import pytest
from simcord import InteractionResult, ResponseMessage
from simcord.actors import MemberActor

from bot.client import BotOptions, Services
from bot.rules import Rules, Watch
from tests.acceptance.forging import (
    CHANNEL_MENU,
    COMPONENT,
    ROLE_MENU,
    button,
    entities,
    forge,
    menu,
)
from tests.acceptance.ruling import refused_only, rule
from tests.acceptance.staff import (
    bots_owner,
    moderator,
    other_town,
    refused,
    refused_privately,
    told,
)
from tests.acceptance.world import Library, Town, buttons_of, embed_of, menus_of

MENUS = {"answers": 4, "searched": 3, "people": 2, "watch": 4}


class Desk:
    """The settings as one moderator has them before them."""

    def __init__(self, actor: MemberActor, message: discord.Message, town: Town) -> None:
        self.actor = actor
        self.town = town
        self._id = message.id

    @property
    def message(self) -> discord.Message:
        """What it shows now."""
        (found,) = [m for m in self.town.channel.history() if m.id == self._id]
        return found

    @property
    def text(self) -> str:
        """All the rules, in words."""
        return "\n".join(field.value or "" for field in embed_of(self.message).fields)

    def menu(self, place: int) -> discord.SelectMenu:
        """A menu, counted from 0 from above; the first one turns to a section."""
        return menus_of(self.message)[place]

    async def turn_to(self, section: str) -> None:
        """Turn to a section."""
        await self.choose(0, section)
        assert len(menus_of(self.message)) == MENUS[section]

    async def choose(self, place: int, *values: Any) -> InteractionResult:
        """Choose from a menu."""
        custom_id = self.menu(place).custom_id
        return await self.actor.select(self.message, values, custom_id=custom_id)

    async def press(self, label: str) -> InteractionResult:
        """Press a button."""
        return await self.actor.click(self.message, label=label)

    async def type(self, label: str, *answers: str) -> InteractionResult:
        """Press a button, and answer what it asks for."""
        asked = await self.press(label)
        return await self.actor.submit_modal(asked, fields(asked, answers))


def fields(asked: InteractionResult, answers: Sequence[str]) -> dict[str, str]:
    """The answers by the ids of the questions."""
    assert asked.modal is not None
    ids = [
        str(part["components"][0]["custom_id"] if "components" in part else part["custom_id"])
        for part in asked.modal["components"]
    ]
    return dict(zip(ids, answers, strict=True))


async def sit_down(town: Town, actor: MemberActor | None = None) -> Desk:
    """Have the settings shown."""
    actor = actor or moderator(town)
    await actor.send(town.channel, "!settings")
    return Desk(actor, town.answers()[-1], town)


def rules_of(services: Services, town: Town) -> Rules:
    return services.rules.of(town.guild.id)


async def test_what_holds_without_any_rule(town: Town, services: Services) -> None:
    desk = await sit_down(town)
    assert embed_of(desk.message).title == "This server's own rules"
    for line in (
        "**Where** everywhere",
        "**Seen by** everybody",
        "**Shown** exact, close and possible matches",
        "**Collections** all",
        "**In age-restricted channels** when somebody asks there",
        "**Commands begin with** `!`",
        "Off: I look at no picture that nobody asks about.",
    ):
        assert line in desk.text
    assert rules_of(services, town) == Rules()


async def test_answers(town: Town, services: Services) -> None:
    there = town.guild.create_text_channel("pictures")
    art = town.guild.create_category("Art")
    desk = await sit_down(town)
    await desk.choose(1, there, art)
    await desk.choose(2, "fleeting")
    await desk.choose(3, "close")
    await desk.type("Minutes and language…", "12", "ZH-Yue")
    assert rules_of(services, town) == Rules(
        channels=frozenset({there.id, art.id}),
        style="fleeting",
        minutes=12,
        strictness="close",
        language="zh-yue",
    )
    assert f"<#{there.id}>" in desk.text
    assert "**Seen by** everybody, for 12 minutes" in desk.text
    assert [o.value for o in desk.menu(2).options if o.default] == ["fleeting"]
    await desk.choose(1)
    assert "**Where** everywhere" in desk.text


async def test_what_is_searched(town: Town, services: Services, library: Library) -> None:
    await library.wiki("enwiki")
    await library.wiki("*dewiki*")
    await library.server(4711)
    desk = await sit_down(town)
    await desk.turn_to("searched")
    own = f"server-{town.guild.id}"
    # No other server's.
    assert [o.value for o in desk.menu(1).options] == [own, "*dewiki*", "enwiki"]
    await desk.choose(1, own, "*dewiki*")
    await desk.choose(2, "never")
    assert rules_of(services, town) == Rules(
        collections=frozenset({own, "*dewiki*"}), restricted="never"
    )
    assert "\\*dewiki\\*, this server's own pictures" in desk.text


async def test_people(town: Town, services: Services) -> None:
    keepers = town.guild.create_role("Keepers")
    desk = await sit_down(town)
    await desk.turn_to("people")
    await desk.choose(1, keepers)
    await desk.type("Prefix…", " w? ")
    assert rules_of(services, town) == Rules(moderator_role=keepers.id, prefix="w?")
    assert "**Commands begin with** `w?`" in desk.text
    await desk.type("Prefix…", "")
    await desk.choose(1)
    assert rules_of(services, town) == Rules()


async def test_the_watch(town: Town, services: Services) -> None:
    logged = town.guild.create_text_channel("log")
    desk = await sit_down(town)
    await desk.turn_to("watch")
    await desk.choose(1, town.channel)
    await desk.choose(2, "👀")
    await desk.choose(3, logged)
    await desk.press("Don't compare with this server's own")
    await desk.type("Days and leeway…", "30", "0")
    assert rules_of(services, town).watch == Watch(
        channels=frozenset({town.channel.id}),
        emoji="👀",
        own=False,
        days=30,
        leeway=0,
        log=logged.id,
    )
    assert "Compared with** what was posted there in the last 30 days" in desk.text
    assert "I react with 👀" in desk.text
    await desk.choose(2, "words")
    await desk.press("Compare with this server's own")
    watch = rules_of(services, town).watch
    assert (watch.emoji, watch.own) == (None, True)


async def test_permissions_that_the_watch_lacks(town: Town, services: Services) -> None:
    assert town.guild.me is not None
    less = discord.PermissionOverwrite(add_reactions=False)
    silent = town.guild.create_text_channel("silent", overwrites={town.guild.me: less})
    await rule(services, town, watch=Watch(channels=frozenset({silent.id}), emoji="👀"))
    desk = await sit_down(town)
    assert f"In <#{silent.id}> I lack *Add Reactions*." in desk.text


# tests/unit/cogs/test_settings_words.py has more of each kind.
WRONG = (
    ("answers", "Minutes and language…", ("0", "en"), "Minutes can be 1 to 60."),
    ("answers", "Minutes and language…", ("5", "e n"), "Write the language as Wikipedia"),
    ("people", "Prefix…", ("a b",), "without spaces"),
    ("watch", "Days and leeway…", ("31", "5"), "Days can be 0 to 30."),
    ("watch", "Days and leeway…", ("3", "721"), "Hours can be 0 to 720."),
)


async def test_what_no_rule_can_be(town: Town, services: Services) -> None:
    desk = await sit_down(town)
    for section, label, answers, sentence in WRONG:
        await desk.turn_to(section)
        assert sentence in refused_privately(await desk.type(label, *answers))
    assert rules_of(services, town) == Rules()
    refused_only(town.env)


async def test_done(town: Town) -> None:
    desk = await sit_down(town)
    await desk.press("Done")
    assert not menus_of(desk.message)
    assert not buttons_of(desk.message)


async def test_as_a_slash_command_it_is_for_ones_own_eyes(town: Town, services: Services) -> None:
    mod = moderator(town)
    result = await mod.slash(town.channel, "settings")
    assert result.ephemeral
    shown = result.response
    assert isinstance(shown, ResponseMessage)
    await mod.select(shown, ["exact"], custom_id=menus_of(shown.message)[3].custom_id)
    assert rules_of(services, town).strictness == "exact"


async def test_others_may_not(town: Town, services: Services) -> None:
    await town.alice.send(town.channel, "!settings")
    assert "Only moderators" in refused(town)
    refused_only(town.env)
    desk = await sit_down(town)
    custom_id = desk.menu(0).custom_id
    result = await town.alice.select(desk.message, ["watch"], custom_id=custom_id)
    assert "for the one who asked" in refused_privately(result)
    assert rules_of(services, town) == Rules()


async def test_in_private_there_is_no_server_to_rule(town: Town) -> None:
    owner = bots_owner(town)
    await owner.user.send_dm("!settings")
    assert "works in a server" in refused(town, owner.user.dm_channel)


async def test_a_moderator_who_is_none_any_more(town: Town, services: Services) -> None:
    role = town.guild.create_role("once", permissions=discord.Permissions(manage_guild=True))
    mod = town.guild.add_member(town.env.create_user("mod"), roles=[role])
    desk = await sit_down(town, mod)
    await desk.turn_to("people")
    asked = await desk.press("Prefix…")
    town.env.backend.remove_member_role(town.guild.id, mod.id, role.id)
    await town.env.settle()
    result = await mod.submit_modal(asked, fields(asked, ["?"]))
    assert "Only moderators" in refused_privately(result)
    for click in (desk.press("Prefix…"), desk.choose(0, "watch"), desk.press("Done")):
        assert "Only moderators" in refused_privately(await click)
    assert rules_of(services, town) == Rules()
    refused_only(town.env)


@pytest.mark.parametrize("options", [BotOptions(moderator_role="Curators", cooldown_uses=100)])
async def test_who_is_a_moderator_by_a_role_cannot_hand_it_on(
    town: Town, services: Services
) -> None:
    curators, all_of_us = town.guild.create_role("Curators"), town.guild.create_role("Us")
    curator = town.guild.add_member(town.env.create_user("cora"), roles=[curators])
    desk = await sit_down(town, curator)
    await desk.turn_to("people")
    result = await desk.choose(1, all_of_us)
    assert "have the permission *Manage Server*" in refused_privately(result)
    assert rules_of(services, town) == Rules()
    await desk.type("Prefix…", "?")
    assert rules_of(services, town) == Rules(prefix="?")
    refused_only(town.env)


async def test_made_up_choices_change_nothing(
    town: Town, services: Services, library: Library
) -> None:
    await library.server(4711)
    elsewhere = other_town(town)
    theirs = elsewhere.channel.id
    desk = await sit_down(town)

    async def forged(data: dict[str, Any]) -> str:
        answer = await forge(desk.actor, town.channel, COMPONENT, data, message=desk.message)
        return refused_privately(answer)

    def words(place: int, *values: str) -> dict[str, Any]:
        return menu(desk.menu(place).custom_id, *values)

    not_offered = "not one of the choices here"
    assert not_offered in await forged(entities(desk.menu(1).custom_id, CHANNEL_MENU, theirs))
    assert not_offered in await forged(entities(desk.menu(1).custom_id, CHANNEL_MENU, 12345))
    assert not_offered in await forged(words(2, "loud"))
    assert not_offered in await forged(words(2, "public", "private"))
    assert not_offered in await forged(words(0, "index"))
    await desk.turn_to("searched")
    assert not_offered in await forged(words(1, "server-4711"))
    await desk.turn_to("people")
    everyone = town.guild.default_role.id
    assert not_offered in await forged(entities(desk.menu(1).custom_id, ROLE_MENU, everyone))
    assert not_offered in await forged(entities(desk.menu(1).custom_id, ROLE_MENU, 12345))
    await desk.turn_to("watch")
    assert not_offered in await forged(entities(desk.menu(1).custom_id, CHANNEL_MENU, theirs))
    assert not_offered in await forged(entities(desk.menu(3).custom_id, CHANNEL_MENU, theirs))
    assert not_offered in await forged(words(2, "<:a:1>"))
    assert rules_of(services, town) == Rules()
    assert services.rules.of(elsewhere.guild.id) == Rules()
    refused_only(town.env)


async def test_a_click_from_another_server(town: Town, services: Services) -> None:
    desk = await sit_down(town)
    elsewhere = other_town(town)
    intruder = elsewhere.guild.add_member(
        desk.actor.user,
        roles=[
            elsewhere.guild.create_role("boss", permissions=discord.Permissions(manage_guild=True))
        ],
    )
    data = menu(desk.menu(2).custom_id, "private")
    result = await forge(
        intruder,
        elsewhere.channel,
        COMPONENT,
        data,
        message=desk.message,
        message_channel=town.channel,
    )
    assert "belongs to another place" in refused_privately(result)
    assert rules_of(services, town) == Rules()
    refused_only(town.env)


async def test_clicks_that_come_twice(town: Town, services: Services) -> None:
    desk = await sit_down(town)
    await desk.turn_to("watch")
    (custom_id,) = [
        str(b.custom_id) for label, b in buttons_of(desk.message).items() if "compare" in label
    ]
    data = button(custom_id)
    await forge(desk.actor, town.channel, COMPONENT, data, message=desk.message, clicks=2)
    assert not rules_of(services, town).watch.own


async def test_what_has_gone_while_the_bot_was_away(town: Town, services: Services) -> None:
    await rule(
        services,
        town,
        channels=frozenset({4711}),
        moderator_role=4712,
        watch=Watch(frozenset({4713, town.channel.id}), log=4714),
    )
    desk = await sit_down(town)
    assert "**Where** <#4711>" in desk.text
    # No menu has something chosen that there is not.
    assert desk.menu(1).default_values == []
    await desk.turn_to("people")
    assert desk.menu(1).default_values == []
    await desk.turn_to("watch")
    assert [value.id for value in desk.menu(1).default_values] == [town.channel.id]
    assert desk.menu(3).default_values == []
    await desk.choose(1, town.channel)
    assert rules_of(services, town).watch.channels == {town.channel.id}


async def test_two_moderators_at_once(town: Town, services: Services) -> None:
    ada, bob = await sit_down(town), await sit_down(town, moderator(town, "bob"))
    await ada.choose(2, "private")
    await bob.choose(3, "exact")
    assert rules_of(services, town) == Rules(style="private", strictness="exact")


async def test_the_log_tells_who_changed_what(
    town: Town, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cogs.settings")
    desk = await sit_down(town)
    await desk.choose(2, "private")
    assert f"changed by user {desk.actor.id}: style" in caplog.text
    caplog.clear()
    await services.privacy.opt_out(desk.actor.id)
    await desk.choose(2, "public")
    assert "changed by a member who opted out: style" in caplog.text
    assert str(desk.actor.id) not in caplog.text


async def test_the_help_names_it_to_moderators(town: Town) -> None:
    result = await moderator(town).slash(town.channel, "help", command="settings")
    assert "Show this server's own rules" in told(result)
    result = await town.alice.slash(town.channel, "help", command="settings")
    assert "no command “settings”" in told(result)
    refused_only(town.env)
