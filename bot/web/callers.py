"""Who asks: an address, or whoever has a key."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from bot.web.problems import ProblemError

UNKNOWN = "unknown"

# One household or machine has as many addresses of IPv6 as it likes, all in one such network.
_PREFIX = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by a name to count by; ``keyed`` where they have shown one of our keys."""

    name: str
    keyed: bool = False


class Keys:
    """The keys that programs may show."""

    def __init__(self, keys: frozenset[str]) -> None:
        self._digests = [sha256(key.encode()).digest() for key in sorted(keys)]

    def named(self, shown: str) -> str | None:
        """A name for the key that is shown; ``None`` for one that is none of ours.

        It takes as long whether the key is right, nearly right or wrong.
        """
        digest = sha256(shown.encode("utf-8", "surrogateescape")).digest()
        found = [place for place, ours in enumerate(self._digests) if _same(ours, digest)]
        return f"key {found[0]}" if found else None


def key_shown(request: web.Request) -> str | None:
    """The key in the header ``Authorization: Bearer KEY``; any other header is not for us."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def wrong_key() -> ProblemError:
    """What one reads who shows a key that is none of ours."""
    return ProblemError(
        401,
        "wrong_key",
        "That API key is not one of this server's.",
        {"WWW-Authenticate": 'Bearer realm="whereis"'},
    )


def address_of(request: web.Request, proxies: int) -> str:
    """The address that asks, as a name to count by: for IPv6 the network it is in.

    Each proxy adds where its request came from at the end of ``X-Forwarded-For``.  With ``proxies``
    of them the header's last so many entries are true; what stands before them, anybody may have
    written.
    """
    address = _parsed(request.remote or "")
    if proxies:
        entries = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        if len(entries) >= proxies:
            address = _parsed(entries[-proxies]) or address
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address), _PREFIX), strict=False))
    return str(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text)
    except ValueError:
        return None


def _same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)
