"""An outbox in memory, for what cannot be written to the disk: bounded, and filled from what overflowed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.database import connect_in_memory, transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.entry import Entry, read
from orchestrace.journal.outbox import Outbox
from orchestrace.journal.overflow import LARGEST, Overflow
from orchestrace.journal.store import note_writer, store
from orchestrace.records import LogRecord, MetricsRecord

__all__ = ["MemoryOutbox"]

_SETTLED: Final = (
    f"DELETE FROM spans WHERE id NOT IN (SELECT id FROM deliveries WHERE state = {accounts.WAITING})",  # noqa: S608 - our names
    f"DELETE FROM deliveries WHERE state <> {accounts.WAITING}",  # noqa: S608 - as above
    "DELETE FROM traces",
)
"""What nobody will ask for; the accounts know of it."""


class MemoryOutbox:
    """
    What overflowed, on its way to the receiver. Nothing is made before something did.

    Used by one thread, in one process: a forked child makes another.
    """

    def __init__(self, overflow: Overflow, header: Callable[[], Header]) -> None:
        self._overflow = overflow
        self._header = header
        self._database: sqlite3.Connection | None = None
        self._outbox: Outbox | None = None

    def outbox(self) -> Outbox | None:
        """Return the outbox with all that there is room for; None if nothing ever overflowed. Raises sqlite3.Error."""
        if self._overflow:
            self._fill()
        return self._outbox

    def balance(self) -> Balance:
        """Return what became of what never came to the disk."""
        return Balance() if self._database is None else Balance.sum(accounts.balances(self._database).values())

    def _fill(self) -> None:
        if self._database is not None and not _has_room(self._database):
            return  # what comes now stays where it overflowed to, which is bounded too
        found = self._taken()
        if not found:
            return
        if self._database is None:
            self._database = connect_in_memory()
        with transaction(self._database):
            writer = note_writer(self._database, self._header(), over=False)
            store(self._database, found, writer)
        if self._outbox is None:
            self._outbox = Outbox(self._database, writer.receiver or 0)

    def _taken(self) -> list[Entry | LogRecord | MetricsRecord]:
        """Take what is to be sent. What runs waits for the disk, unless its end is among it."""
        found: list[Entry | LogRecord | MetricsRecord] = []
        running: dict[tuple[str, str], bytes] = {}
        while (payload := self._overflow.take()) is not None:
            said = read(payload)
            if isinstance(said, Entry) and said.end is None:
                running[said.trace_id, said.span_id] = payload
            elif said is not None and not isinstance(said, Header):
                found.append(said)
                if isinstance(said, Entry):
                    running.pop((said.trace_id, said.span_id), None)
        for payload in reversed(running.values()):
            self._overflow.put_back(payload)
        return found


def _has_room(memory: sqlite3.Connection) -> bool:
    """Make room in memory, and tell whether there is any."""
    with transaction(memory):
        for statement in _SETTLED:
            memory.execute(statement)
    pages, free, size = (
        memory.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return bool((pages - free) * size < LARGEST)
