"""Answers as the JSON that other programs read, from the command line and over HTTP alike."""

from base64 import urlsafe_b64encode
from typing import Any

from bot.images import Fingerprint
from bot.search.model import Answer, Match

_BITS = 0xFFFF_FFFF_FFFF_FFFF


def answer_json(image: str, answer: Answer) -> dict[str, Any]:
    """One entry of ``queries``; ``image`` is what the one who asked calls the picture."""
    fingerprint = answer.fingerprint
    return {
        "image": image,
        "status": answer.status,
        "reason": answer.reason,
        "hash": None if answer.dhash is None else hash_text(answer.dhash),
        "look": None if fingerprint is None else look_text(fingerprint),
        "elapsed_ms": round(answer.elapsed_ms, 1),
        "matches": [match_json(match) for match in answer.matches],
    }


def match_json(match: Match) -> dict[str, Any]:
    """One entry of ``matches``."""
    return {
        "image_id": match.image_id,
        "collection": match.collection,
        "file": match.file,
        "distance": match.distance,
        "confidence": match.confidence,
        "chance_wrong": match.strangers,
        "view": {
            "orientation": match.view.orientation,
            "framing": match.view.framing,
            "frame": match.view.frame,
        },
        "alike": list(match.alike),
        "page_count": match.page_count,
        "pages": [{"title": page.title, "url": page.url} for page in match.pages],
    }


def hash_text(dhash: int) -> str:
    """A signed 64-bit hash as 16 hexadecimal digits."""
    return f"{dhash & _BITS:016x}"


def look_text(fingerprint: Fingerprint) -> str:
    """What a second look goes by, the pHash and the look, in 71 characters of base64 for URLs."""
    data = (fingerprint.phash & _BITS).to_bytes(8) + fingerprint.look
    return urlsafe_b64encode(data).rstrip(b"=").decode()
