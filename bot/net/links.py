"""Links as strangers write them: what may be opened at all, before anything is looked up."""

import re
from collections.abc import Callable, Collection
from ipaddress import ip_address

from yarl import URL

from bot.errors import RefusedURLError
from bot.net.addresses import IPAddress

MAX_URL_LENGTH = 4096
WEB_PORTS = frozenset({80, 443})

NOT_PUBLIC = (
    "That link leads to a private or local address, and I only open public ones. "
    "Attach the picture instead."
)
_NOT_A_LINK = "That is not a web link I can read. Check it, or attach the picture instead."

# Whatever a browser would quietly drop or turn into something else.
_ODD_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)
_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE)

# Names that mean something inside of a network alone: RFC 6761, RFC 6762 (with its appendix G),
# RFC 8375, and by custom.  Looking one up would tell a stranger who is there.
_INSIDE = re.compile(
    r"(?:.*\.)?"
    r"(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa)\.?",
    re.IGNORECASE,
)


def checked(
    text: str, *, allow_address: Callable[[IPAddress], bool], allowed_ports: Collection[int]
) -> URL:
    """The link that ``text`` is.

    A host that is an address is judged here, and so is a name that only the inside of a network
    knows; any other name is judged once it is looked up.  Every way to write an IPv4 address but
    four plain decimal numbers is refused, since programs disagree about which address such a number
    means.

    Raises :class:`RefusedURLError`.
    """
    text = text.strip()
    if len(text) > MAX_URL_LENGTH:
        raise RefusedURLError(
            f"That link is longer than {MAX_URL_LENGTH} characters. Attach the picture instead."
        )
    if _ODD_CHARACTERS.search(text):
        raise RefusedURLError(_NOT_A_LINK)
    try:
        url = URL(text)
        # yarl decodes a host when it is asked for; and it raises both.
        port, _ = url.port, url.host
    except (ValueError, IndexError):
        raise RefusedURLError(_NOT_A_LINK) from None
    if url.scheme not in ("http", "https"):
        raise RefusedURLError("I only open links that start with http:// or https://.")
    authority = _AUTHORITY.match(text)
    host = url.raw_host
    if authority is None or not host:
        raise RefusedURLError(_NOT_A_LINK)
    if "@" in authority[1]:
        raise RefusedURLError(
            "That link carries a user name or a password. Send one without, or attach the picture."
        )
    _check_host(host, allow_address, is_literal="[" in authority[1])
    if port not in allowed_ports:
        raise RefusedURLError(
            "That link names an unusual port, and I only open the web's own. "
            "Attach the picture instead."
        )
    return url


def _check_host(host: str, allow_address: Callable[[IPAddress], bool], *, is_literal: bool) -> None:
    last_label = host.rstrip(".").rpartition(".")[2]
    if is_literal or _NUMBER.fullmatch(last_label):
        try:
            address = ip_address(host)
        except ValueError:
            raise RefusedURLError(NOT_PUBLIC) from None
        if not allow_address(address):
            raise RefusedURLError(NOT_PUBLIC)
    elif len(host) > 253 or not _HOST_NAME.fullmatch(host):
        raise RefusedURLError(_NOT_A_LINK)
    # A name of one label is a machine of the own network, or nothing.
    elif "." not in host.rstrip(".") or _INSIDE.fullmatch(host):
        raise RefusedURLError(NOT_PUBLIC)
