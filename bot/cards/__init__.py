"""What a wiki says of the pages and the file that a match names: the card under an answer.

``wiki`` knows the questions and reads the answers, ``service`` asks and remembers.
"""

from bot.cards.model import Article, Card, Credit, Place, Translation
from bot.cards.service import PATIENCE, CardService, CrowdedError, api_of, picture_of

__all__ = [
    "PATIENCE",
    "Article",
    "Card",
    "CardService",
    "Credit",
    "CrowdedError",
    "Place",
    "Translation",
    "api_of",
    "picture_of",
]
