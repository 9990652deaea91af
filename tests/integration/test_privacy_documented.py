"""``docs/privacy.md`` tells of every column that holds ids of people or of what they wrote."""

import re
from pathlib import Path

import asyncpg

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"

# What else is wide enough for an id of Discord's, and whose it is. A new column has its place here,
# or in the document.
SERVERS = {
    "additions.guild_id",
    "additions.channel_id",
    "additions.undone_guild_id",
    "additions.undone_channel_id",
    "collections.guild_id",
    "rules.guild_id",
    "rules.channels",
    "rules.moderator_role",
    "rules.watched",
    "rules.watch_log",
    "sightings.guild_id",
    "sightings.watched_id",
    "sightings.channel_id",
}
HASHES = {
    f"{table}.{column}"
    for table in ("additions", "images", "import_pictures", "sightings")
    for column in ("dhash", "phash")
} | {"staged.dhash"}
COUNTS = {
    "additions.id",
    "additions.batch",
    "collections.images",
    "collections.pages",
    "collections.appearances",
    "imports.added",
    "imports.known",
    "staged_for.rows",
}
# Words and values: of wikis, of imports, of moderators; none is written by a member who asks.
OTHER = {
    "additions.action",
    "additions.file",
    "additions.look",
    "additions.purpose",
    "additions.title",
    "additions.url",
    "cards.card",
    "cards.question",
    "collections.api_url",
    "collections.checksum",
    "collections.kind",
    "collections.language",
    "collections.name",
    "collections.page_url_template",
    "collections.source_name",
    "images.file",
    "images.look",
    "import_pictures.key",
    "import_pictures.look",
    "import_pictures.reason",
    "imports.kind",
    "imports.location",
    "imports.position",
    "imports.skipped",
    "kept_apart.one",
    "kept_apart.other",
    "pages.title",
    "pages.url",
    "rules.collections",
    "rules.language",
    "rules.prefix",
    "rules.restricted",
    "rules.strictness",
    "rules.style",
    "rules.watch_emoji",
    "sightings.look",
    "staged.title",
    "staged_for.position",
    "staged_for.skipped",
    "whereis_schema.name",
}
TOO_NARROW = ("integer", "boolean", "date", "timestamp with time zone")


def documented() -> set[str]:
    """The columns in the table of the document."""
    found = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert len(found) == len(set(found)), "a column is told of twice"
    return {f"{table}.{column}" for table, column in found}


async def columns(url: str) -> set[str]:
    """Every column of ours that could hold an id, or words."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
            " AND c.data_type <> ALL ($1::text[])",
            list(TOO_NARROW),
        )
    finally:
        await connection.close()
    return {f"{row['table_name']}.{row['column_name']}" for row in rows}


async def test_every_column_of_people_is_in_the_table(database_url: str) -> None:
    told = documented()
    assert {"additions.user_id", "sightings.user_id", "opted_out.user_id"} <= told
    assert await columns(database_url) == told | SERVERS | HASHES | COUNTS | OTHER


def test_nothing_of_people_is_passed_over() -> None:
    elsewhere = SERVERS | HASHES | COUNTS | OTHER
    of_people = re.compile(r"user|member|message|author|undone_by|_by$")
    assert [column for column in elsewhere if of_people.search(column.partition(".")[2])] == []
