"""Where pictures in bulk come from. Each importer gives a stream of (picture, page)."""

from bot.importers.folder import SkippedFile, pictures_of
from bot.importers.model import SourcePicture

__all__ = ["SkippedFile", "SourcePicture", "pictures_of"]
