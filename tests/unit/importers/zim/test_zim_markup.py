import time

import pytest

pytest.importorskip("selectolax", reason="the extra “zim” is not installed")

from bot.importers.zim.markup import (
    Shown,
    TooTangledError,
    canonical_link,
    is_tangled,
    pictures_in,
)

PLACEHOLDER = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def shown(html: str) -> list[Shown]:
    return pictures_in(html.encode())


def links(html: str) -> list[str]:
    return [picture.link for picture in shown(html)]


def test_all_that_is_told_of_a_picture() -> None:
    html = (
        '<p><a href="./File:Foo.jpg"><img src="../I/Foo.jpg?a=1&amp;b=2" width="220" height=165 '
        'resource="./File:Foo.jpg" class="mw-file-element"></a> text <img src=b.png>'
    )
    assert shown(html) == [
        Shown("../I/Foo.jpg?a=1&b=2", "./File:Foo.jpg", "./File:Foo.jpg", 220, 165, False, False),
        Shown("b.png", None, None, None, None, False, False),
    ]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("", []),
        ("no tag at all", []),
        ("<p>no picture</p>", []),
        ("<img>", []),
        ("<img src>", []),
        ('<img src="">', []),
        (f'<img src="{PLACEHOLDER}">', []),
        ("<IMG SRC='a.png'>", ["a.png"]),
        ('<img src=" a\n.png ">', ["a.png"]),
        ('<img src="a&#39;b&amp;c.png">', ["a'b&c.png"]),
        ('<img src="a.png" srcset="b.png 2x">', ["a.png"]),
        ('<img srcset="b.png 2x, c.png 3x">', ["b.png"]),
        ('<img data-src="a.png">', ["a.png"]),
        (f'<img src="{PLACEHOLDER}" data-src="a.png">', ["a.png"]),
        (f'<img src="{PLACEHOLDER}" srcset="{PLACEHOLDER}" data-srcset="a.png 1x">', ["a.png"]),
        ('<img src="a.png" data-src="b.png">', ["a.png"]),
        (f'<picture><source srcset="a.webp 1x"><img src="{PLACEHOLDER}"></picture>', ["a.webp"]),
        ('<picture><source srcset="a.webp"><img src="a.png"></picture>', ["a.png"]),
        (f'<picture><source data-srcset="a.webp"><img src="{PLACEHOLDER}"></picture>', ["a.webp"]),
        (f'<source srcset="a.webp"><img src="{PLACEHOLDER}">', []),
        ('<video poster="a.jpg" src="a.webm"></video>', ["a.jpg"]),
        ('<video src="a.webm"></video>', []),
        ('<noscript><img src="a.png"></noscript>', ["a.png"]),
        ('<!-- <img src="a.png"> --><script>"<img src=b.png>"</script>', []),
        ('<img src="a.png"><img src="b.png"><img src="a.png">', ["a.png", "b.png", "a.png"]),
    ],
)
def test_where_a_picture_is(html: str, found: list[str]) -> None:
    assert links(html) == found


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ("width=20 height=30", (20, 30)),
        ("width='20px' height=' 30 '", (20, 30)),
        ("width=11.5", (11, None)),
        ("width='50%' height=auto", (None, None)),
        ("width=-3 height=99999999", (None, None)),
        ("width height=''", (None, None)),
        ("data-file-width=16 data-file-height=12", (16, 12)),
        ("width=220 data-file-width=16 data-file-height=12", (220, 12)),
        ("width=²", (None, None)),
    ],
)
def test_the_size_of_a_picture(attributes: str, size: tuple[int | None, int | None]) -> None:
    [picture] = shown(f"<img src=a.png {attributes}>")
    assert (picture.width, picture.height) == size


@pytest.mark.parametrize(
    ("html", "formula"),
    [
        ('<img src=a class="mwe-math-fallback-image-inline mw-invert">', True),
        ('<img src=a class="mwe-math-fallback-image-display">', True),
        ('<img src=a class="mwe-math-fallback-png-inline tex">', True),
        ("<img src=a class=tex>", True),
        ('<img src=a typeof="mw:Extension/math">', True),
        ("<img src=a class=texas>", False),
        ("<img src=a class>", False),
        ("<img src=a>", False),
    ],
)
def test_formulas(html: str, formula: bool) -> None:
    assert [picture.formula for picture in shown(html)] == [formula]


@pytest.mark.parametrize(
    ("html", "interface"),
    [
        ('<span class="noviewer"><span><img src=a></span></span>', True),
        ('<td class="noviewer navbox-image"><img src=a>', True),
        ('<table><tr><td class="noviewer navbox-image"><img src=a></table>', False),
        ('<span class="mw-editsection"><a href=x><img src=a></a></span>', True),
        ('<table class="metadata ambox"><tr><td><img src=a></table>', True),
        ('<img src=a class="noviewer">', True),
        ('<p class="noviewer">x</p><p><img src=a></p>', False),
        ('<span class="noviewers"><img src=a></span>', False),
    ],
)
def test_the_interface(html: str, interface: bool) -> None:
    # Outside of a table there is no cell: its start tag is ignored, class and all.
    expected = interface and not html.startswith("<td")
    assert [picture.interface for picture in shown(html)] == [expected]


def test_links_around_pictures_are_their_own() -> None:
    html = "<a href=x><img src=1><b><img src=2></b></a><img src=3><a><img src=4></a>"
    assert [picture.anchor for picture in shown(html)] == ["x", "x", None, None]


