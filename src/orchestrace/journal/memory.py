"""An outbox in memory, for what cannot be written to the disk: bounded, and filled from what overflowed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import orjson

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.appender import Appender
from orchestrace.journal.database import connect_in_memory, transaction
from orchestrace.journal.encoding import Header, encode
from orchestrace.journal.entry import Entry, read
from orchestrace.journal.notice import Notice, encode_settled
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.overflow import LARGEST, Overflow
from orchestrace.journal.signals import LOGS, METRICS, encode_log, encode_metrics
from orchestrace.journal.store import note_writer, store
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

__all__ = ["MemoryOutbox"]

_SETTLED: Final = (
    f"DELETE FROM spans WHERE id NOT IN (SELECT id FROM deliveries WHERE state = {accounts.WAITING})",  # noqa: S608 - our names
    f"DELETE FROM deliveries WHERE state <> {accounts.WAITING}",  # noqa: S608 - as above
    "DELETE FROM traces",
)
"""What nobody will ask for; the accounts know of it."""
_IDS: Final = "SELECT trace_id, span_id FROM spans WHERE id IN (SELECT value FROM json_each(?))"
_WITHDRAW: Final = {
    TRACES: "DELETE FROM deliveries WHERE id IN (SELECT value FROM json_each(?))",
    LOGS: "DELETE FROM signals WHERE id IN (SELECT value FROM json_each(?))",
    METRICS: "DELETE FROM signals WHERE id IN (SELECT value FROM json_each(?))",
}
_PATIENCE: Final = 5.0
"""Seconds that something waits here before the disk is asked whether there is room again."""
_AT_ONCE: Final = 64
_BYTES_AT_ONCE: Final = 1 << 20


class MemoryOutbox:
    """
    What overflowed, on its way to the receiver. Nothing is made before something did.

    With an `appender` it says on disk what became of spans whose start is there, and takes what waits for long back to
    the disk. Used by one thread, in one process: a forked child makes another.
    """

    def __init__(self, overflow: Overflow, header: Callable[[], Header], appender: Appender | None = None) -> None:
        self._overflow = overflow
        self._header = header
        self._appender = appender
        self._database: sqlite3.Connection | None = None
        self._outbox: Outbox | None = None
        self._rooms: dict[tuple[str, str], int] = {}
        self._asked_at = 0.0
        self._is_emptied = False

    def outbox(self) -> Outbox | None:
        """Return the outbox with all that there is room for; None if nothing ever overflowed. Raises sqlite3.Error."""
        if self._overflow:
            self._fill()
        return self._outbox

    def balance(self) -> Balance:
        """Return what became of what never came to the disk."""
        return Balance() if self._database is None else Balance.sum(accounts.balances(self._database).values())

    def give_back(self, *, now: bool = False) -> Iterator[None]:
        """
        Take what waits to the disk, if there is room again: when its receiver takes nothing for long, or `now`.

        Between two steps it is in no balance of this one. Raises sqlite3.Error.
        """
        if self._outbox is None or self._database is None or self._appender is None:
            return
        if now:
            self._appender.try_again()
        elif not self._is_stuck():
            return
        for signal in _WITHDRAW:
            while payloads := self._withdrawn(self._database, self._outbox, signal):
                yield
                if not self._write(self._appender, payloads):
                    return

    def _is_stuck(self) -> bool:
        if time.monotonic() < self._asked_at + _PATIENCE:
            return False
        self._asked_at = time.monotonic()
        emptied, self._is_emptied = self._is_emptied, False
        return not emptied

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
            self._outbox = Outbox(self._database, writer.receiver or 0, self._say)
            self._asked_at = time.monotonic()

    def _say(self, keys: str, state: int, reason: str) -> None:
        """Say on disk what became of spans whose start is there."""
        self._is_emptied = True
        if self._database is None or self._appender is None or not self._rooms:
            return
        for trace_id, span_id in self._database.execute(_IDS, (keys,)).fetchall():
            if room := self._rooms.pop((trace_id, span_id), 0):
                with suppress(OSError):  # the segment that had room for it was closed
                    self._appender.append(encode_settled(trace_id, span_id, state, reason), room=-room)

    def _withdrawn(self, database: sqlite3.Connection, outbox: Outbox, signal: str) -> list[tuple[bytes, int]]:
        found = outbox.waiting(signal, _AT_ONCE, _BYTES_AT_ONCE)
        with transaction(database):
            database.execute(_WITHDRAW[signal], (orjson.dumps([key for key, _, _ in found]).decode(),))
            if signal == TRACES and found:
                accounts.add(database, found[0][1], accounts.WAITING, -len(found))
        return [self._payload(record) for _, _, record in found]

    def _payload(self, record: SpanRecord | LogRecord | MetricsRecord) -> tuple[bytes, int]:
        if isinstance(record, SpanRecord):
            return encode(record), self._rooms.pop((record.trace_id, record.span_id), 0)
        return (encode_log(record) if isinstance(record, LogRecord) else encode_metrics(record)), 0

    def _write(self, appender: Appender, payloads: list[tuple[bytes, int]]) -> bool:
        """Write them in their order; what cannot be written goes where it came from."""
        for place, (payload, room) in enumerate(payloads):
            try:
                appender.append(payload, room=-room)
            except OSError:
                for left in reversed(payloads[place:]):
                    self._overflow.put_back(*left)
                return False
        return True

    def _taken(self) -> list[Entry | LogRecord | MetricsRecord]:
        """Take what is to be sent. What runs waits for the disk, unless its end is among it."""
        found: list[Entry | LogRecord | MetricsRecord] = []
        running: dict[tuple[str, str], tuple[bytes, int]] = {}
        while (taken := self._overflow.take()) is not None:
            said = read(taken[0])
            if isinstance(said, Entry):
                ids = said.trace_id, said.span_id
                if said.end is None:
                    running[ids] = taken
                    continue
                running.pop(ids, None)
                if room := taken[1]:
                    self._rooms[ids] = room
            if said is not None and not isinstance(said, (Header, Notice)):
                found.append(said)
        for one in reversed(running.values()):
            self._overflow.put_back(*one)
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
