"""A Kiwix ZIM: every article's pictures, without a network.

Needs the extra ``zim``, which nothing else imports: libzim to read archives, selectolax to read
their pages.
"""

from importlib.util import find_spec

from bot.importers.zim.source import ZimSource

__all__ = ["ZimSource", "zim_available"]


def zim_available() -> bool:
    """Whether archives can be read here: the extra is installed."""
    return all(find_spec(name) is not None for name in ("libzim", "selectolax"))
