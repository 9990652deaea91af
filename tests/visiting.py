"""The page and the HTTP API on loopback, with a database and pictures, and visitors to them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
from jsonschema import Draft202012Validator

from bot.cards import PATIENCE, CardService
from bot.images import Limits, Workers
from bot.ingest import Actor, IngestService, NewPicture
from bot.metrics import Metrics
from bot.net import Fetcher
from bot.net.mediawiki import MediaWikiClient
from bot.search import Radii, SearchService
from bot.web import WebOptions, serve_web
from bot.web.openapi import openapi
from db import Database, open_database
from tests.drawing import png
from tests.loopback_mediawiki import LoopbackWiki, loopback_wiki
from tests.loopback_site import ANY_PORT, at_home

LIMIT = 200_000
GUILD = 4711
TEMPLATE = "https://wiki.example/{title}"

# What a title may be, and must never do.
HOSTILE = "<script>alert(1)</script>\"'&\u202egnp_"

OPTIONS = WebOptions(port=0, per_minute=0, key_per_minute=0, max_bytes=LIMIT)


@dataclass(frozen=True, slots=True)
class World:
    """What is behind the page, and the ids of what is stored in it."""

    database: Database
    workers: Workers
    search: SearchService
    fetcher: Fetcher
    cards: CardService
    metrics: Metrics
    wiki: LoopbackWiki
    everest: int
    hostile: int
    secret: int
    nepal: int
    tibet: int


@asynccontextmanager
async def world_in(url: str, folder: Path) -> AsyncIterator[World]:
    """A database with five pictures: a wiki's, one with a hostile title, a server's own, and two of
    a wiki that can be asked about them, of which one's file has no name."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(url, folder, pool_size=4))
        workers = await stack.enter_async_context(
            Workers(Limits(max_bytes=LIMIT, max_pixels=4_000_000, timeout=2.0), processes=1)
        )
        fetcher = await stack.enter_async_context(
            Fetcher(max_bytes=LIMIT, timeout=5.0, allow_address=at_home, allowed_ports=ANY_PORT)
        )
        metrics = Metrics()
        search = SearchService(database.store, workers, Radii(), metrics=metrics)
        ingest = IngestService(database.store, database.imports, workers, search, TEMPLATE)
        wiki = await ingest.wiki_collection("enwiki")
        server = await database.store.ensure_server(GUILD, TEMPLATE)

        async def add(
            seed: int, title: str, url: str | None, collection: Any, *, named: bool = True
        ) -> int:
            pictures = [NewPicture(png(seed), f"{seed}.png" if named else None)]
            (outcome,) = await ingest.add(pictures, title, url, collection, Actor(user_id=None))
            return outcome.image_id

        everest = await add(1, "Mount_Everest", None, wiki)
        for number in range(11):
            await add(1, f"Mountain_{number:02}", None, wiki)
        hostile = await add(2, HOSTILE, "javascript:alert(1)//https://", wiki)
        secret = await add(3, "Secret", None, server)
        asked = await stack.enter_async_context(loopback_wiki())
        asked.shows("Nepal", "4.png")
        asked.told["Nepal"] = {
            "description": HOSTILE,
            "extract": "Nepal is a country.",
            "coordinates": [{"lat": 28, "lon": 84}],
        }
        asked.files["4.png"].details["Artist"] = "<script>alert(1)</script>Ann"
        loopback = await ingest.wiki_collection("loopback", f"{asked.origin}/wiki/{{title}}")
        await database.store.set_about(
            loopback.id, name=None, language=None, as_of=None, checksum=None, api_url=asked.api
        )
        nepal = await add(4, "Nepal", None, loopback)
        asked.shows("Tibet", "Lead.png")
        asked.told["Tibet"] = {"thumbnail": {"source": f"{asked.origin}/images/thumb/Lead.png"}}
        tibet = await add(5, "Tibet", None, loopback, named=False)
        client = await stack.enter_async_context(
            MediaWikiClient(contact=None, patience=PATIENCE, sleep=at_once)
        )
        cards = CardService(database.cards, client, metrics=metrics)
        yield World(
            database,
            workers,
            search,
            fetcher,
            cards,
            metrics,
            asked,
            everest,
            hostile,
            secret,
            nepal,
            tibet,
        )


async def at_once(_seconds: float) -> None:
    """Waits for nothing."""


class Visitor:
    """Somebody with a browser, or with a program, at one server."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session = session
        self.address = address

    @property
    def port(self) -> int:
        """Where the server listens on 127.0.0.1."""
        return int(self.address.rstrip("/").rpartition(":")[2])

    async def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        expect: int = 200,
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Any:
        """An answer of the API, held against what the API says of itself."""
        url = f"{self.address}api/v1/{path}"
        async with self.session.request(method, url, headers=headers, **body) as answer:
            text = await answer.text()
            assert answer.status == expect, text
            document = json.loads(text)
            kind = path.partition("/")[0]
            operation = f"/{kind}/{{image_id}}" if kind in ("pages", "cards") else "/search"
            assert_described(operation, method, answer.status, document)
            assert ("Retry-After" in answer.headers) == (answer.status in (429, 503))
            return document

    async def search(self, data: bytes, name: str = "a.png", **more: Any) -> Any:
        """What the API says of a picture; the one entry of ``queries``."""
        document = await self.ask("search", method="POST", data=form(data, name), **more)
        return document["queries"][0] if "queries" in document else document["error"]

    async def raw(self, request: bytes) -> bytes:
        """What comes back for some bytes, until the server closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        try:
            return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def visiting(world: World, *, clock: Any = None, **options: Any) -> AsyncIterator[Visitor]:
    """A visitor at a server of these options."""
    more = {} if clock is None else {"clock": clock}
    chosen = replace(OPTIONS, **options)
    async with (
        serve_web(
            world.search,
            world.fetcher,
            chosen,
            cards=world.cards,
            metrics=world.metrics,
            lingering_time=0.2,
            **more,
        ) as address,
        aiohttp.ClientSession() as session,
    ):
        yield Visitor(session, address)


def form(data: bytes, name: str = "a.png") -> aiohttp.FormData:
    """A form with a file, as the page sends it."""
    fields = aiohttp.FormData()
    fields.add_field("file", data, filename=name)
    fields.add_field("url", "")
    return fields


def assert_described(path: str, method: str, status: int, document: Any) -> None:
    """Hold an answer against the OpenAPI document."""
    described = _description()
    responses = described["paths"][path][method.lower()]["responses"]
    assert str(status) in responses, f"{method} {path} may not answer {status}"
    response = responses[str(status)]
    if "$ref" in response:
        response = described["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": described["components"]}).validate(document)


@cache
def _description() -> dict[str, Any]:
    return openapi(OPTIONS)
