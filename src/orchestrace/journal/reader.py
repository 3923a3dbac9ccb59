"""Read a journal back: which runs there were, and the spans of one of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

from orchestrace.journal.catalogue import Catalogue
from orchestrace.journal.census import census
from orchestrace.journal.database import FILE_NAME, connect, connect_in_memory, connect_to_read
from orchestrace.journal.ingest import ingest
from orchestrace.journal.run import Run
from orchestrace.journal.unusable import unusable

__all__ = ["Reader", "Run"]

_WRITERS: Final = 2.0
"""Seconds to wait for others who write; what is not ingested by then is missing from the answer."""


class Reader(Catalogue):
    """
    The reading end of a journal folder, for whoever did not write it.

    Before it answers it ingests what lies in the folder, if it can; then it answers from what there is. A folder that
    is empty, or is not there, is a journal without runs. Raises JournalError for a file that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place: str = f"the journal in {folder}"

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection | None]:
        """Give the database to ask; None if there is none. Raises JournalError."""
        try:
            database = self._connected()
            with closing(database) if database is not None else nullcontext():
                yield database
        except (sqlite3.Error, OSError) as error:
            raise unusable(self.folder, "read", error) from error

    def _connected(self) -> sqlite3.Connection | None:
        if not (self.folder / FILE_NAME).is_file() and not census(self.folder):
            return None
        try:
            database = connect(self.folder, timeout=_WRITERS)
        except (OSError, sqlite3.OperationalError):  # not ours to write
            return connect_to_read(self.folder) or self._copied()
        with suppress(sqlite3.OperationalError):  # a full disk, or others who write all the time
            for _ in ingest(database, self.folder):
                pass
        return database

    def _copied(self) -> sqlite3.Connection:
        database = connect_in_memory()
        for _ in ingest(database, self.folder, keep=True):
            pass
        return database
