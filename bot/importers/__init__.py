"""Where pictures in bulk come from: sources, each a stream of (picture, pages)."""

from bot.importers.model import (
    About,
    PictureSource,
    Position,
    Skipped,
    SourceKind,
    SourcePicture,
)

__all__ = ["About", "PictureSource", "Position", "Skipped", "SourceKind", "SourcePicture"]
