"""Discord's markdown as styled text for the terminal.

What Discord's help page "Markdown Text 101" lists, as far as a bot's answers use it: emphasis,
code, masked links, headings, quotes, lists, small print, mentions, custom emoji and timestamps.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.style import Style
from rich.text import Text

_BODY = r"(?:\\.|[^\\])+?"
_INLINE = re.compile(
    r"\\(?P<escaped>[^\w\s]|_)"
    r"|`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>(?:\\.|[^\]\\])+)\]"
    r"\(<?(?P<target>https?://(?:[^\s()<>]|\([^\s()<>]*\))+)>?(?:\s\"[^\"]*\")?\)"
    rf"|\*\*(?P<bold>{_BODY})\*\*(?!\*)"
    rf"|__(?P<underline>{_BODY})__(?!_)"
    rf"|~~(?P<strike>{_BODY})~~"
    rf"|\*(?P<italic>(?!\s){_BODY})\*"
    rf"|(?<!\w)_(?P<slanted>(?!\s){_BODY})_(?!\w)"
    r"|<a?:(?P<emoji>\w+):\d+>"
    r"|<(?P<kind>@!?|@&|\#)(?P<id>\d+)>"
    r"|<t:(?P<time>\d{1,20})(?::[tTdDfFR])?>"
    r"|<?(?P<url>https?://[^\s<>]+)>?",
    re.DOTALL,
)
# Nobody nests emphasis deeper on purpose.
MAX_DEPTH = 8

_EMPHASIS = {
    "bold": Style(bold=True),
    "underline": Style(underline=True),
    "strike": Style(strike=True),
    "italic": Style(italic=True),
    "slanted": Style(italic=True),
}
_LINK = Style(color="bright_blue", underline=True)
_CODE = Style(bold=True, color="bright_yellow")
_MENTION = Style(color="bright_magenta")
# Controls could move the cursor, and bidirectional overrides turn a line round.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def safe(text: str) -> str:
    """The text without characters that do something to a terminal rather than appear on it."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def link(label: Text, target: str, *, clickable: bool) -> Text:
    """A link; where nothing can be clicked, the address follows in brackets."""
    label = label.copy()
    if clickable:
        label.stylize(_LINK + Style(link=target))
        return label
    label.stylize(_LINK)
    return label if label.plain == target else label.append(f" ({target})")


def render(source: str, *, clickable: bool, names: Mapping[int, str] | None = None) -> Text:
    """Discord's markdown, up to some thousand characters, as text.

    ``names`` are those of mentioned members, roles and channels by id; ``clickable`` says whether
    links can be followed from the output.
    """
    reader = _Reader(clickable, names or {})
    lines = [reader.line(line) for line in safe(source).split("\n")]
    return Text("\n").join(lines)


class _Reader:
    def __init__(self, clickable: bool, names: Mapping[int, str]) -> None:
        self._clickable = clickable
        self._names = names
        self._depth = 0

    def line(self, line: str) -> Text:
        if match := re.match(r"(#{1,3}) +(.+)", line):
            return self._styled(match[2], Style(bold=True, underline=len(match[1]) == 1))
        if match := re.match(r"-# +(.+)", line):
            return self._styled(match[1], Style(dim=True))
        if match := re.match(r">(?:>>)? (.*)", line):
            return Text("\N{LEFT ONE QUARTER BLOCK} ", Style(dim=True)) + self.inline(match[1])
        if match := re.match(r"( *)[-*] +(.+)", line):
            return Text(f"{match[1]}• ") + self.inline(match[2])
        return self.inline(line)

    def inline(self, source: str) -> Text:
        if self._depth >= MAX_DEPTH:
            return Text(source)
        self._depth += 1
        text = Text()
        end = 0
        for match in _INLINE.finditer(source):
            text.append(source[end : match.start()])
            text.append_text(self._token(match))
            end = match.end()
        self._depth -= 1
        return text.append(source[end:])

    def _styled(self, source: str, style: Style) -> Text:
        text = self.inline(source)
        text.stylize(style)
        return text

    def _token(self, match: re.Match[str]) -> Text:
        kind = match.lastgroup or ""
        if kind in _EMPHASIS:
            return self._styled(match[kind], _EMPHASIS[kind])
        match kind:
            case "target":
                return link(self.inline(match["label"]), match["target"], clickable=self._clickable)
            case "url":
                return link(Text(match["url"]), match["url"], clickable=self._clickable)
            case "code":
                return Text(match["code"], _CODE)
            case "emoji":
                return Text(f":{match['emoji']}:")
            case "id":
                sign = "#" if match["kind"] == "#" else "@"
                name = self._names.get(int(match["id"]), match["id"])
                return Text(f"{sign}{safe(name)}", _MENTION)
            case "time":
                return Text(_moment(int(match["time"])), _MENTION)
        return Text(match["escaped"])


def _moment(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%d %B %Y, %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return str(seconds)
