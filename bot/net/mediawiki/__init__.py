"""Speaking to a MediaWiki, Wikimedia's above all, as its operators ask it to be done."""

from bot.net.mediawiki.agent import is_wikimedia
from bot.net.mediawiki.answers import Answer, as_list, as_mapping, as_number, as_text, printable
from bot.net.mediawiki.client import MAX_TITLES, MediaWikiClient, UnusableWikiError, parse_api_url
from bot.net.mediawiki.waiting import Patience

__all__ = [
    "MAX_TITLES",
    "Answer",
    "MediaWikiClient",
    "Patience",
    "UnusableWikiError",
    "as_list",
    "as_mapping",
    "as_number",
    "as_text",
    "is_wikimedia",
    "parse_api_url",
    "printable",
]
