"""Imports: checkpoints, and the ways in which rows by the million go in."""

from db.imports.records import (
    Checkpoint,
    ImportState,
    Json,
    Merged,
    ReadPicture,
    Refused,
    Removed,
    StagedState,
)
from db.imports.run import ImportRun, Imports
from db.imports.staging import Staging

__all__ = [
    "Checkpoint",
    "ImportRun",
    "ImportState",
    "Imports",
    "Json",
    "Merged",
    "ReadPicture",
    "Refused",
    "Removed",
    "StagedState",
    "Staging",
]
