"""Bring back what processes left behind that are gone."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from orchestrace.journal.ingest import ingest
from orchestrace.journal.interruption import MESSAGE

__all__ = ["Recovered", "recover"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many spans came into the database, and how many runs, roles and calls were found interrupted."""

    spans: int
    interrupted: int


def recover(database: sqlite3.Connection, folder: Path) -> Recovered:
    """Read every segment of a folder, and end what ran in processes that are gone. Raises sqlite3.Error."""
    spans, interrupted = _counts(database)
    for _ in ingest(database, folder):
        pass
    spans_now, interrupted_now = _counts(database)
    return Recovered(spans_now - spans, interrupted_now - interrupted)


def _counts(database: sqlite3.Connection) -> tuple[int, int]:
    query = "SELECT count(*), coalesce(sum(status_message = ?), 0) FROM spans"
    spans, interrupted = database.execute(query, (MESSAGE,)).fetchone()
    return spans, interrupted
