"""The whole way of a link with the network cut off: what would be looked up, and connected to."""

from dataclasses import dataclass

from bench.hostile.links import TrickyLink
from bench.hostile.network import CutOff, Names
from bot.errors import FetchError

HOME = "127.0.0.9"
"""Where the server is that redirects; no link of the table leads there."""

START = "start.example"
"""The name of that server."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of a link: what was said, looked up, and connected to (address and port)."""

    sentence: str
    kind: type[FetchError]
    looked_up: tuple[str, ...]
    contacted: tuple[tuple[str, int], ...]


async def follow(case: TrickyLink, start_port: int | None = None) -> Followed:
    """Take a link the whole way of a download, with the network cut off behind the last guard.

    With ``start_port``, begin at the server on :data:`HOME` that leads there.
    """
    names = Names(case)
    if start_port is not None:
        names.known[START] = (HOME, start_port)
    fetcher = CutOff(names, home=None if start_port is None else HOME)
    async with fetcher:
        try:
            await fetcher.fetch(case.link if start_port is None else f"http://{START}/")
        except FetchError as error:
            return Followed(
                error.sentence, type(error), tuple(names.looked_up), tuple(fetcher.contacted)
            )
    raise AssertionError(f"something was downloaded from {case.link!r}")
