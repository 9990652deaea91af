"""Bytes in, fingerprint out: decoding, rasterising and hashing, in processes that can be killed."""

from bot.images.model import Fingerprint, Limits, Unreadable, UnreadableKind

__all__ = ["Fingerprint", "Limits", "Unreadable", "UnreadableKind"]
