"""Links to files on Discord's own servers: which ones are, and which of them have run out.

Discord signs the link of an attachment.  ``ex`` in its query is the hexadecimal Unix time (in
seconds) at which it stops working, ``is`` when it was signed, ``hm`` the signature.  What stands
behind a picture of another site in an embed is Discord's copy of it, whose link needs no signature.
"""

import re
import time

from yarl import URL

from bot.errors import RefusedURLError
from bot.net.addresses import is_public
from bot.net.links import WEB_PORTS, checked

_FILE_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_COPY_HOST = re.compile(r"images-ext-[0-9]{1,3}\.discordapp\.net")
_ATTACHMENT = re.compile(r"/(?:ephemeral-)?attachments/[0-9]{1,20}/[0-9]{1,20}/[^/]+")
_SIGNATURE = ("ex", "is", "hm")


def is_expired_attachment(url: URL, now: float | None = None) -> bool:
    """Whether ``url`` leads to an attachment whose signature has run out, or is missing.

    ``now`` is a Unix time in seconds; ``None`` means the present.
    """
    return _is_attachment(url) and not _is_signed(url, now)


def is_copy(url: URL) -> bool:
    """Whether ``url`` leads to Discord's copy of a picture that another site shows."""
    return _COPY_HOST.fullmatch(url.host or "") is not None


def unsigned(link: str, now: float | None = None) -> str | None:
    """``link`` as Discord takes it to sign it anew; ``None`` where it needs no new signature.

    That is a link to an attachment whose signature has run out or is missing.  What is left of it
    is https, the file, and how large it is asked for.
    """
    url = _parsed(link)
    if url is None or not is_expired_attachment(url, now):
        return None
    bare = url.with_scheme("https").with_port(None).with_fragment(None)
    return str(bare.without_query_params(*_SIGNATURE))


def is_signed_anew(link: str, attachment: str, now: float | None = None) -> bool:
    """Whether ``link`` is one of Discord's to the very file of ``attachment``, and still works.

    ``attachment`` is what :func:`unsigned` gave.
    """
    url = _parsed(link)
    return (
        url is not None
        and url.scheme == "https"
        and url.explicit_port is None
        and _is_attachment(url)
        and url.path == URL(attachment).path
        and _is_signed(url, now)
    )


def _parsed(link: str) -> URL | None:
    try:
        return checked(link, allow_address=is_public, allowed_ports=WEB_PORTS)
    except RefusedURLError:
        return None


def _is_attachment(url: URL) -> bool:
    return url.host in _FILE_HOSTS and _ATTACHMENT.fullmatch(url.raw_path) is not None


def _is_signed(url: URL, now: float | None) -> bool:
    try:
        expires = int(url.query["ex"], 16)
    except (KeyError, ValueError):
        return False
    return expires > (time.time() if now is None else now)
