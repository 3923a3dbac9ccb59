"""What the database says became of a process's spans, for whoever asks from any thread."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrace.balance import Balance
from orchestrace.concurrency.fork_guard import ForkGuard
from orchestrace.exceptions import JournalError
from orchestrace.journal.accounts import balance_of
from orchestrace.journal.database import FILE_NAME, connect_to_read

__all__ = ["Ledger"]

_SIGNALS: Final = (
    "SELECT count(*) FROM signals JOIN processes USING (process) "
    "WHERE processes.id = ? AND signals.receiver IS NOT NULL"
)


class Ledger:
    """
    The ledger of a folder, for somebody who asks again and again: the database stays open in between.

    Any thread may ask. A forked child opens the database anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = ForkGuard()
        self._pid = os.getpid()
        self._database: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._inherited: list[sqlite3.Connection | None] = []

    def read(self, process: str) -> tuple[Balance, int]:
        """
        Return the balance of a process, by the id in its segments, and how many log records and metrics of it wait.

        Both are of what was ingested so far; nothing where there is no database that can be read. Never raises.
        """
        with self._guard:
            try:
                database = self._opened()
                if database is None:
                    return Balance(), 0
                signals = database.execute(_SIGNALS, (process,)).fetchone()[0]
                return balance_of(database, process), signals
            except (sqlite3.Error, OSError, JournalError):
                self.close()
                return Balance(), 0

    def close(self) -> None:
        """Let go of the database; `read` opens it again."""
        with self._guard:
            database, self._database = self._database, None
            if database is not None:
                with suppress(sqlite3.Error):
                    database.close()

    def _opened(self) -> sqlite3.Connection | None:
        if os.getpid() != self._pid:  # the parent's is neither used nor closed
            self._inherited.append(self._database)
            self._database, self._pid = None, os.getpid()
        # Opening takes a millisecond. But the file may have been put away since, as damaged.
        file = _identity(self._folder / FILE_NAME)
        if self._database is None or file != self._file:
            self.close()
            self._database, self._file = connect_to_read(self._folder, shared=True), file
        return self._database


def _identity(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None
