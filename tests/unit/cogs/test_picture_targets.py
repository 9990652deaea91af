"""Finding links in what people write, and telling pictures by their names."""

from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DownloadFailedError, DownloadTooLargeError
from bot.net import Fetcher, NetworkError
from cogs.targets import Target, find_links, is_picture, read_target


class File:
    """What :func:`is_picture` and :func:`read_target` ask of an attachment."""

    def __init__(self, name: str, kind: str | None = None, answer: bytes | Exception = b"") -> None:
        self.filename = name
        self.content_type = kind
        self.size = len(answer) if isinstance(answer, bytes) else 10
        self.answer = answer

    async def read(self) -> bytes:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("nothing here", []),
        ("https://a.example/b.png", ["https://a.example/b.png"]),
        ("see https://a.example/b.png.", ["https://a.example/b.png"]),
        ("(https://a.example/b.png)", ["https://a.example/b.png"]),
        ("<https://a.example/b.png>", ["https://a.example/b.png"]),
        ("||https://a.example/b.png||", ["https://a.example/b.png"]),
        ("**https://a.example/b.png**, no?", ["https://a.example/b.png"]),
        ("[x](https://a.example/b.png)", ["https://a.example/b.png"]),
        ("`https://a.example/b.png`", ["https://a.example/b.png"]),
        ("https://a.example/Foo_(bar)", ["https://a.example/Foo_(bar)"]),
        ("(see https://a.example/Foo_(bar))", ["https://a.example/Foo_(bar)"]),
        ("HTTPS://A.example/x", ["HTTPS://A.example/x"]),
        ("ftp://a.example", []),
        ("http://a.example/1 http://b.example/2", ["http://a.example/1", "http://b.example/2"]),
        ("http://a.example/1 http://a.example/1", ["http://a.example/1"]),
    ],
)
def test_links(text: str, links: list[str]) -> None:
    assert [target.url for target in find_links(text)] == links


@given(st.text(max_size=300))
def test_any_text_has_links_or_none(text: str) -> None:
    for target in find_links(f"{text} https://a.example/b.png {text}"):
        assert target.url.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.example/dir/Mount%20Everest.jpg?width=3", "Mount Everest.jpg"),
        ("https://a.example/", "a.example"),
        ("https://a.example/%E2%80%AEgnp.exe", "gnp.exe"),
        ("http://[bad", None),
    ],
)
def test_a_link_is_named_by_its_file(url: str, name: str | None) -> None:
    assert find_links(url)[0].name == name


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("a.png", "image/png", True),
        ("a.SVG", None, True),
        ("a.jpeg", "application/octet-stream", True),
        ("a.png", "text/plain", True),
        ("noname", None, True),
        ("noname", "text/plain", False),
        ("a.mp4", "video/mp4", False),
        ("a.txt", None, False),
        ("png", "text/plain", False),
    ],
)
def test_pictures_by_type_and_name(name: str, kind: str | None, expected: bool) -> None:
    file: Any = File(name, kind)
    assert is_picture(file) is expected


async def read(answer: bytes | Exception, max_bytes: int = 1000) -> bytes:
    file: Any = File("a.png", "image/png", answer)
    target = Target("a.png", "https://cdn.example/a.png", file, "attachment")
    return await read_target(target, Fetcher(), max_bytes=max_bytes, timeout=1)


async def test_an_attachment_is_read() -> None:
    assert await read(b"abc") == b"abc"


async def test_an_attachment_beyond_the_limit_is_not_read() -> None:
    with pytest.raises(DownloadTooLargeError, match="1 kB"):
        await read(bytes(2000), max_bytes=1024)


async def test_a_file_that_is_longer_than_it_said() -> None:
    file: Any = File("a.png", "image/png", bytes(2000))
    file.size = 10
    target = Target("a.png", "https://cdn.example/a.png", file, "attachment")
    with pytest.raises(DownloadTooLargeError):
        await read_target(target, Fetcher(), max_bytes=1024, timeout=1)


@pytest.mark.parametrize(
    "error",
    [
        NetworkError("reset"),
        ConnectionResetError(),
        TimeoutError(),
        discord.HTTPException(type("R", (), {"status": 500, "reason": ""})(), "no"),
    ],
)
async def test_when_discord_fails_that_is_said(error: Exception) -> None:
    with pytest.raises(DownloadFailedError, match="Try again"):
        await read(error)
