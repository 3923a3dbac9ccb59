"""Empty a journal into a receiver without recording anything: what `orchestrace forward` does."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from orchestrace.export.forwarder import Forwarder
from orchestrace.export.pace import configured_pace
from orchestrace.export.receiver import Receiver
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.adoption import adopt
from orchestrace.journal.damage import watched
from orchestrace.journal.database import Database, connect, transaction
from orchestrace.journal.dispatch import Dispatch
from orchestrace.journal.ingest import ingest
from orchestrace.journal.private import make_folder
from orchestrace.journal.store import note_receiver

__all__ = ["Errand"]

_ROUND: Final = 0.5
"""Seconds between two looks at what was appended."""
_POLL: Final = 0.05
_WAITING: Final = (
    f"SELECT (SELECT count(*) FROM deliveries WHERE receiver = ? AND state = {accounts.WAITING}) "  # noqa: S608 - our names
    "+ (SELECT count(*) FROM signals WHERE receiver = ?)"
)


class Errand:
    """
    Bring what lies in `folder` to `receiver`: whatever has nobody else to send it.

    That is what programs without a receiver recorded, and what programs left behind that are gone; and what is meant
    for this very receiver, unless a program that runs is about to send it.
    """

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self._folder = folder
        self._addressee = Addressee(receiver.id, receiver.destination)
        self._open()
        self._forwarder = Forwarder(receiver, Dispatch(folder, self._addressee, service=None), configured_pace())

    @property
    def delivered(self) -> int:
        """How many spans were acknowledged since it began, whoever sent them."""
        return max(0, self._count(accounts.DELIVERED) - self._before)

    def run(self, timeout: float | None, until: threading.Event | None = None) -> int:
        """
        Send until nothing waits or `timeout` seconds are over; with None until the event is set.

        Returns how much waits still.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        stopped = until or threading.Event()
        while True:
            self._gather()
            self._forwarder.hurry() if deadline is not None else self._forwarder.start()
            if deadline is None:
                if stopped.wait(_ROUND):
                    return self._waiting()
            elif not self._wait(min(deadline, time.monotonic() + _ROUND)) or time.monotonic() >= deadline:
                return self._waiting()

    def close(self) -> None:
        """Stop sending; what waits goes on waiting."""
        self._forwarder.stop(_ROUND)
        self._database.close()

    def _open(self) -> None:
        make_folder(self._folder)
        database = connect(self._folder)
        try:
            with transaction(database):
                self._receiver = note_receiver(database, self._addressee) or 0
        except BaseException:
            database.close()
            raise
        self._database: Database = database
        self._before = self._count(accounts.DELIVERED)

    def _reopen(self) -> None:
        stale = self._database
        self._open()
        stale.close()

    def _gather(self) -> None:
        # Others write all the time, a full disk, a database that was put away: the next round.
        with suppress(sqlite3.OperationalError, OSError), watched(self._folder):
            if not self._database.is_current():  # what is read into a file that was deleted would be lost
                self._reopen()
            for _ in ingest(self._database, self._folder):
                pass
            adopt(self._database, self._folder, self._receiver, None)

    def _wait(self, until: float) -> int:
        """Wait until nothing waits; return how much does."""
        while (waiting := self._waiting()) and time.monotonic() < until:
            time.sleep(_POLL)
        return waiting

    def _waiting(self) -> int:
        """Return how much waits: something, as far as anybody knows, where the database does not say."""
        with suppress(sqlite3.OperationalError, OSError), watched(self._folder):
            waiting: int = self._database.execute(_WAITING, (self._receiver, self._receiver)).fetchone()[0]
            return waiting
        return 1

    def _count(self, state: int) -> int:
        with closing(self._database.execute("SELECT sum(spans) FROM accounts WHERE state = ?", (state,))) as rows:
            return rows.fetchone()[0] or 0
