"""Fill: pictures and the pages that show them go in, are taken out, and come back."""

from bot.ingest.curation import AddedMany, Curation, Failure, Wanted
from bot.ingest.exchange import MOST_BYTES, MOST_ROWS, ListFormat
from bot.ingest.report import ImportReport, Stage
from bot.ingest.review import Bookmark, Twins, Walked
from bot.ingest.service import AddOutcome, IngestService, NewPicture, ReadPicture
from db.records import (
    SOMEBODY,
    Action,
    Actor,
    Added,
    Addition,
    Collection,
    CollectionStats,
    IndexKind,
    IndexStatistics,
    IndexStatus,
    ListedImage,
    StoredPicture,
)

__all__ = [
    "MOST_BYTES",
    "MOST_ROWS",
    "SOMEBODY",
    "Action",
    "Actor",
    "AddOutcome",
    "Added",
    "AddedMany",
    "Addition",
    "Bookmark",
    "Collection",
    "CollectionStats",
    "Curation",
    "Failure",
    "ImportReport",
    "IndexKind",
    "IndexStatistics",
    "IndexStatus",
    "IngestService",
    "ListFormat",
    "ListedImage",
    "NewPicture",
    "ReadPicture",
    "Stage",
    "StoredPicture",
    "Twins",
    "Walked",
    "Wanted",
]
