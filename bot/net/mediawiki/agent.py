"""Saying who asks.

Wikimedia wants a ``User-Agent`` of the form ``client/version (contact)``, the contact an e-mail
address or a link (https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy);
who gives none may be shut out without notice.
"""

import re
from importlib.metadata import version

from bot.errors import ConfigurationError

# The domains of the Wikimedia Foundation's own wikis and files.
_WIKIMEDIA = (
    "mediawiki.org",
    "wikibooks.org",
    "wikidata.org",
    "wikifunctions.org",
    "wikimedia.org",
    "wikimediafoundation.org",
    "wikinews.org",
    "wikipedia.org",
    "wikiquote.org",
    "wikisource.org",
    "wikiversity.org",
    "wikivoyage.org",
    "wiktionary.org",
)

# What may stand in a header, within brackets.
_CONTACT = re.compile(r"(?:https?://|mailto:)?[!-'*-~]*[.@][!-'*-~]+", re.IGNORECASE)
_MAX_LENGTH = 200


def user_agent(contact: str | None) -> str:
    """The ``User-Agent`` of this program, run by whom ``contact`` reaches.

    Raises :class:`ConfigurationError` where ``contact`` is neither an e-mail address nor a link.
    """
    if contact is None or not contact.strip():
        contact = "no contact given"
    elif len(contact.strip()) > _MAX_LENGTH or not _CONTACT.fullmatch(contact.strip()):
        raise ConfigurationError(
            "WHEREIS_CONTACT is neither an e-mail address nor a link. Set it to one by which the "
            "operators of a wiki reach you, such as me@example.org."
        )
    return f"whereis-bot/{version('whereis-bot')} ({contact.strip()})"


def is_wikimedia(host: str) -> bool:
    """Whether ``host`` is one of Wikimedia's, which wants to know whom to reach."""
    host = host.lower().rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in _WIKIMEDIA)


def no_contact(host: str) -> ConfigurationError:
    """What is said instead of asking such a host anonymously."""
    return ConfigurationError(
        f"{host} is Wikimedia's, whose rules ask programs to say whom to reach. Set "
        "WHEREIS_CONTACT to your e-mail address, or to a link with a way to reach you."
    )
