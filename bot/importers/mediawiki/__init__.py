"""A MediaWiki: the pictures that its pages show, in the size in which a page shows them."""

from bot.importers.mediawiki.source import MediaWikiSource

__all__ = ["MediaWikiSource"]
