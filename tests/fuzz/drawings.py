"""Drawings that nobody would draw: valid XML for the most part, and whatever SVG allows or not."""

import base64
import random
from collections.abc import Sequence

from tests.fuzz.words import listed, table

_NAMES = ("a", "b", "c", "d", "e", "f")

# What references mostly lead to, so that not every drawing with some is endless.
_ENDS = ("p", "q", "r")
_DEFINED = (
    '<defs><circle id="p" cx="9" cy="9" r="7"/><linearGradient id="q"><stop stop-color="#c00"/>'
    '</linearGradient><mask id="r"><rect width="30" height="30" fill="#fff"/></mask></defs>'
    '<use xlink:href="#p" x="20" y="9"/>'
)

_TAGS = listed(
    """
    g rect circle ellipse line polyline polygon path text tspan textPath tref image use a svg symbol
    defs marker pattern mask clipPath filter linearGradient radialGradient stop style title feOffset
    feBlend feFlood feGaussianBlur feImage animate foreignObject switch script view html xi:include
    svg:rect font glyph cursor
    """
)

_NUMBERS = listed(
    """
    0 1 -1 2 10 40 0.5 .5e1 1e9 1e300 -1e300 1e-300 1e999 nan inf -inf -0 4294967296 2147483648 50%
    200% -10% 3em 2ex 1in 5cm 7mm 9pt 9pc 4q 1vw auto 0x10 1_000 ١٢ ½ 1,5 --1 +5 1e 1..2 % px 1px1px
    """
)

_LENGTHS = listed(
    """
    x y width height cx cy r rx ry x1 y1 x2 y2 fx fy dx dy offset stroke-width font-size opacity
    fill-opacity stroke-opacity stop-opacity stroke-dashoffset stroke-miterlimit refX refY
    markerWidth markerHeight startOffset textLength letter-spacing flood-opacity rotate
    """
)

_PLAIN_PAINTS = listed(
    """
    none red #f00 #ff00ff80 rgb(1,2,3) rgba(1,2,3,.5) currentColor inherit transparent url(#a)
    url(#b) url(#c)
    """
)

_PAINTS = listed(
    """
    #f #ggg rgb(100%,0%,200%) rgb() rgba(1) hsl(1,2%,3%) url(#c)red url( url() url(#) url(data:,x)
    """
)

_WORDS = table(
    """
    preserveAspectRatio: none|xMidYMid meet|xMinYMax slice|x|defer xMidYMid|
    display: none|inline|block|
    visibility: hidden|collapse|visible
    overflow: visible|hidden|scroll|auto
    fill-rule: evenodd|nonzero|odd
    stroke-linecap: round|butt|square|x
    stroke-dasharray: 1 2|0|0 0|-1 2|1,,2|none|1e9|nan 1|%
    text-anchor: middle|end|start|x
    font-family: serif|'a b',sans|&quot;|,|
    font-weight: bold|100|1e9|x
    patternUnits: userSpaceOnUse|objectBoundingBox|x
    gradientUnits: userSpaceOnUse|objectBoundingBox|x
    maskUnits: userSpaceOnUse|objectBoundingBox
    filterUnits: userSpaceOnUse|objectBoundingBox
    primitiveUnits: userSpaceOnUse|objectBoundingBox
    spreadMethod: reflect|repeat|pad|x
    orient: auto|45|auto-start-reverse|x|1e999
    markerUnits: strokeWidth|userSpaceOnUse
    systemLanguage: en|xx|
    requiredFeatures: x|
    xml:space: preserve|default|x
    xml:base: http://127.0.0.1/|file:///|x
    mode: multiply|screen|x
    in: SourceGraphic|BackgroundImage|a
    class: a|b|a b|
    lengthAdjust: spacing|spacingAndGlyphs
    shape-rendering: crispEdges|auto|x
    """
)

_PLAIN_TRANSFORMS = (
    *("scale(-1,1)", "scale(2)", "rotate(45)", "rotate(30 1 2)", "translate(5)", "translate(3, 4)"),
    *("matrix(1 0 0 1 0 0)", "skewX(10)", "skewY(-3)"),
)

_TRANSFORMS = (
    "scale(0)",
    "scale(1e300)",
    "rotate(1e9 1 2)",
    "translate()",
    "matrix(0 0 0 0 0 0)",
    "matrix(1 2 3)",
    "skewX(89.99999)",
    "skewY(90)",
    "skewX(nan)",
    "scale(2) rotate(",
    "unknown(3)",
    "(1)",
    ")",
)

_PLAIN_CSS = (
    *(".a{fill:red}", "*{opacity:.1}", "rect > g{fill:#00f}", ":nth-child(2n+1){fill:blue}"),
    *("[id=a]{stroke:url(#a)!important}", "/* x */", "@media print{*{display:none}}"),
)

