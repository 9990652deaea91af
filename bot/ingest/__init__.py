"""Fill: pictures and the pages that show them go in, are taken out, and come back."""

from bot.ingest.report import ImportReport, Stage
from bot.ingest.service import AddOutcome, IngestService, NewPicture
from db.records import (
    SOMEBODY,
    Action,
    Actor,
    Addition,
    Collection,
    CollectionStats,
    IndexKind,
    IndexStatistics,
    IndexStatus,
    ListedImage,
)

__all__ = [
    "SOMEBODY",
    "Action",
    "Actor",
    "AddOutcome",
    "Addition",
    "Collection",
    "CollectionStats",
    "ImportReport",
    "IndexKind",
    "IndexStatistics",
    "IndexStatus",
    "IngestService",
    "ListedImage",
    "NewPicture",
    "Stage",
]
