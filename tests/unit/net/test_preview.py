import time

import pytest

from bot.net.preview import is_html, picture_of_page


@pytest.mark.parametrize(
    "start",
    [
        b"<!DOCTYPE html><html>",
        b"<!doctype HTML>",
        b"\xef\xbb\xbf\r\n <html lang=en>",
        b"<!-- made by hand --> <!DOCTYPE html>",
        b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN'>",
        b"<head><title>",
        b"<meta charset=utf-8>",
        b"<script>location = '/'</script>",
    ],
)
def test_pages(start: bytes) -> None:
    assert is_html(start)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<?xml version='1.0'?><!DOCTYPE svg><svg>",
        b"<?xml version='1.0'?><!-- <html> --><svg><title>",
        b"GIF89a<html>",
        b"plain text about <html>",
        b"<!-- never closed <html>",
        b"<headline>",
    ],
)
def test_other_things(start: bytes) -> None:
    assert not is_html(start)


@pytest.mark.parametrize(
    ("page", "picture"),
    [
        ("<meta property='og:image' content='/a.png'>", "/a.png"),
        ('<META CONTENT="https://e.org/a.png?a=1&amp;b=2" PROPERTY="OG:Image" />',
         "https://e.org/a.png?a=1&b=2"),
        ("<meta name=og:image content=a.png>", "a.png"),
        ("<meta name='twitter:image' content='t.png'><meta property='og:image' content='o.png'>",
         "o.png"),
        ("<meta name='twitter:image:src' content='t.png'>", "t.png"),
        ("<meta property='og:image' content=''><meta property='og:image' content='b.png'>",
         "b.png"),
        ("<meta property='og:image' content='1.png'><meta property='og:image' content='2.png'>",
         "1.png"),
        ("<!-- <meta property='og:image' content='no.png'> --><p>", None),
        ("<!-- <meta property='og:image' content='no.png'>", None),
        ("<meta property='og:title' content='x'><img src='a.png'>", None),
        ("<metal property='og:image' content='no.png'>", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_picture_of_a_page(page: str, picture: str | None) -> None:
    assert picture_of_page(page.encode()) == picture


def test_a_page_of_many_other_tags_names_its_picture() -> None:
    tags = b"<meta name='description' content='words'>" * 1000
    assert picture_of_page(tags + b"<meta property='og:image' content='a.png'>") == "a.png"


def test_only_the_start_of_a_page_is_read() -> None:
    tag = b"<meta property='og:image' content='a.png'>"
    assert picture_of_page(b" " * (600 * 1024) + tag) is None


@pytest.mark.parametrize(
    "piece",
    [
        b"<", b"<!--", b"<meta ", b"<meta a", b"<meta a='", b"<meta x>", b"<meta a=\"b'c d=",
        b"<meta property=og:image ", b"<!-->", b"<!---->", b"&", b"<meta " + b"a=" * 4000 + b">",
        b"<meta " + b"'\"" * 4000 + b">", b"<meta " + b"/ " * 4000 + b">", b"\xff", b"<meta\n\n",
        b"<meta image " + b"=' " * 1600 + b">", b"<meta content=image" + b"&n" * 2400 + b">",
        b"<meta name=image " + b"a b='" * 950 + b">", b"<meta image>",
    ],
)  # fmt: skip
def test_a_page_made_to_be_slow_is_not(piece: bytes) -> None:
    page = b"<html>" + piece * (512 * 1024 // len(piece))
    started = time.process_time()
    picture_of_page(page)
    is_html(page)
    # Nobody else has a turn meanwhile.
    assert time.process_time() - started < 0.5
