"""The HTTP API: the same documents as ``whereis-bot search --json``."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.search import answer_json
from bot.web.cards import card_json
from bot.web.desk import Desk
from bot.web.openapi import ID_DIGITS, VERSION, openapi
from bot.web.options import WebOptions
from bot.web.problems import ProblemError
from bot.web.thumbs import KEPT

PREFIX = f"/api/{VERSION}"

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
_THUMB_HEADERS = {
    "Cache-Control": f"public, max-age={KEPT:.0f}",
    # Opened by itself, it may do nothing at all, whatever it was taken for.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class Api:
    """Answers in JSON, and with thumbnails."""

    def __init__(self, desk: Desk, options: WebOptions) -> None:
        self._desk = desk
        self._origins = options.origins
        self._document = openapi(options)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Have the API's addresses lead here."""
        search = f"{PREFIX}/search"
        router.add_post(search, self.picture)
        router.add_get(search, self.by_hash)
        router.add_options(search, self.preflight)
        pages = f"{PREFIX}/pages/{{image_id:[0-9]{{1,{ID_DIGITS}}}}}"
        router.add_get(pages, self.pages)
        router.add_options(pages, self.preflight)
        cards = f"{PREFIX}/cards/{{image_id:[0-9]{{1,{ID_DIGITS}}}}}"
        router.add_get(cards, self.card)
        router.add_options(cards, self.preflight)
        thumbs = f"/thumbs/{{image_id:[0-9]{{1,{ID_DIGITS}}}}}"
        router.add_get(thumbs, self.thumb)
        router.add_options(thumbs, self.preflight)
        router.add_get(f"{PREFIX}/openapi.json", self.description)

    async def picture(self, request: web.Request) -> web.Response:
        """``POST /search``."""
        name, answer = await self._desk.picture(request)
        return document({"queries": [answer_json(name, answer)]})

    async def by_hash(self, request: web.Request) -> web.Response:
        """``GET /search``."""
        name, answer = await self._desk.by_hash(request)
        return document({"queries": [answer_json(name, answer)]})

    async def pages(self, request: web.Request) -> web.Response:
        """``GET /pages/{image_id}``."""
        listed = await self._desk.pages(request)
        pages = [{"id": page.id, "title": page.title, "url": page.url} for page in listed.pages]
        return document({"image_id": listed.image_id, "pages": pages, "after": listed.after})

    async def card(self, request: web.Request) -> web.Response:
        """``GET /cards/{image_id}``."""
        told = await self._desk.card(request)
        thumb = f"/thumbs/{told.image_id}" if told.pictured else None
        return document({"image_id": told.image_id, "card": card_json(told.card), "thumb": thumb})

    async def thumb(self, request: web.Request) -> web.Response:
        """``GET /thumbs/{image_id}``, which is the page's too."""
        thumb = await self._desk.thumb(request)
        headers = {**_THUMB_HEADERS, "ETag": thumb.tag}
        if thumb.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=thumb.data, content_type=thumb.content_type, headers=headers)

    async def description(self, _: web.Request) -> web.Response:
        """``GET /openapi.json``."""
        return document(self._document, cache="public, max-age=3600")

    async def preflight(self, _: web.Request) -> web.Response:
        """What a browser asks before it lets a page of another web site ask."""
        return web.Response(status=204, headers={"Allow": _ALLOWED["Access-Control-Allow-Methods"]})

    def allow_origin(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let a page of another web site read an answer, where the operator allows it that."""
        if not self._origins:
            return
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin is not None and ("*" in self._origins or origin in self._origins):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-ID"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            if request.method == "OPTIONS":
                response.headers.update(_ALLOWED)


def document(
    content: Mapping[str, Any], *, status: int = 200, cache: str = "no-store"
) -> web.Response:
    """A JSON document."""
    return web.json_response(content, status=status, headers={"Cache-Control": cache})


def of_problem(problem: ProblemError) -> web.Response:
    """The document that says why there is no answer."""
    response = document(
        {"error": {"code": problem.code, "message": problem.sentence}}, status=problem.status
    )
    response.headers.update(problem.headers)
    return response
