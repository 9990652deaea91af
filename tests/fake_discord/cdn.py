"""The files that were attached, as Discord's CDN serves them."""

from aiohttp import web

from tests.fake_discord.state import State


class Cdn:
    """Serves what was uploaded."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """What is served, each with the method and the path."""
        return [web.get("/cdn/{path:.*}", self._file)]

    async def _file(self, request: web.Request) -> web.Response:
        file = self._state.files.get(f"/{request.match_info['path']}")
        if file is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.data, content_type=file.kind)
