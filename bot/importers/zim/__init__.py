"""A Kiwix ZIM: every article's pictures, without a network.

Needs the extra ``zim``, which nothing else imports: libzim to read archives, selectolax to read
their pages.
"""

from bot.importers.zim.source import ZimSource

__all__ = ["ZimSource"]