_CSS = (
    "rect,,b{x:1}",
    "@import url(file:///etc/passwd);",
    "@import 'data:text/css,*{fill:red}';",
    "@font-face{src:url(data:,)}",
    "}{",
    "/*",
    "a{b:c;;d:",
    "g > rect ~ path + use{fill:lime}",
    ":not(:not(*)){x:y}",
    "::before{}",
    "\\{",
    "<!-- -->",
    ":has(*){fill:red}",
    "a b c d e f g h *{fill:red}",
)

_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)

_ODD_TEXT = (
    "x",
    "",
    " ",
    "]]>",
    "&amp;",
    "&#0;",
    "&#x110000;",
    "&#xD800;",
    "&x;",
    "&lt;svg&gt;",
    "<![CDATA[<g>]]>",
    "<!-- -- -->",
    "<?xml version='1.0'?>",
    "<?x y?>",
    "\u202eabc",
    "\x00",
    "\x08",
    "😀" * 30,
    "a" * 3000,
)

_DOCTYPES = (
    *[""] * 40,
    "<!DOCTYPE svg>",
    '<!DOCTYPE svg [<!ENTITY x "y">]>',
    '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE svg [<!ENTITY % p SYSTEM "http://127.0.0.1/p">%p;]>',
    '<!DOCTYPE svg [<!ATTLIST rect fill CDATA "red">]>',
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://127.0.0.1/svg11.dtd">',
    "<!DOCTYPE svg [",
)

_SPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:xi="http://www.w3.org/2001/XInclude" xmlns:svg="http://www.w3.org/2000/svg"'
)


def drawing(dice: random.Random, pictures: Sequence[bytes]) -> bytes:
    """A drawing of a few elements up to some hundred; ``pictures`` may be embedded in it."""
    pen = _Pen(dice, pictures)
    inside = "".join(pen.element(0) for _ in range(dice.choice((1, 2, 4, 8))))
    text = f"{dice.choice(_DOCTYPES)}<svg {_SPACES}{pen.page()}>{_DEFINED}{inside}</svg>"
    if dice.random() < 0.05:
        text = pen.spoiled(text)
    return _encoded(text, dice)


class _Pen:
    """Writes elements, never more than a few hundred."""

    def __init__(self, dice: random.Random, pictures: Sequence[bytes]) -> None:
        self._dice = dice
        self._pictures = pictures
        self._left = dice.choice((3, 8, 20, 100))
        # One value that makes no sense is enough to end most drawings.
        self._sense = dice.choice((0.5, 0.95, 0.995, 1.0))

    def page(self) -> str:
        """Attributes of the root: mostly a size that can be drawn."""
        dice = self._dice
        if dice.random() < 0.6:
            return ' width="60" height="40"'
        if dice.random() < 0.1:
            return f' width="{dice.choice(_NUMBERS)}" height="{dice.choice(_NUMBERS)}"'
        return self._attributes(("width", "height", "viewBox", "preserveAspectRatio", "style"))

    def element(self, depth: int) -> str:
        """An element and what is in it."""
        dice = self._dice
        self._left -= 1
        tag = dice.choice(_TAGS)
        names = dice.choices((*_LENGTHS, *_WORDS, *_OTHERS, *_OTHERS), k=dice.choice((0, 1, 3, 6)))
        usual = _USUAL.get(tag, ())
        attributes = self._attributes((*usual, *names, "id") if dice.random() < 0.8 else names)
        if tag == "style":
            rules = _CSS if self._odd() else _PLAIN_CSS
            inside = "".join(dice.choices(rules, k=dice.choice((1, 2, 5))))
        elif depth < dice.choice((2, 5, 40)) and self._left > 0:
            count = dice.choice((0, 1, 1, 2, 3))
            inside = "".join(self.element(depth + 1) for _ in range(count))
        else:
            inside = ""
        if "text" in tag or "tspan" in tag or dice.random() < 0.05:
            inside += dice.choice(_ODD_TEXT if self._odd() else ("words", "é 漢", "a  b &amp; c"))
        return f"<{tag}{attributes}>{inside}</{tag}>"

    def spoiled(self, text: str) -> str:
        """The text with a piece of it gone, doubled, or exchanged."""
        dice = self._dice
        start = dice.randrange(len(text))
        end = min(len(text), start + dice.choice((1, 5, 60)))
        piece = dice.choice(("", text[start:end] * 2, dice.choice(_ODD_TEXT)))
        return text[:start] + piece + text[end:]

    def _attributes(self, names: Sequence[str]) -> str:
        # The same name twice is no XML, and the parser would look no further.
        return "".join(f' {name}="{self._value(name)}"' for name in dict.fromkeys(names))

    def _value(self, name: str) -> str:
        dice = self._dice
        if self._odd():
            return self._number() + dice.choice(_TRANSFORMS)
        if name in _WORDS:
            return dice.choice(_WORDS[name])
        if name in ("fill", "stroke", "stop-color", "color", "flood-color"):
            return dice.choice(_PAINTS if self._odd() else _PLAIN_PAINTS)
        if name == "id":
            return dice.choice(_NAMES)
        if name in _REFERENCES:
            return dice.choice(("url(#{})", "#{}", "none", "url({})")).format(self._name())
        if name in ("href", "xlink:href", "src"):
            return self._address()
        if name == "transform" or name.endswith("Transform"):
            known = _TRANSFORMS if self._odd() else _PLAIN_TRANSFORMS
            return " ".join(dice.choices(known, k=dice.choice((1, 1, 2, 5))))
        if name == "d":
            return self._path()
        if name in ("points", "viewBox", "values", "stdDeviation"):
            count = dice.choice((0, 1, 2, 3, 9)) if self._odd() else 4
            return dice.choice((" ", ",")).join(self._number() for _ in range(count))
        if name == "style":
            pairs = dice.choices((*_LENGTHS, "fill", "stroke", "mask", "marker"), k=3)
            return ";".join(f"{pair}:{self._value(pair)}" for pair in pairs)
        return self._number()

    def _number(self) -> str:
        dice = self._dice
        if self._odd():
            return dice.choice(_NUMBERS)
        return f"{dice.uniform(0, 60):.4g}"

    def _odd(self) -> bool:
        """Whether the next value may be one that makes no sense."""
        return self._dice.random() >= self._sense

    def _path(self) -> str:
        dice = self._dice
        parts = ["M 1 2"]
        for _ in range(dice.choice((0, 1, 3, 8, 40))):
            letter = dice.choice("MmLlHhVvCcSsQqTtAaZz")
            count = _ARGUMENTS[letter.upper()]
            if self._odd():
                letter, count = dice.choice("MmAaCZXR,"), dice.randrange(9)
            parts.append(letter)
            parts.extend(self._number() for _ in range(count * dice.choice((1, 1, 1, 2))))
        return dice.choice((" ", " ", ",")).join(parts)

    def _name(self) -> str:
        return self._dice.choice(_ENDS if self._dice.random() < 0.8 else _NAMES)

    def _address(self) -> str:
        dice = self._dice
        kind = dice.randrange(8)
        if kind <= 3:
            return f"#{self._name()}"
        if kind == 4:
            return dice.choice((_PIXEL, _PIXEL[:60], "data:,", "data:image/png;base64,", "data:x"))
        if kind == 5 and self._pictures:
            data = dice.choice(self._pictures)[:20_000]
            return "data:image/x;base64," + base64.b64encode(data).decode()
        if kind == 6:
            inner = f"<svg {_SPACES}><use href='#a' id='a'/></svg>".replace("#", "%23")
            return "data:image/svg+xml," + inner.replace("<", "%3C").replace('"', "%22")
        if not self._odd():
            return dice.choice(("file:///etc/passwd", "http://127.0.0.1:9/a.png"))
        return dice.choice(
            ("file:///etc/passwd", "http://127.0.0.1:9/a.png", "//a/b", "a.svg#b", "http://[", "#")
        )


