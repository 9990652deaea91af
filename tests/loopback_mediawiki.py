"""As much of MediaWiki on loopback as an import needs, with all that a wiki may do on a bad day.

Its answers have the form of those that MediaWiki 1.39 gives.
"""

import asyncio
import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.drawing import draw, encode

THUMBNAIL = 330
MAX_TITLES = 50

# What a request meets instead of its answer; ``None`` lets it through.
Trouble = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@dataclass
class WikiFile:
    """A file of the wiki: what the API says of it, and its thumbnail's bytes (``None``: gone)."""

    data: bytes | None
    width: int = 800
    height: int = 600
    mime: str = "image/png"
    mediatype: str = "BITMAP"
    repository: str = "local"
    thumbnail_url: str | None = None
    canonical: str | None = None
    can_scale: bool = True
    known_details: bool = True
    size: int = 100_000
    details: dict[str, str] = field(default_factory=dict)


@dataclass
class LoopbackWiki:
    """A wiki, how it behaves, and what it has seen.

    ``pages`` has the files of each article, ``told`` what extensions add to what is said of it,
    ``languages`` its addresses by language, ``redirects`` what each redirect leads to,
    ``categories`` the members of each category.  ``images`` is how many file links one answer
    holds, ``infos`` how many files' details.  ``api_troubles`` and ``picture_troubles`` are met by
    the next requests, one each.  ``hold`` is awaited within each download, and ``linger`` is how
    many turns of the event loop an answer of the API takes.  Ids of pages are in the order of
    their titles, or the other way round with ``newest_first``.
    """

    pages: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, WikiFile] = field(default_factory=dict)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    languages: dict[str, dict[str, str]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    categories: dict[str, list[str]] = field(default_factory=dict)
    file_namespace: str = "File"
    newest_first: bool = False
    linger: int = 0
    images: int = 500
    infos: int = 50
    server: str | None = None
    article_path: str = "/wiki/$1"
    warning: str | None = None
    packs: bool = True
    api_troubles: deque[Trouble] = field(default_factory=deque)
    picture_troubles: deque[Trouble] = field(default_factory=deque)
    hold: Callable[[], Awaitable[object]] | None = None

    origin: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    downloaded: list[str] = field(default_factory=list)
    agents: set[str | None] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    most_requests: int = 0
    most_downloads: int = 0
    _requests: int = 0
    _downloads: int = 0

    @property
    def api(self) -> str:
        """The address of its API."""
        return f"{self.origin}/w/api.php"

    def shows(self, title: str, *files: str) -> None:
        """An article with these files, each of which the wiki has."""
        self.pages[title] = list(files)
        for file in files:
            if file not in self.files:
                self.files[file] = WikiFile(encode(draw(len(self.files), (64, 48))))

    async def answer_api(self, request: web.Request) -> web.StreamResponse:
        """One request of the API."""
        self._requests += 1
        self.most_requests = max(self.most_requests, self._requests)
        try:
            self.agents.add(request.headers.get("User-Agent"))
            for _ in range(self.linger):
                await asyncio.sleep(0)
            if self.api_troubles:
                met = await self.api_troubles.popleft()(request)
                if met is not None:
                    return met
            self.methods.append(request.method)
            fields = dict(request.query if request.method == "GET" else await request.post())
            parameters = {name: str(value) for name, value in fields.items()}
            self.asked.append(parameters)
            self._check(request, parameters)
            return self._packed(self._query(parameters))
        except _ComplaintError as complaint:
            return self._packed(_error(*complaint.args))
        finally:
            self._requests -= 1

    async def answer_picture(self, request: web.Request) -> web.StreamResponse:
        """One download."""
        self._downloads += 1
        self.most_downloads = max(self.most_downloads, self._downloads)
        try:
            self.agents.add(request.headers.get("User-Agent"))
            if self.hold is not None:
                await self.hold()
            if self.picture_troubles:
                met = await self.picture_troubles.popleft()(request)
                if met is not None:
                    return met
            name = request.match_info["name"].replace("_", " ")
            file = self.files.get(name)
            if file is None or file.data is None:
                raise web.HTTPNotFound
            self.downloaded.append(name)
            # What it is, only the bytes say.
            return web.Response(body=file.data, content_type="text/html")
        finally:
            self._downloads -= 1

    def _check(self, request: web.Request, parameters: dict[str, str]) -> None:
        """Note what Wikimedia asks for and this request lacks."""
        wanted = {"action": "query", "format": "json", "formatversion": "2", "maxlag": "5"}
        for name, value in wanted.items():
            if parameters.get(name) != value:
                self.faults.append(f"{name} is {parameters.get(name)}")
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            self.faults.append("no gzip")
        if "Cookie" in request.headers:
            self.faults.append("a cookie")

    def _packed(self, answer: dict[str, Any]) -> web.Response:
        body = json.dumps(answer).encode()
        headers = {"Set-Cookie": "session=1; Path=/"}
        if self.packs:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, content_type="application/json", headers=headers)

    def _query(self, parameters: dict[str, str]) -> dict[str, Any]:
        if parameters.get("meta") == "siteinfo":
            return {"batchcomplete": True, "query": self._site()}
        titles = [title for title in parameters.get("titles", "").split("|") if title]
        if len(titles) > MAX_TITLES:
            return _error("toomanyvalues", 'Too many values supplied for parameter "titles".')
        if parameters.get("prop") == "categoryinfo":
            return {"batchcomplete": True, "query": {"pages": [self._category(titles[0])]}}
        if parameters.get("prop") == "imageinfo":
            return self._infos(titles, parameters.get("iicontinue", ""))
        answer: dict[str, Any] = {"query": {}}
        if "info" in parameters.get("prop", "").split("|"):
            return self._tell(titles, parameters, answer)
        if parameters.get("prop") == "langlinks":
            return self._translate(titles, parameters, answer)
        if self.warning is not None:
            answer["warnings"] = {"main": {"warnings": self.warning}}
        if "generator" in parameters:
            return self._generated(parameters, answer)
        return self._listed(titles, parameters, answer)

    def _tell(
        self, titles: list[str], parameters: dict[str, str], answer: dict[str, Any]
    ) -> dict[str, Any]:
        """What a card asks for, of pages and of files."""
        asked = parameters.get("imimages", "").partition(":")[2].replace("_", " ")
        files = [title for title in titles if title.startswith("File:")]
        self._listed([title for title in titles if title not in files], parameters, answer)
        for page in answer["query"]["pages"]:
            page["images"] = [one for one in page.get("images", []) if one["title"].endswith(asked)]
            if "missing" not in page:
                title = page["title"].replace(" ", "_")
                page["canonicalurl"] = f"{self.origin}/wiki/{quote(title)}"
                page.update(self.told.get(page["title"], {}))
        for title in files:
            name = title.partition(":")[2].replace("_", " ")
            page = {"ns": 6, "title": f"{self.file_namespace}:{name}"}
            answer["query"].setdefault("normalized", []).append(
                {"from": title, "to": page["title"]}
            )
            if name in self.files:
                details = {k: {"value": v} for k, v in self.files[name].details.items()}
                address = f"{self.origin}/wiki/File:{quote(name.replace(' ', '_'))}"
                page["imageinfo"] = [{"descriptionurl": address, "extmetadata": details}]
                if parameters.get("iiurlwidth") == str(THUMBNAIL):
                    page["imageinfo"][0] |= self._thumbnail(name, self.files[name])
            else:
                page["missing"] = True
            answer["query"]["pages"].append(page)
        return answer

    def _translate(
        self, titles: list[str], parameters: dict[str, str], answer: dict[str, Any]
    ) -> dict[str, Any]:
        self._listed(titles, parameters, answer)
        for page in answer["query"]["pages"]:
            page["langlinks"] = [
                {"lang": language, "url": url, "autonym": language.upper(), "title": page["title"]}
                for language, url in self.languages.get(page["title"], {}).items()
            ]
        return answer

    def _site(self) -> dict[str, Any]:
        return {
            "general": {
                "sitename": "Loopback",
                "lang": "de",
                "server": self.origin if self.server is None else self.server,
                "articlepath": self.article_path,
            },
            "namespaces": {
                "6": {"id": 6, "name": self.file_namespace, "canonical": "File"},
                "14": {"id": 14, "name": "Kategorie", "canonical": "Category"},
            },
            "namespacealiases": [{"id": 14, "alias": "Kat"}],
        }

    def _category(self, title: str) -> dict[str, Any]:
        name = title.partition(":")[2].replace("_", " ")
        page: dict[str, Any] = {"ns": 14, "title": f"Kategorie:{name}", "missing": True}
        if name in self.categories:
            page["categoryinfo"] = {"size": 9, "pages": len(self.categories[name])}
        return page

    def _generated(self, parameters: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
        prefix = "gap" if parameters["generator"] == "allpages" else "gcm"
        if prefix == "gap":
            pages = sorted(self.pages)
            if parameters.get("gapfilterredir") != "nonredirects":
                pages = sorted([*self.pages, *self.redirects])
        else:
            pages = self.categories[parameters["gcmtitle"].partition(":")[2]]
        start, size = (
            int(parameters.get(f"{prefix}continue", "0")),
            int(parameters[f"{prefix}limit"]),
        )
        batch = pages[start : start + size]
        rest = self._show(batch, parameters, answer)
        if rest is not None:
            more = {f"{prefix}continue": str(start)} if start else {}
            answer["continue"] = {"imcontinue": rest, **more, "continue": "||"}
            return answer
        answer["batchcomplete"] = True
        if start + size < len(pages):
            answer["continue"] = {
                f"{prefix}continue": str(start + size),
                "continue": f"{prefix}continue||",
            }
        return answer

    def _listed(
        self, titles: list[str], parameters: dict[str, str], answer: dict[str, Any]
    ) -> dict[str, Any]:
        query = answer["query"]
        found: list[str] = []
        other: list[dict[str, Any]] = []
        for asked in titles:
            title = asked.replace("_", " ")
            title = title[:1].upper() + title[1:]
            if title != asked:
                query.setdefault("normalized", []).append({"from": asked, "to": title})
            if title in self.redirects and parameters.get("redirects"):
                goal = self.redirects[title]
                query.setdefault("redirects", []).append({"from": title, "to": goal})
                title = goal
            if title in self.pages:
                found.append(title)
            elif title.startswith("Elsewhere:"):
                query.setdefault("interwiki", []).append({"title": title, "iw": "elsewhere"})
            elif title.startswith("Special:"):
                other.append({"ns": -1, "title": title, "special": True})
            elif "<" in title:
                other.append({"title": title, "invalidreason": "no", "invalid": True})
            else:
                other.append({"ns": 0, "title": title, "missing": True})
        rest = self._show(list(dict.fromkeys(found)), parameters, answer)
        query["pages"] += other
        if rest is None:
            answer["batchcomplete"] = True
        else:
            answer["continue"] = {"imcontinue": rest, "continue": "||"}
        return answer

    def _show(
        self, titles: list[str], parameters: dict[str, str], answer: dict[str, Any]
    ) -> str | None:
        """Put the files of some pages into an answer, and say where the next one goes on."""
        order = sorted(self.pages, reverse=self.newest_first)
        numbers = {title: number for number, title in enumerate(order, 1)}
        links = sorted(
            (numbers[title], file.replace(" ", "_"))
            for title in titles
            for file in self.pages[title]
        )
        after = parameters.get("imcontinue")
        if after is not None:
            number, _, file = after.partition("|")
            if not number.isdigit():
                raise _ComplaintError("badcontinue", "Invalid continue param.")
            links = [link for link in links if link >= (int(number), file)]
        shown = links[: self.images]
        pages: list[dict[str, Any]] = []
        for title in titles:
            page: dict[str, Any] = {"pageid": numbers[title], "ns": 0, "title": title}
            images = [
                {"ns": 6, "title": f"{self.file_namespace}:{file.replace('_', ' ')}"}
                for number, file in shown
                if number == numbers[title]
            ]
            if images:
                page["images"] = images
            pages.append(page)
        answer["query"]["pages"] = pages
        return "{}|{}".format(*links[self.images]) if len(links) > self.images else None

    def _infos(self, titles: list[str], after: str) -> dict[str, Any]:
        ordered = sorted(titles)
        start = ordered.index(after) if after else 0
        pages = [
            self._info(title, told=start <= place < start + self.infos)
            for place, title in enumerate(ordered)
        ]
        answer: dict[str, Any] = {"query": {"pages": pages}}
        if start + self.infos < len(ordered):
            answer["continue"] = {"iicontinue": ordered[start + self.infos], "continue": "||"}
        else:
            answer["batchcomplete"] = True
        return answer

    def _info(self, title: str, *, told: bool) -> dict[str, Any]:
        name = title.partition(":")[2]
        page: dict[str, Any] = {"ns": 6, "title": title}
        file = self.files.get(name)
        if file is None:
            return {**page, "missing": True, **({"imagerepository": ""} if told else {})}
        if file.repository != "local":
            page |= {"missing": True, "known": True}
        if not told:
            return page
        page["imagerepository"] = file.repository
        if not file.known_details:
            return page
        path = quote(name.replace(" ", "_"))
        info: dict[str, Any] = {
            "size": file.size,
            "width": file.width,
            "height": file.height,
            "canonicaltitle": f"File:{file.canonical or name}",
            "url": f"{self.origin}/images/{path}",
            "sha1": f"{len(name):040x}",
            "mime": file.mime,
            "mediatype": file.mediatype,
        }
        page["imageinfo"] = [info | self._thumbnail(name, file)]
        return page

    def _thumbnail(self, name: str, file: WikiFile) -> dict[str, str]:
        """Where a thumbnail of a file is, or why there is none."""
        path = quote(name.replace(" ", "_"))
        if not file.can_scale:
            return {"thumberror": "Error creating thumbnail"}
        if file.thumbnail_url is not None:
            return {"thumburl": file.thumbnail_url}
        folder = "images/thumb" if file.width > THUMBNAIL else "images"
        return {"thumburl": f"{self.origin}/{folder}/{path}"}


def _error(code: str, info: str) -> dict[str, Any]:
    return {"error": {"code": code, "info": info, "docref": "See api.php."}}


class _ComplaintError(Exception):
    """An error of the API, by its code and text."""


# What may be met.


def complains(code: str, info: str = "No.", status: int = 200, **headers: str) -> Trouble:
    """An error of the API, with headers whose names are written with underscores."""

    async def meet(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(_error(code, info), status=status, headers=named)

    return meet


def answers(status: int, body: bytes = b"", **headers: str) -> Trouble:
    """An answer of HTTP."""

    async def meet(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return meet


def drops(after: bytes = b"", length: int = 1000) -> Trouble:
    """The connection goes, before an answer or in the middle of one."""

    async def meet(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(length)})
        if after:
            await response.prepare(request)
            await response.write(after)
        assert request.transport is not None
        # Not abort(): what was written has to arrive.
        request.transport.close()
        return response

    return meet


def drips(piece: bytes, length: int | None = None) -> Trouble:
    """An answer that never ends."""

    async def meet(request: web.Request) -> web.StreamResponse:
        headers = {} if length is None else {"Content-Length": str(length)}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        try:
            while True:
                await response.write(piece)
                await asyncio.sleep(0)
        except ConnectionError:
            return response

    return meet


def stalls(begun: bytes) -> Trouble:
    """An answer that begins, and then nothing more comes until the other side goes."""

    async def meet(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if begun:
            await response.prepare(request)
            await response.write(begun)
        await asyncio.Event().wait()
        return response

    return meet


@asynccontextmanager
async def loopback_wiki() -> AsyncIterator[LoopbackWiki]:
    """A wiki without pages, served on a port of its own."""
    wiki = LoopbackWiki()
    app = web.Application()
    app.router.add_route("*", "/w/api.php", wiki.answer_api)
    app.router.add_route("*", "/moved/api.php", wiki.answer_api)
    app.router.add_get("/images/{name}", wiki.answer_picture)
    app.router.add_get("/images/thumb/{name}", wiki.answer_picture)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    wiki.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield wiki
    finally:
        await runner.cleanup()
