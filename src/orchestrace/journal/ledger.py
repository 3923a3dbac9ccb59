"""What the database says became of one process's spans, for whoever asks from another thread."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrace.balance import Balance
from orchestrace.exceptions import JournalError
from orchestrace.journal.accounts import balance_of
from orchestrace.journal.database import FILE_NAME, connect_to_read

__all__ = ["Ledger"]

_SIGNALS: Final = (
    "SELECT count(*) FROM signals JOIN processes USING (process) "
    "WHERE processes.id = ? AND signals.receiver IS NOT NULL"
)


class Ledger:
    """The ledger of a process, by the id in its segments, for somebody who asks again and again. Used by one thread."""

    def __init__(self, folder: Path, process: str) -> None:
        self._folder = folder
        self._process = process
        self._database: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def read(self) -> tuple[Balance, int]:
        """
        Return the balance, and how many log records and metrics wait.

        Both are of what was ingested so far; nothing where there is no database that can be read. Never raises.
        """
        try:
            database = self._opened()
            if database is None:
                return Balance(), 0
            signals = database.execute(_SIGNALS, (self._process,)).fetchone()[0]
            return balance_of(database, self._process), signals
        except (sqlite3.Error, OSError, JournalError):
            self.close()
            return Balance(), 0

    def close(self) -> None:
        """Let go of the database; `read` opens it again."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()

    def _opened(self) -> sqlite3.Connection | None:
        # Opening takes a millisecond. But the file may have been put away since, as damaged.
        file = _identity(self._folder / FILE_NAME)
        if self._database is None or file != self._file:
            self.close()
            self._database, self._file = connect_to_read(self._folder), file
        return self._database


def _identity(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None