_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_REFERENCES = (
    *("mask", "clip-path", "filter", "marker", "marker-start", "marker-mid", "marker-end"),
    "cursor",
)
_OTHERS = (
    *("fill", "stroke", "transform", "style", "href", "xlink:href", "stop-color", "flood-color"),
    *("gradientTransform", "patternTransform", "viewBox", "points", "values", *_REFERENCES),
)
_USUAL = {
    "rect": ("width", "height"),
    "svg": ("width", "height", "viewBox"),
    "symbol": ("viewBox", "preserveAspectRatio"),
    "image": ("width", "height", "xlink:href"),
    "use": ("xlink:href",),
    "a": ("href",),
    "tref": ("xlink:href",),
    "textPath": ("xlink:href",),
    "feImage": ("href",),
    "xi:include": ("href",),
    "pattern": ("width", "height", "patternUnits", "xlink:href"),
    "mask": ("width", "height", "maskUnits"),
    "marker": ("markerWidth", "markerHeight", "orient"),
    "linearGradient": ("x1", "x2", "gradientUnits", "xlink:href"),
    "radialGradient": ("r", "fx", "spreadMethod", "xlink:href"),
    "stop": ("offset", "stop-color"),
    "path": ("d", "fill", "marker-end"),
    "polygon": ("points",),
    "polyline": ("points", "marker-mid"),
    "circle": ("r",),
    "ellipse": ("rx", "ry"),
    "line": ("x2", "y2", "stroke"),
    "feOffset": ("dx", "dy"),
    "feBlend": ("mode", "in"),
    "feFlood": ("flood-color", "flood-opacity"),
}


def _encoded(text: str, dice: random.Random) -> bytes:
    kind = dice.randrange(100)
    if kind == 0:
        return text.encode("utf-16")
    if kind == 1:
        return b'<?xml version="1.0" encoding="latin-1"?>' + text.encode("latin-1", "replace")
    if kind == 2:
        return b'<?xml version="1.0" encoding="no-such"?>' + text.encode()
    if kind == 3:
        return b"\xef\xbb\xbf" + text.encode()
    return text.encode()
