"""The outboxes of a journal, as the forwarder of one process comes upon them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from orchestrace.balance import Balance
from orchestrace.concurrency.fork_guard import ForkGuard
from orchestrace.exceptions import JournalError
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.adoption import adopt, held
from orchestrace.journal.damage import watched
from orchestrace.journal.database import Database, connect, transaction
from orchestrace.journal.election import Election, is_vacant
from orchestrace.journal.guarded_outbox import GuardedOutbox
from orchestrace.journal.memory import MemoryOutbox
from orchestrace.journal.outbox import Outbox
from orchestrace.journal.store import note_receiver
from orchestrace.recording.guard import report

__all__ = ["Dispatch"]

_ADOPT: Final = 0.5
"""Seconds between two looks at what nobody else will send."""
_ADOPT_IDLY: Final = 2.0
"""The same, while nobody writes and nobody leaves: something may have been overlooked."""


class Dispatch:
    """
    Finds the outbox on disk while this process is the one to empty it, and one in memory while the disk fails.

    Between two calls it holds nothing that a fork could break. `service` is whose spans are adopted; None: nobody's.
    `memory` makes the one in memory, for each process.
    """

    _database: Database | None
    _outbox: Outbox | None
    _memory: MemoryOutbox | None

    def __init__(
        self,
        folder: Path,
        receiver: Addressee,
        *,
        service: str | None,
        memory: Callable[[], MemoryOutbox] | None = None,
    ) -> None:
        self.balance: Balance = Balance()
        """What became of what never came to the disk."""
        self._folder = folder
        self._receiver = receiver
        self._service = service
        self._make_memory = memory
        self._guard = ForkGuard()
        self._begin()

    @property
    def is_leading(self) -> bool:
        """Tell whether this process is the one that empties the outbox on disk."""
        return self._election.is_won

    def outboxes(self) -> list[GuardedOutbox]:
        """Return what there is to empty. Raises sqlite3.Error."""
        with self._guard:
            found = [outbox for outbox in (self._on_disk(), self._in_memory()) if outbox is not None]
        return [
            GuardedOutbox(outbox, self._section, self._nothing if outbox is self._outbox else set()) for outbox in found
        ]

    def close(self) -> None:
        """Leave the outbox on disk to another process, and to it what is in memory, if it can be."""
        with self._guard:
            if self._outbox is not None and self._election.is_won:
                with suppress(sqlite3.Error):  # it is sent once more, then
                    self._outbox.catch_up()
            self._election.leave()
            _close(self._database)
            self._database, self._outbox = None, None
            self._give_back(now=True)

    def forked(self) -> None:
        """Begin anew in a forked child: lock and database are the parent's."""
        self._election.leave()
        self._inherited = (self._database, self._outbox, self._memory)  # neither used nor closed
        self.balance = Balance()
        self._begin()

    def _begin(self) -> None:
        self._election = Election(self._folder, self._receiver.id)
        self._database, self._outbox = None, None
        self._memory = None if self._make_memory is None else self._make_memory()
        self._adopted_at = -_ADOPT_IDLY
        self._version, self._adopted_version = -1, -1
        self._held: set[str] = set()
        self._nothing: set[str] = set()

    def _on_disk(self) -> Outbox | None:
        try:
            if not self._folder.is_dir() or not self._election.win():
                return None
            with watched(self._folder):
                self._open()
        except OSError:  # no place for a file, or none that may be looked at: what comes is in memory
            return None
        except (sqlite3.Error, JournalError) as error:  # what is in memory goes all the same
            report("journal ingest", error)
            return None
        return self._outbox

    def _open(self) -> None:
        if self._database is None or not self._database.is_current():
            _close(self._database)
            self._database, self._outbox, self._version = None, None, -1
            self._database = connect(self._folder)
        if self._outbox is None:
            with transaction(self._database):
                self._number = note_receiver(self._database, self._receiver) or 0
            self._outbox = Outbox(self._database, self._number)
        self._look_around(self._database)

    @contextmanager
    def _section(self) -> Iterator[None]:
        """Be a step that no fork cuts through, and that puts the database away if it is damaged."""
        with self._guard, watched(self._folder):
            yield

    def _look_around(self, database: Database) -> None:
        if self._outbox is None:
            return
        # One number tells whether anybody else has written; what waited in vain for it is not asked for again.
        (version,) = database.execute("PRAGMA data_version").fetchone()
        found = self._outbox.mark() + self._adopt(database, version)
        if found or version != self._version:
            self._version = version
            self._nothing.clear()

    def _adopt(self, database: Database, version: int) -> int:
        now = time.monotonic()
        if self._service is None or now < self._adopted_at + _ADOPT:
            return 0
        # Whoever leaves a receiver to nobody does so without a word in the database.
        is_free = any(is_vacant(self._folder, receiver) for receiver in self._held)
        if version == self._adopted_version and not is_free and now < self._adopted_at + _ADOPT_IDLY:
            return 0
        self._adopted_at, self._adopted_version = now, version
        found = adopt(database, self._folder, self._number, self._service)
        self._held = held(database, self._number, self._service)
        return found

    def _in_memory(self) -> Outbox | None:
        if self._memory is None:
            return None
        self._give_back()
        outbox = self._memory.outbox()
        self.balance = self._memory.balance()
        return outbox

    def _give_back(self, *, now: bool = False) -> None:
        if self._memory is not None:
            for _ in self._memory.give_back(now=now):
                self.balance = self._memory.balance()


def _close(database: sqlite3.Connection | None) -> None:
    if database is not None:
        with suppress(sqlite3.Error):
            database.close()
