"""HTML from values: whatever is not HTML already is escaped on its way in."""

from html import escape
from string import Template

_VOID = frozenset({"br", "img", "input", "link", "meta"})


class Html(str):
    """A piece of HTML that may stand in a page as it is."""

    __slots__ = ()


def element(_name: str, *inside: str | None, **attributes: str | bool | None) -> Html:
    """An element. ``None`` stands for nothing, and so does an attribute that is ``False``.

    Names of attributes are written with ``_`` for ``-``, and with one at the end where Python keeps
    the name for itself.
    """
    head = _name
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        head += f" {key.rstrip('_').replace('_', '-')}"
        if value is not True:
            head += f'="{escape(value)}"'
    if _name in _VOID:
        return Html(f"<{head}>")
    return Html(f"<{head}>{joined(*inside)}</{_name}>")


def joined(*parts: str | None) -> Html:
    """Pieces one after the other."""
    return Html("".join(html_of(part) for part in parts if part is not None))


def html_of(text: str) -> Html:
    """``text`` as HTML that shows it letter by letter."""
    return text if isinstance(text, Html) else Html(escape(text))


def filled(template: str, **values: str) -> Html:
    """A template with ``$name`` where values belong.

    Raises :class:`KeyError` where one is missing.
    """
    return Html(Template(template).substitute({k: html_of(v) for k, v in values.items()}))
