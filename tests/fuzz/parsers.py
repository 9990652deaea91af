"""What has to hold for each parser of strangers' words."""

import random
import re
import unicodedata
from ipaddress import ip_address
from typing import get_args
from urllib.parse import urlsplit

import discord

from bot.demo.markdown import render
from bot.errors import RefusedURLError, RequestError, WhereisError
from bot.images.signature import Format, describe, format_of, is_svg
from bot.ingest.exchange import MOST_ROWS, read_list
from bot.net import is_public
from bot.net.links import MAX_URL_LENGTH, checked
from bot.net.preview import MAX_PAGE_BYTES, SNIFF_BYTES, is_html, picture_of_page
from bot.titles import (
    MAX_TITLE_BYTES,
    canonical_title,
    display_title,
    page_url,
    parse_link,
    parse_page,
)
from bot.titles import MAX_URL_LENGTH as MAX_PAGE_URL_LENGTH
from cogs.admin._requests import LARGEST_ID, parse_addition, parse_removal, split_collection
from cogs.bulk._gather import by_file, by_text
from cogs.bulk._requests import parse_format, parse_many, parse_merge, parse_new_name
from cogs.targets import find_links
from cogs.text import MAX_URL, clip, escape, link, plain, web_url
from tests.fuzz.texts import Words
from tests.fuzz.words import HOSTS, LINK_PARTS, MARKUP, among, text

TEMPLATES = (
    "https://en.wikipedia.org/wiki/{title}",
    "https://wiki.example/index.php?title={title}&uselang=en",
    "http://example.org:8080/w/{title}.html",
)

PORTS = (80, 443)

HOST = re.compile(r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::[0-9]+)?")


def must_say(error: WhereisError) -> None:
    """Every refusal has a sentence for whoever is refused."""
    if not str(error).strip():
        raise AssertionError("it refuses without a word")


def check_links(given: str) -> str:
    """Links in a text: each is one, stands in the text, and is found again in itself."""
    found = find_links(given)
    urls = [target.url for target in found]
    assert len(set(urls)) == len(urls)
    for target in found:
        assert target.url in given
        assert re.match(r"https?://", target.url, re.IGNORECASE)
        assert not re.search(r"[\s<>\"`]", target.url)
        assert target.name is None or plain(target.name) == target.name != ""
        # All of a link may be what stands after links, and then its scheme is left.
        if not target.url.endswith("://"):
            assert [again.url for again in find_links(target.url)] == [target.url]
    return "links" if found else "none"


def check_checked(given: str) -> str:
    """A link that may be opened leads to a name or a public address, and is stable."""
    try:
        url = checked(given, allow_address=is_public, allowed_ports=PORTS)
    except RefusedURLError as error:
        must_say(error)
        return "refused"
    assert url.scheme in ("http", "https")
    assert url.port in PORTS
    assert url.host
    assert url.user is None
    assert url.password is None
    assert not re.search(r"[\s\\\x00-\x1f\x7f]", str(url))
    host = url.raw_host or ""
    if ":" in host or re.fullmatch(r"[\d.]+", host):
        assert is_public(ip_address(host))
    # Written out, a link may be longer than it was.
    if len(str(url)) <= MAX_URL_LENGTH:
        again = checked(str(url), allow_address=is_public, allowed_ports=PORTS)
        assert ((again.raw_host or "").lower(), again.port) == (host.lower(), url.port)
        assert again.raw_path_qs == url.raw_path_qs
    return "allowed"


def check_titles(given: str) -> str:
    """A page's name: what is stored is stable, and its link leads back to it."""
    found = 0
    for template in TEMPLATES:
        try:
            title, url = parse_page(given, template)
        except RequestError as error:
            must_say(error)
            continue
        found += 1
        assert canonical_title(title) == title
        assert 0 < len(title.encode()) <= MAX_TITLE_BYTES
        assert unicodedata.is_normalized("NFC", title)
        assert display_title(title).strip()
        if url is None:
            assert parse_page(page_url(template, title), template) == (title, None)
        else:
            assert url.isascii()
            assert len(url) <= MAX_PAGE_URL_LENGTH
            assert HOST.fullmatch(urlsplit(url).netloc)
            assert parse_page(url, template).url in (url, None)
    try:
        stable = parse_link(given)
    except RequestError as error:
        must_say(error)
    else:
        assert stable.isascii()
        assert stable.startswith(("http://", "https://"))
        assert parse_link(stable) == stable
    return "page" if found else "refused"


