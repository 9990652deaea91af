"""What becomes of a picture moves one number, whichever way somebody asks, and no other."""

from collections.abc import Mapping

import discord
import pytest
from PIL import Image

from bot.client import BotOptions, Services
from bot.metrics import Metrics
from tests.acceptance.conftest import LoseDatabase
from tests.acceptance.ruling import refused_only, restrict, rule, watch
from tests.acceptance.staff import moderator
from tests.acceptance.world import Library, Town, Website, changed_copy, draw, encode, png

ONCE_IN_A_MINUTE = BotOptions(cooldown_uses=1, cooldown_seconds=60)
PLAIN = encode(Image.new("RGB", (64, 64), "white"))


def moved(metrics: Metrics, name: str) -> Mapping[tuple[str, ...], float]:
    """What has been counted, by the labels in the order of the metric's."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name and sample.value
    }


def searches(metrics: Metrics) -> Mapping[tuple[str, ...], float]:
    return moved(metrics, "whereis_searches_total")


async def ask(town: Town, data: bytes, name: str = "a.png") -> discord.Message:
    return await town.alice.send(town.channel, "!whereis", attachments=[(name, data)])


@pytest.mark.parametrize(
    ("picture", "outcome"),
    [
        (png(1), "found"),
        (png(2), "none"),
        (PLAIN, "plain"),
        (b"no picture", "unreadable"),
    ],
    ids=["found", "none", "plain", "unreadable"],
)
async def test_a_picture(
    town: Town, library: Library, metrics: Metrics, picture: bytes, outcome: str
) -> None:
    await library.add(png(1), "Mandelbrot_set")
    await ask(town, picture)
    assert searches(metrics) == {("text", outcome): 1}


async def test_how_sure_it_is_and_how_long_its_steps_take(
    town: Town, library: Library, metrics: Metrics
) -> None:
    await library.add(png(1), "Further_off", bits_off=8)
    await library.add(png(1), "Nearest")
    await ask(town, png(1))
    assert moved(metrics, "whereis_best_matches_total") == {("exact",): 1}
    assert moved(metrics, "whereis_search_matches_sum") == {(): 2}
    # The processes that read are those of all tests, and measured elsewhere.
    steps = {"fetch", "index", "look", "pages", "send"}
    assert moved(metrics, "whereis_step_duration_seconds_count") == {(step,): 1 for step in steps}
    assert moved(metrics, "whereis_request_duration_seconds_count") == {("text",): 1}


@pytest.mark.parametrize("options", [BotOptions(max_bytes=20_000)])
async def test_a_picture_that_is_too_large(
    town: Town, metrics: Metrics, options: BotOptions
) -> None:
    await ask(town, encode(draw(1, (1200, 900))))
    assert searches(metrics) == {("text", "too_large"): 1}


async def test_links(town: Town, website: Website, metrics: Metrics) -> None:
    await town.alice.send(town.channel, f"!whereis {website.address}/missing.png")
    await town.alice.send(town.channel, "!whereis http://10.1.2.3/a.png")
    assert searches(metrics) == {("text", "unfetched"): 2}
    huge = website.put("huge.png", bytes(3 * 1024 * 1024))
    await town.alice.send(town.channel, f"!whereis {huge}")
    assert searches(metrics) == {("text", "unfetched"): 2, ("text", "too_large"): 1}


async def test_the_database_is_away(
    town: Town, metrics: Metrics, lose_database: LoseDatabase
) -> None:
    await lose_database()
    await ask(town, png(1))
    assert searches(metrics) == {("text", "failed"): 1}
    assert town.env.errors


async def test_refusals(town: Town, metrics: Metrics, services: Services) -> None:
    await rule(services, town, restricted="never")
    restrict(town.env, town.channel)
    await ask(town, png(1))
    await town.alice.slash(town.channel, "whereis", picture=("a.png", png(1)))
    assert searches(metrics) == {("text", "refused"): 1, ("slash", "refused"): 1}
    refused_only(town.env)


async def test_where_the_bot_may_not_write(town: Town, metrics: Metrics) -> None:
    me = town.guild.me
    assert me is not None
    quiet = town.guild.create_text_channel(
        "quiet", overwrites={me: discord.PermissionOverwrite(send_messages=False)}
    )
    await town.alice.send(quiet, "!whereis", attachments=[("a.png", png(1))])
    assert searches(metrics) == {("text", "refused"): 1}


@pytest.mark.parametrize("options", [ONCE_IN_A_MINUTE])
async def test_cooldowns(town: Town, metrics: Metrics, options: BotOptions) -> None:
    posted = await ask(town, png(1))
    await ask(town, png(1))
    await town.alice.slash(town.channel, "whereis", picture=("a.png", png(1)))
    await town.alice.context_menu(town.channel, "Search image", posted)
    assert searches(metrics) == {
        ("text", "none"): 1,
        ("text", "cooldown"): 1,
        ("slash", "cooldown"): 1,
        ("menu", "cooldown"): 1,
    }
    assert town.env.errors


async def test_every_way_to_ask(
    town: Town, library: Library, website: Website, services: Services, metrics: Metrics
) -> None:
    await library.add(png(1), *(f"Page_{number:02}" for number in range(12)))
    known = website.put("a.png", png(1))
    asked = await town.alice.send(town.channel, f"!whereis {website.put('b.png', png(2))}")
    await town.alice.edit(asked, f"!whereis {known}")
    await town.alice.slash(town.channel, "whereis", url=known)
    await town.alice.context_menu(town.channel, "Search image", asked)
    await town.alice.click(town.answers()[0], label="Next")
    await watch(services, town)
    for picture in (png(3), changed_copy(3)):
        await town.alice.send(town.channel, "look", attachments=[("a.png", picture)])
    assert searches(metrics) == {
        ("text", "none"): 1,
        ("edit", "found"): 1,
        ("slash", "found"): 1,
        ("menu", "found"): 1,
        ("watch", "none"): 2,
    }
    assert moved(metrics, "whereis_request_duration_seconds_count") == {
        ("text",): 1,
        ("edit",): 1,
        ("slash",): 1,
        ("menu",): 1,
        ("click",): 1,
        ("watch",): 2,
    }
    assert moved(metrics, "whereis_watch_waiting") == {}
    assert moved(metrics, "whereis_guilds") == {(): 1}


async def test_pictures_that_come_and_go(town: Town, library: Library, metrics: Metrics) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Page", attachments=[("a.png", png(1))])
    # The same once more is nothing new.
    await mod.send(town.channel, "!addimage Page", attachments=[("a.png", png(1))])
    assert moved(metrics, "whereis_pictures_added_total") == {(): 1}
    await mod.send(town.channel, "!undo")
    assert moved(metrics, "whereis_pictures_removed_total") == {(): 1}
    assert searches(metrics) == {}
