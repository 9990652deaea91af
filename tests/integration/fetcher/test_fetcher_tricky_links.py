"""Every tricky link on the whole way of a download: asked for, redirected to, named by a page."""

import html
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from bench.hostile.links import LINKS, SAYS, TrickyLink
from bot.errors import DownloadFailedError, RefusedURLError
from tests.cut_off import HOME, Followed, follow
from tests.loopback_site import Site, ok, site_on

ROWS = [pytest.param(case, id=f"{number}-{case.trick}") for number, case in enumerate(LINKS)]
NAMED = [row for row, case in zip(ROWS, LINKS, strict=True) if case.stands_alone]


@dataclass
class Calls:
    """What this process really asked of the network, as Python's own audit events tell."""

    watching: bool = False
    connected_to: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """Note an audit event."""
        if not self.watching:
            return
        if event == "socket.connect":
            self.connected_to.append(str(arguments[1]))
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            self.looked_up.append(str(arguments[0]))


@pytest.fixture(scope="module")
def audited() -> Calls:
    """Once added, an audit hook stays for good; it hears nothing while nobody watches."""
    calls = Calls()
    sys.addaudithook(calls.hear)
    return calls


@pytest.fixture
def calls(audited: Calls) -> Iterator[Calls]:
    """What is asked of the network during one test."""
    audited.connected_to.clear()
    audited.looked_up.clear()
    audited.watching = True
    yield audited
    audited.watching = False


@pytest.fixture
async def start() -> AsyncIterator[Site]:
    """The server that leads to the tricky links."""
    async with site_on(HOME) as running:
        yield running


def has_become(case: TrickyLink, followed: Followed) -> None:
    """Whether what a link met is what its row says."""
    assert followed.kind is (DownloadFailedError if case.verdict == "opens" else RefusedURLError)
    assert SAYS[case.verdict] in followed.sentence
    # One look-up for one connection, so there is no second answer to be taken in by.
    assert len(followed.looked_up) == (1 if case.resolves_to else 0)
    assert {address for address, _ in followed.contacted} == case.contacts
    assert {port for _, port in followed.contacted} <= {80, 443}
    says_nothing_of_the_inside(case, followed.sentence)


def says_nothing_of_the_inside(case: TrickyLink, sentence: str) -> None:
    """Whether a sentence is fit to be read by whoever sent the link."""
    assert sentence.endswith(".")
    for address in (*case.resolves_to, *(case.then_to or ())):
        assert address not in sentence
    for leak in ("127.0.0", "169.254", "Error", "Errno", "aiohttp", "start.example"):
        assert leak not in sentence


def test_the_table_is_large_and_says_each_thing_once() -> None:
    assert len({case.link for case in LINKS}) == len(LINKS) >= 90
    assert {case.verdict for case in LINKS} == set(SAYS)
    assert sum(case.verdict != "opens" for case in LINKS) >= 60
    assert len(NAMED) >= 90


@pytest.mark.parametrize("case", ROWS)
async def test_asked_for(case: TrickyLink, calls: Calls) -> None:
    has_become(case, await follow(case))
    assert calls.connected_to == []
    assert calls.looked_up == []


@pytest.mark.parametrize("case", NAMED)
async def test_redirected_to(case: TrickyLink, start: Site, calls: Calls) -> None:
    start.answers["/"] = (
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + case.link.encode() + b"\r\n\r\n"
    )
    arrived(case, await follow(case, start.port), start, calls)


@pytest.mark.parametrize("case", NAMED)
async def test_named_by_a_page(case: TrickyLink, start: Site, calls: Calls) -> None:
    picture = html.escape(case.link, quote=True)
    start.answers["/"] = ok(f'<html><meta property="og:image" content="{picture}">'.encode())
    arrived(case, await follow(case, start.port), start, calls)


def arrived(case: TrickyLink, followed: Followed, start: Site, calls: Calls) -> None:
    """Whether a link that a server named met what its row says, and that server alone was asked."""
    if case.verdict == "no link" and " " in case.link:
        # A space is mended as browsers do, and what comes of it is judged.
        assert followed.contacted == ()
        says_nothing_of_the_inside(case, followed.sentence)
    else:
        has_become(case, followed)
    assert len(start.requests) == 1
    assert calls.connected_to == [str((HOME, start.port))]
    assert calls.looked_up == []