def check_requests(given: str) -> str:
    """Commands of moderators: what is left of them is whole, and in bounds."""
    statuses = set()
    try:
        rest, collection = split_collection(given)
        assert rest == rest.strip()
        assert collection is None or collection.strip() == collection != ""
    except RequestError as error:
        must_say(error)
    try:
        addition = parse_addition(given)
        assert addition.page.strip() == addition.page != ""
        assert all(re.match("<?https?://", word, re.IGNORECASE) for word in addition.links.split())
        statuses.add("addition")
    except RequestError as error:
        must_say(error)
    try:
        removal = parse_removal(given)
        assert removal.image_id is None or 0 <= removal.image_id <= LARGEST_ID
        assert removal.image_id is None or not removal.links
        statuses.add("removal")
    except RequestError as error:
        must_say(error)
    return " or ".join(sorted(statuses)) or "refused"


def check_bulk(given: str) -> str:
    """What is typed behind the commands for many pictures, and what a text names."""
    understood = 0
    for parse in (parse_many, parse_merge, parse_new_name, parse_format):
        try:
            parse(given)
            understood += 1
        except RequestError as error:
            must_say(error)
    for named in (by_file(given), *(by_text(given, template) for template in TEMPLATES)):
        if named is not None:
            assert canonical_title(named.title) == named.title
    return f"{understood} understood"


def check_lists(given: str) -> str:
    """A list of pictures: every row is stored or counted."""
    try:
        found = read_list(given.encode("utf-8", "surrogatepass"))
    except RequestError as error:
        must_say(error)
        return "refused"
    rows = len(found.appearances) + len(found.refused)
    assert rows <= min(MOST_ROWS, given.count("\n") + given.count("\r") + 1)
    assert all(refused.line > 0 and refused.reason for refused in found.refused)
    return "rows" if found.appearances else "none"


def check_text(given: str) -> str:
    """Words that are shown: on one line, letter by letter, within their limit, and stable."""
    shown = plain(given)
    assert plain(shown) == shown
    assert len(shown.splitlines()) <= 1
    escaped = escape(given)
    assert re.sub(r"\\([^0-9A-Za-z\s])", r"\1", escaped).replace("@\u200b", "@") == shown
    assert discord.utils.escape_mentions(escaped) == escaped
    assert not render(escaped, clickable=True).spans
    for limit in (0, 1, 2, 7, len(shown), 256):
        assert len(clip(given, limit)) <= limit
        assert clip(clip(given, limit), limit) == clip(given, limit)
        short = escape(given, limit)
        assert len(short) <= limit
        if limit == 7:
            assert not render(short, clickable=True).spans
    return "kept" if shown == given else "cleaned"


def check_addresses(given: str) -> str:
    """Links that are shown: nothing in the address or the title ends the markup around it."""
    address = web_url(given)
    if address is not None:
        assert address.isascii()
        assert len(address) <= MAX_URL
        assert address.lower().startswith(("http://", "https://"))
        assert not re.search(r"[\s()<>\[\]\"'`|*]", address)
        assert web_url(address) == address
    shown = link(given, given, 40)
    if address is None:
        assert shown == (escape(given, 40) or "untitled")
        return "title alone"
    assert shown.endswith(f"]({address})")
    assert len(shown) <= 40 + len(address) + 4
    if not address.startswith("http"):
        return "link in capitals"
    (span, *others) = render(shown, clickable=True).spans
    assert not others
    assert address in str(span.style)
    return "link"


def check_pages(given: str) -> str:
    """A web page: its picture is a word or nothing."""
    page = given.encode("utf-8", "surrogatepass")
    start = page[:SNIFF_BYTES]
    assert is_html(start) is is_html(page)
    picture = picture_of_page(page)
    assert picture is None or picture.strip() == picture != ""
    return "picture" if picture else "none"


def check_signature(given: str) -> str:
    """The first bytes of a file, each character below 256 a byte: a format that there is."""
    data = given.encode("latin-1", "replace")
    kind = format_of(data)
    assert kind is None or kind in get_args(Format)
    assert describe(data) != ""
    if is_svg(data):
        assert kind == "SVG"
    if kind in ("JPEG", "PNG", "GIF", "BMP", "ICO", "TIFF", "GZIP"):
        assert format_of(data + b"<svg/>") == kind
    return kind or "unknown"


