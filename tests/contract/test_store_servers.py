"""Rules, sightings and members are kept, and forgotten, on every kind of server."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg

from db import Database
from db.members import Stored
from db.queries import load_statements
from db.records import SOMEBODY, Actor, Collection, NewAppearance
from db.rules import Rules, Watch
from db.sightings import Sighting
from tests.contract.checks import MODERATOR, flipped

NOW = datetime.now(UTC)

ALL_SET = Rules(
    channels=frozenset({1, 2**62}),
    style="fleeting",
    minutes=60,
    strictness="exact",
    language="zh-yue",
    collections=frozenset({"enwiki", "Ünïcode 'wiki'"}),
    moderator_role=5,
    prefix="w?",
    restricted="never",
    watch=Watch(frozenset({7}), "♻️", own=False, days=30, leeway=720, log=8),
)

PICTURE = Sighting(
    message_id=100,
    place=0,
    guild_id=70,
    watched_id=700,
    channel_id=701,
    user_id=7,
    dhash=0,
    phash=-5,
    look=b"look",
    posted_at=NOW,
)


async def test_rules_come_back_as_they_were(opened: Database) -> None:
    assert await opened.rules.all() == {}
    await opened.rules.put(70, ALL_SET)
    await opened.rules.put(80, Rules())
    assert await opened.rules.all() == {70: ALL_SET, 80: Rules()}
    await opened.rules.put(70, replace(ALL_SET, prefix=None, style="private"))
    await opened.rules.drop(80)
    assert await opened.rules.all() == {70: replace(ALL_SET, prefix=None, style="private")}


async def test_sightings_near_a_picture(opened: Database) -> None:
    store = opened.sightings
    far = (1, 2, 3, 4, 5)
    kept = [
        replace(PICTURE, message_id=1, dhash=flipped(0, 63)),
        replace(PICTURE, message_id=2, dhash=flipped(0, 1, 2)),
        replace(PICTURE, message_id=2, place=1),
        replace(PICTURE, message_id=3, dhash=flipped(0, *far)),
        replace(PICTURE, message_id=4, posted_at=NOW - timedelta(days=8)),
        replace(PICTURE, message_id=5, watched_id=999),
        replace(PICTURE, message_id=6, guild_id=80),
        PICTURE,
    ]
    for sighting in (*kept, kept[0]):
        await store.add(sighting)
    since = NOW - timedelta(days=7)
    seen = await store.near(PICTURE, since=since, radius=4, limit=10)
    assert seen.sightings == ((kept[2], 0), (kept[0], 1), (kept[1], 2))
    # Of the channel and the time all count, its own message's as well.
    assert seen.images == 5
    nearest = await store.near(PICTURE, since=since, radius=4, limit=1)
    assert nearest.sightings == ((kept[2], 0),)
    nothing = await store.near(replace(PICTURE, guild_id=90), since=since, radius=64, limit=10)
    assert (nothing.sightings, nothing.images) == ((), 0)


async def test_forgetting_sightings(opened: Database) -> None:
    store = opened.sightings
    for number, where in enumerate(
        [(70, 700, 700), (70, 700, 701), (70, 702, 702), (80, 800, 800)]
    ):
        guild, watched, channel = where
        await store.add(
            replace(
                PICTURE, message_id=number, guild_id=guild, watched_id=watched, channel_id=channel
            )
        )
    # Another server's messages and channels are out of reach.
    assert await store.forget_messages(80, [0, 1]) == 0
    assert await store.forget_channel(80, 700) == 0
    assert await store.forget_channel(70, 701) == 1
    assert await store.forget_channel(70, 700) == 1
    assert await store.forget_messages(70, [2, 4711]) == 1
    assert await store.forget_server(70) == 0
    assert await store.forget_server(80) == 1


async def test_what_no_rule_keeps(opened: Database) -> None:
    store = opened.sightings
    await opened.rules.put(70, Rules(watch=Watch(frozenset({700}), days=2)))
    await opened.rules.put(80, Rules(watch=Watch(frozenset({700}), days=0)))
    kept = replace(PICTURE, message_id=1, posted_at=NOW - timedelta(days=1))
    for sighting in (
        kept,
        replace(kept, message_id=2, posted_at=NOW - timedelta(days=3)),
        replace(kept, message_id=3, watched_id=702),
        replace(kept, message_id=4, guild_id=80),
        replace(kept, message_id=5, guild_id=90),
    ):
        await store.add(sighting)
    assert await store.sweep(80) == 1
    assert await store.sweep() == 3
    seen = await store.near(PICTURE, since=NOW - timedelta(days=9), radius=64, limit=9)
    assert seen.sightings == ((kept, 0),)


async def test_what_there_is_about_a_member(opened: Database, ours: Collection) -> None:
    store = opened.store
    await store.add(ours.id, [NewAppearance(1, 1, None, title) for title in "AB"], MODERATOR)
    await store.undo(ours.id, MODERATOR)
    await opened.sightings.add(PICTURE)
    assert await opened.members.stored(7) == Stored(2, 2, 1, opted_out=False)
    assert await opened.members.stored(8) == Stored(0, 0, 0, opted_out=False)

    await opened.members.opt_out(7)
    await opened.members.opt_out(7)
    assert await opened.members.opted_out() == {7}
    assert await opened.members.stored(7) == Stored(0, 0, 0, opted_out=True)
    lines = await store.additions(ours.id)
    assert {(line.user_id, line.undone_by) for line in lines} == {(SOMEBODY, SOMEBODY)}

    await store.add(ours.id, [NewAppearance(2, 2, None, "C")], MODERATOR)
    await store.undo(ours.id, MODERATOR)
    await opened.sightings.add(replace(PICTURE, message_id=101))
    assert await opened.members.stored(7) == Stored(0, 0, 0, opted_out=True)
    newest = (await store.additions(ours.id))[0]
    assert (newest.user_id, newest.undone_by) == (SOMEBODY, SOMEBODY)

    await opened.members.opt_in(7)
    assert await opened.members.opted_out() == frozenset()
    await store.add(ours.id, [NewAppearance(3, 3, None, "D")], MODERATOR)
    assert await opened.members.stored(7) == Stored(1, 0, 0, opted_out=False)


async def test_the_operator_is_no_member_who_opted_out(opened: Database, ours: Collection) -> None:
    await opened.members.opt_out(7)
    await opened.store.add(ours.id, [NewAppearance(1, 1, None, "A")], Actor(None))
    (line,) = await opened.store.additions(ours.id)
    assert line.user_id is None


async def test_a_step_of_somebody_is_still_taken_back(opened: Database, ours: Collection) -> None:
    step = Actor(SOMEBODY, 70, 700, 4711)
    await opened.store.add(ours.id, [NewAppearance(1, 1, None, "A")], step)
    await opened.store.add(ours.id, [NewAppearance(2, 2, None, "B")], MODERATOR)
    (undone,) = await opened.store.undo(ours.id, step, message_id=4711)
    assert (undone.title, undone.user_id, undone.undone_by) == ("A", SOMEBODY, SOMEBODY)


async def test_what_is_written_while_somebody_opts_out(
    opened: Database, ours: Collection, url: str
) -> None:
    other = await asyncpg.connect(url)
    holding = other.transaction()
    await holding.start()
    # Somebody else holds the collection, so the addition stops half-way, its author's id in hand.
    await other.execute("SELECT 1 FROM collections WHERE id = $1 FOR UPDATE", ours.id)
    adding = asyncio.create_task(
        opened.store.add(ours.id, [NewAppearance(1, 1, None, "A")], MODERATOR)
    )
    await opened.members.opt_out(7)
    await holding.commit()
    await adding
    await other.close()
    (line,) = await opened.store.additions(ours.id)
    assert line.user_id == SOMEBODY


async def test_opting_out_waits_for_what_has_been_written(
    opened: Database, ours: Collection, url: str
) -> None:
    await opened.store.add(ours.id, [NewAppearance(1, 1, None, "A")], Actor(None))
    other = await asyncpg.connect(url)
    writing = other.transaction()
    await writing.start()
    await other.fetch(load_statements()["member_hold"], 7)
    await other.execute("UPDATE additions SET user_id = 7")
    opting = asyncio.create_task(opened.members.opt_out(7))
    waits = (
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted"
    )
    while not opting.done() and not await other.fetchval(waits):
        pass
    await writing.commit()
    await opting
    await other.close()
    (line,) = await opened.store.additions(ours.id)
    assert line.user_id == SOMEBODY


async def test_opting_out_holds_up_nobody_else(opened: Database, ours: Collection) -> None:
    moderators = [replace(MODERATOR, user_id=number) for number in range(7, 12)]
    await asyncio.gather(
        *(
            opened.store.add(ours.id, [NewAppearance(m.user_id or 0, 1, None, "A")], m)
            for m in moderators
        ),
        *(opened.members.opt_out(number) for number in (7, 8)),
    )
    lines = await opened.store.additions(ours.id)
    assert sorted(line.user_id or 0 for line in lines) == [0, 0, 9, 10, 11]
