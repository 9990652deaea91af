"""A wiki on this machine, for the documentation's pictures: all that it says and shows is ours."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any
from urllib.parse import quote

from aiohttp import web
from PIL import Image

WIDTH = 330

TOLD: dict[str, dict[str, Any]] = {
    "Mandelbrot set": {
        "description": "fractal of the complex plane",
        "extract": "The Mandelbrot set is the set of complex numbers c for which z ↦ z² + c, begun "
        "at zero, does not run away. Its edge shows ever new detail, however near one looks.",
        "pageprops": {"wikibase_item": "Q257"},
        "images": [{"title": "File:x"}],
    },
    "Fractal": {"description": "shape with detail at every scale"},
    "Benoit Mandelbrot": {"description": "mathematician (1924–2010)"},
}
LANGUAGES = {"de": "Deutsch", "fr": "français", "ja": "日本語", "es": "español"}


@asynccontextmanager
async def wiki(files: Mapping[str, bytes]) -> AsyncIterator[str]:
    """A wiki that has thumbnails of these files; gives the address of its API."""
    thumbnails = {name.replace("_", " "): _thumbnail(data) for name, data in files.items()}

    async def said(request: web.Request) -> web.StreamResponse:
        pages: list[dict[str, Any]] = []
        for title in request.query.get("titles", "").replace("_", " ").split("|"):
            page: dict[str, Any] = {"title": title, **TOLD.get(title, {})}
            if title.startswith("File:"):
                details = {
                    "Artist": {"value": "our own code"},
                    "LicenseShortName": {"value": "MIT"},
                }
                page["imageinfo"] = [{"extmetadata": details}]
                name = title.partition(":")[2]
                if name in thumbnails:
                    page["imageinfo"][0]["thumburl"] = f"/thumb/{quote(name)}"
            if request.query.get("prop") == "langlinks":
                page["langlinks"] = [
                    {
                        "lang": code,
                        "autonym": name,
                        "title": title,
                        "url": f"https://{code}.example/",
                    }
                    for code, name in LANGUAGES.items()
                ]
            pages.append(page)
        return web.json_response({"batchcomplete": True, "query": {"pages": pages}})

    async def shown(request: web.Request) -> web.StreamResponse:
        return web.Response(body=thumbnails[request.match_info["name"]], content_type="image/png")

    app = web.Application()
    app.router.add_get("/w/api.php", said)
    app.router.add_get("/thumb/{name}", shown)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/w/api.php"
    finally:
        await runner.cleanup()


def _thumbnail(data: bytes) -> bytes:
    with Image.open(BytesIO(data)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((WIDTH, WIDTH))
        buffer = BytesIO()
        small.save(buffer, "PNG")
    return buffer.getvalue()