LINKS_IN_TEXT = (*LINK_PARTS, *MARKUP, ",", ".", "!", "?!", "(", "{", "}", "||", "'", '"')

TITLES = (*LINK_PARTS, *TEMPLATES, "<", ">", "_", "Talk:", "e\u0301", "Mount Everest", "AC/DC")

REQUESTS = (
    *("--collection", "—collection", "--COLLECTION=", ' "', '"', "name", " ", "#", "#7", "12"),
    *("“", "”"),
    *("Mount Everest", "https://a.example/b.png", "<https://c.example>", "<http://", ">", "„"),
    "--",
)

BULK = (
    *("last ", "50", " messages", " into ", "->", "→", "#", "#12 ", "7", "csv", "json", "\n", "**"),
    *("Mount Everest", "https://a.example/b.png", "<@1>", "<:x:1>", ".png", "_", "SPOILER_", " "),
)

LISTS = (
    *("title,dhash\n", "title;dhash_hex\n", "image_id,title,dhash,phash,look,file,url\n", ",", ";"),
    *("Fern", "'=1", "=", '"', '""', "1", "-5", "0x", "0x0000000000000001", "A" * 60, "\n", "\r\n"),
    *('{"title": "Fern", "dhash": 1}', '{"', '": ', "null", "true", "[", "}", "\\ud800", "\0"),
    *("https://a.example/b", "9" * 19, "\ufeff", "\u2028"),
)

HTML = (
    *("<!doctype html>", "<html>", "<head ", "<meta ", "<META/", "property=", "name=", "content="),
    *('"og:image"', "'twitter:image'", "og:image:url", '"https://a.example/b.png"', ">", "/>"),
    *("<", '"'),
    *("<!--", "-->", "--", "<?xml ?>", "<?", "&amp;", "&#x41;", "&#99999999;", "&quot", "<script>"),
    *("</script>", "<![CDATA[", "]]>", "<title>", "content", "=", "'", "/", "\n", "<p ", "<a\t"),
)

STARTS = (
    *("\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF89a", "II*\0", "MM\0+", "BM", "\0\0\1\0"),
    "\x1f\x8b",
    *("RIFF", "abcd", "WEBP", "\0\0\0\x1cftyp", "avif", "heic", "mif1", "\0\0\0\0", "isom", "%PDF"),
    *("\xef\xbb\xbf", "\xff\xfe", "<\0?\0", "\0<", "<?xml ", "?>", "<!--", "-->", "<!DOCTYPE", "["),
    *("]", ">", "<svg", "<svg:svg>", "<a:svg ", " ", "\n", "<", "/", "<html>", "<!doctype html"),
)


def _page(dice: random.Random) -> str:
    """A web page's head with some tags that name pictures, more or less."""
    if dice.random() < 0.3:
        return text(dice, HTML)
    tags = []
    for _ in range(dice.choice((1, 2, 5))):
        name = dice.choice(("og:image", "og:image:url", "twitter:image", "og:title", "OG:IMAGE"))
        quote = dice.choice(('"', "'", ""))
        key = dice.choice(("property", "name", "content"))
        tags.append(
            f"<meta {key}={quote}{name}{quote} content={quote}{text(dice, HTML, 99)}{quote}>"
        )
    return "<!doctype html><head>" + dice.choice(HTML).join(tags)


TEXT_TARGETS: tuple[Words, ...] = (
    Words("links", check_links, LINKS_IN_TEXT, draw=among(LINKS_IN_TEXT)),
    Words("checked", check_checked, LINK_PARTS, MAX_URL_LENGTH, draw=among(LINK_PARTS)),
    Words("titles", check_titles, TITLES, draw=among(TITLES)),
    Words("requests", check_requests, REQUESTS, draw=among(REQUESTS)),
    Words("bulk", check_bulk, BULK, draw=among(BULK)),
    Words("lists", check_lists, LISTS, draw=among(LISTS)),
    Words("text", check_text, (*MARKUP, *HOSTS[:4]), 1000),
    Words("addresses", check_addresses, MARKUP, MAX_URL, draw=among(MARKUP)),
    Words("pages", check_pages, HTML, MAX_PAGE_BYTES, draw=_page),
    Words("signature", check_signature, STARTS, 64 * 1024),
)
