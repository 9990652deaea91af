"""Text as nobody types it: pieces that mean something to a parser, in orders that mean nothing."""

import random
from collections.abc import Callable, Sequence

MESSAGE_LENGTH = 4000
"""The most characters that a message on Discord can have."""

# White space, controls, joiners, marks, changes of direction, wide and lone characters.
ODD: tuple[str, ...] = (
    *" \t\r\n\v\f\x00\x1b\x7f\x85\xa0\u00ad\u0301\u0338\u0488\u061c\u180e\u200b\u200c\u200d\u200e",
    *"\u2028\u2029\u202a\u202e\u2060\u2066\u2069\u3000\ufe0f\ufeff\ufffd\uffff\ud800\udfff",
    *"\U0001f469\U0001f3fd\U000e0001\U0010ffffİıſßẞ①½٣．：／＠。ｇ",
)

HOSTS = (
    "example.com",
    "EXAMPLE.com.",
    "a_b.example",
    "bücher.example",
    "例え.テスト",
    "xn--bcher-kva.example",
    "xn--",
    "localhost",
    "127.0.0.1",
    "0x7f.1",
    "017700000001",
    "2130706433",
    "8.8.8.8",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "[2606:4700::1111]",
    "[fe80::1%25eth0]",
    "[",
    "]",
    "[v1.x]",
    "169.254.169.254",
    "..",
    ".example",
    "-a.example",
    "a" * 64 + ".example",
    "cdn.discordapp.com",
    "media.discordapp.net",
    "en.wikipedia.org",
    "en.m.wikipedia.org",
    "wiki.example",
    "example%2ecom",
    "exa\u00admple.com",
    "ⓔxample.com",
    "１２７.０.０.１",
)

SCHEMES = (
    "http://",
    "https://",
    "HTTPS://",
    "http:",
    "https:/",
    "//",
    "ftp://",
    "data:",
    "http:\\\\",
)

LINK_PARTS = (
    *SCHEMES,
    *SCHEMES[:2],
    *HOSTS,
    *("/", "/", "?", "#", "@", ":", ":80", ":443", ":0", ":99999", ":-1", ":٤", "%", "%2", "%zz"),
    "%00",
    *("user:word@", "%E2%80%AE", "%ff", "/wiki/", "/w/index.php", "?title=", "&", "&title=", "="),
    ";",
    *("../", "/./", "a.png", "b.jpg?ex=65", "Foo_(bar)", "C%2B%2B", "Mount_Everest", "\\"),
    "{title}",
)

MARKUP = (
    *("*", "**", "_", "__", "~~", "||", "`", "```", "# ", "## ", "-# ", "> ", ">>> ", "- ", "1. "),
    "+ ",
    *("[", "](", ")", "<", ">", "\\", ":", "@everyone", "@here", "<@1>", "<@!2>", "<@&3>", "<#4>"),
    *("<:a:123456789012345678>", "<a:b:123456789012345678>", "<t:0:R>", "</x:5>", "<id:home>"),
    *("[a](https://b.example)", "[x](<https://y.example> 'z')", "<https://a.example/b>", "://"),
)


def listed(words: str) -> tuple[str, ...]:
    """What stands between white space."""
    return tuple(words.split())


def table(lines: str) -> dict[str, tuple[str, ...]]:
    """Of lines ``name: one|other|…``, what each name has."""
    rows = (line.strip().partition(": ") for line in lines.strip().splitlines())
    return {name: tuple(values.split("|")) for name, _, values in rows}


def text(dice: random.Random, pieces: Sequence[str], most: int = MESSAGE_LENGTH) -> str:
    """Up to ``most`` characters, made of ``pieces``, odd characters, letters and repetitions."""
    parts = [_part(dice, pieces) for _ in range(dice.choice((0, 1, 2, 3, 5, 8, 13, 30)))]
    made = dice.choice(("", "", " ")).join(parts)
    if made and dice.random() < 0.2:
        made = _changed(made, dice)
    return made[:most]


def link(dice: random.Random) -> str:
    """What is a link but for some parts of it."""
    parts = [dice.choice((*SCHEMES, "https://", "https://", "http://", "http://"))]
    if dice.random() < 0.1:
        parts.append(dice.choice(("user@", "a:b@", "@", "%40@")))
    parts.append(dice.choice(HOSTS))
    if dice.random() < 0.2:
        parts.append(
            dice.choice((":80", ":443", ":8080", ":", ":0", ":65536", ":٤", ":+80", ":4_4"))
        )
    if dice.random() < 0.8:
        parts.append("/")
        parts.extend(_part(dice, LINK_PARTS) for _ in range(dice.choice((0, 1, 2, 4))))
    made = "".join(parts)
    return _changed(made, dice) if dice.random() < 0.3 else made


def among(pieces: Sequence[str]) -> Callable[[random.Random], str]:
    """Draws a link alone, or links among ``pieces``."""

    def drawn(dice: random.Random) -> str:
        if dice.random() < 0.5:
            return link(dice)
        own = (*pieces, link(dice), f" {link(dice)} ", f"({link(dice)})", f"<{link(dice)}>")
        return text(dice, own)

    return drawn


def grown(piece: str, length: int) -> str:
    """A piece, repeated up to a length."""
    return (piece * (length // max(len(piece), 1) + 1))[:length] if piece else ""


def _part(dice: random.Random, pieces: Sequence[str]) -> str:
    kind = dice.randrange(20)
    if kind < 11:
        return dice.choice(pieces)
    if kind < 13:
        return dice.choice(ODD) * dice.choice((1, 1, 1, 2, 40))
    if kind < 15:
        return "".join(dice.choices("abcXYZ019.-_ éß漢", k=dice.choice((1, 3, 9))))
    if kind == 15:
        return dice.choice(pieces) * dice.choice((2, 3, 10, 300))
    if kind == 16:
        return str(dice.choice((0, 1, 2**31, 2**63 - 1, 2**63, 10**29, 10**40)))
    if kind == 17:
        return "".join(chr(_code(dice)) for _ in range(dice.choice((1, 2, 8))))
    return " "


def _code(dice: random.Random) -> int:
    return dice.choice((dice.randrange(0x80), dice.randrange(0x3000), dice.randrange(0x110000)))


def _changed(made: str, dice: random.Random) -> str:
    at = dice.randrange(len(made))
    end = at + dice.choice((0, 1, 1, 2, 10))
    return made[:at] + dice.choice(("", dice.choice(ODD), made[at:end] * 2)) + made[end:]