@pytest.mark.parametrize(
    ("html", "link"),
    [
        ('<link rel="canonical" href="https://en.wikipedia.org/wiki/X">',
         "https://en.wikipedia.org/wiki/X"),
        ("<link rel=stylesheet href=x><title>", None),
        ("<link rel=canonical>", ""),
        ("", None),
    ],
)  # fmt: skip
def test_where_a_page_comes_from(html: str, link: str | None) -> None:
    assert canonical_link(html.encode()) == link


def test_many_pictures() -> None:
    found = pictures_in(
        b"".join(b"<a href=%d><img src=%d.png></a>" % (n, n) for n in range(50_000))
    )
    assert len(found) == 50_000
    assert found[-1].anchor == "49999"


def test_many_pictures_of_one_picture_element() -> None:
    html = f'<picture><source srcset="a.webp">{f"<img src={PLACEHOLDER}>" * 20_000}</picture>'
    started = time.process_time()
    assert links(html) == ["a.webp"] * 20_000
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "html",
    [
        b"<div>" * 1_000_000 + b"<img src=a>",
        b"<div>" * 1_000_000 + b"<img src=a>" + b"</div>" * 1_000_000,
        b"<DIV/>" * 500_000,
        b"<div title='</div>'>" * 200_000,
        b"<div><!--</div>-->" * 200_000,
        b"<!--><div>-->" * 200_000,
        b"<div><script></div></script>" * 100_000,
        b"<div></span>" * 200_000,
        b"<rt>x" * 200_000,
        b"<li>x<dd>x" * 100_000,
        b"<math>" + b"<title><rp>" * 200_000,
        b"<table><tr><td>" * 200_000,
        # 20,000 formatting elements, open again in each of 100,000 paragraphs.
        b"<p>" + b"".join(b"<b a=%d>" % n for n in range(20_000)) + b"<p>x" * 100_000,
        b"<p>" + b"".join(b"<b a=%d>" % n for n in range(3_000)) + b"</p><p>x" * 3_000,
        b"<img " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b" src=a.png>",
        b"<img " + b"".join(b"a%d=''" % n for n in range(100_000)) + b" src=a.png>",
        b"<img/" + b"/".join(b"a%d" % n for n in range(100_000)) + b"/src=a.png>",
        b"".join(b"<body a%d>" % n for n in range(100_000)),
    ],
)
def test_pages_that_would_take_all_time_or_memory(html: bytes) -> None:
    started = time.process_time()
    with pytest.raises(TooTangledError):
        pictures_in(html)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "html",
    [
        b"<a " * 1_000_000,
        b'<a b="' * 500_000,
        b"<a b='" * 500_000,
        b"<!--" * 1_000_000,
        b"<script" * 500_000,
        b"<" * 2_000_000,
        b"</" * 1_000_000,
        b"<!" * 1_000_000,
        b"<x a=" * 500_000,
    ],
)
def test_looking_for_tangles_takes_no_long_time_itself(html: bytes) -> None:
    started = time.process_time()
    is_tangled(html)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "html",
    [
        b"<ul>" + b"<li>item" * 50_000 + b"</ul>",
        b"<p>text" * 50_000,
        b"<dl>" + b"<dt>term<dd>text" * 50_000 + b"</dl>",
        b"<ul>" + b"<li>item</li>" * 50_000 + b"</ul>",
        b"<table>" + b"<tr><td>1<td>2" * 30_000 + b"</table>",
        b"<div><span><b>x</b></span></div>" * 50_000,
        b"<br><img src=a>" * 50_000,
        b"<svg>" + b'<path d="M0 0"/>' * 50_000 + b"</svg>",
        b"<!-- <div> -->" * 50_000,
        b"<div><!--></div>" * 50_000,
        b"<p title='" + b"a=b / c" * 200_000 + b"'>",
        b"<img src='data:image/png;base64," + b"abc/=" * 200_000 + b"'>",
        b"<script>" + b"'<div>'," * 50_000 + b"</script>",
    ],
)
def test_long_pages_that_are_harmless(html: bytes) -> None:
    assert not is_tangled(html)


@pytest.mark.parametrize(
    "html",
    [
        b"<img src='\xff\xfe.png' alt=\xff>",
        b"<img src='&#0;&#xD800;a.png' class='\x00' width='\xf0'>",
        b"<img src=a.png src=b.png src=c.png =x ''=\"<>\">",
        b"\xef\xbb\xbf<img src=a.png",
        b"<img src='unclosed.png><p>more</p>",
        b"<svg><foreignObject><img src=a.png></foreignObject><math><img src=b.png></math></svg>",
        b"<table><img src=a.png><tr><img src=b.png></table>",
        b"<select><img src=a.png><option><img src=b.png></select>",
        b"<template><img src=a.png></template><frameset><img src=b.png>",
        b"\x00" * 5000 + b"<img src=a.png>",
        b'<img src="' + b"a" * 1_000_000 + b'">',
        b"<img " + b" ".join(b"a%d=1" % n for n in range(9_000)) + b" src=a.png>",
        b"<p class='" + b"x " * 500_000 + b"'><img src=a.png>",
    ],
)
def test_broken_markup_breaks_nothing(html: bytes) -> None:
    for picture in pictures_in(html):
        assert picture.link
        picture.link.encode()
