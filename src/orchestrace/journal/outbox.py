"""What waits in a journal for one receiver, and what became of it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import orjson

from orchestrace.journal import accounts
from orchestrace.journal.backlog import Backlog
from orchestrace.journal.database import transaction
from orchestrace.journal.decoding import attributes_of
from orchestrace.journal.markers import mark
from orchestrace.journal.signals import LOGS, log_of
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["Outbox"]

TRACES: Final = "traces"

_SIGNALS: Final = (
    "SELECT id, process, trace_id, time, payload FROM signals WHERE receiver = ? AND kind = ? ORDER BY id LIMIT ?"
)
_IDS: Final = f"id IN (SELECT value FROM json_each(?)) AND state = {accounts.WAITING}"  # noqa: S608 - our names
_WRITERS: Final = f"SELECT process, count(*) FROM deliveries WHERE {_IDS} AND process IS NOT NULL GROUP BY process"  # noqa: S608 - as above
_SETTLE: Final = f"UPDATE deliveries SET state = ?, reason = ?, settled = ?, receiver = NULL WHERE {_IDS}"  # noqa: S608 - as above


class Outbox:
    """
    The outbox of a database for the receiver with row `receiver`. Each method is one short transaction.

    What became of records and could not be noted (a full disk) is noted before any other is given out: else they would
    be sent again and again. `settled` is told of spans: their keys as JSON, the state they are in now, and why. Used by
    one thread. Raises sqlite3.Error.
    """

    def __init__(
        self, database: sqlite3.Connection, receiver: int, settled: Callable[[str, int, str], None] | None = None
    ) -> None:
        self._database = database
        self._receiver = receiver
        self._backlog = Backlog(database, receiver)
        self._resources: dict[int, Mapping[str, AttributeValue]] = {}
        self._settled = settled
        self._unnoted: list[tuple[str, list[int], int, str]] = []

    def waiting(
        self, signal: str, count: int, size: int
    ) -> list[tuple[int, int, SpanRecord | LogRecord | MetricsRecord]]:
        """
        Return what has waited longest, oldest first: its key, the row of the process that wrote it, and itself.

        At most `count`, and no more when what is there has `size` characters; one at least if there is one.
        """
        self.catch_up()
        if signal == TRACES:
            return list(self._backlog.read(count, size))
        found: list[tuple[int, int, SpanRecord | LogRecord | MetricsRecord]] = []
        for key, process, characters, record in self._signals(signal, count):
            found.append((key, process, record))
            size -= characters
            if size <= 0:
                break
        return found

    def resource(self, process: int) -> Mapping[str, AttributeValue]:
        """Return the attributes of the resource that a process stated."""
        if process not in self._resources:
            row = self._database.execute("SELECT resource FROM processes WHERE process = ?", (process,)).fetchone()
            self._resources[process] = attributes_of(row[0]) if row is not None else {}
        return self._resources[process]

    def catch_up(self) -> None:
        """Note what could not be noted when it happened."""
        while self._unnoted:
            self._note(*self._unnoted[0])
            del self._unnoted[0]

    def mark(self) -> int:
        """Have those runs be seen that have not ended yet."""
        return mark(self._database, self._receiver, time.time_ns())

    def delivered(self, signal: str, keys: Iterable[int]) -> None:
        """Note what the receiver has acknowledged."""
        self._settle(signal, keys, accounts.DELIVERED, "")

    def refused(self, signal: str, keys: Iterable[int], reason: str) -> None:
        """Set aside what the receiver does not want. Signals other than spans are not kept."""
        self._settle(signal, keys, accounts.REFUSED, reason)

    def discard(self, signal: str) -> None:
        """Forget what waits of a signal that the receiver does not know."""
        with transaction(self._database):
            self._database.execute("DELETE FROM signals WHERE receiver = ? AND kind = ?", (self._receiver, signal))

    def _signals(self, signal: str, count: int) -> Iterator[tuple[int, int, int, LogRecord | MetricsRecord]]:
        for key, process, _, moment, payload in self._database.execute(_SIGNALS, (self._receiver, signal, count)):
            record = log_of(orjson.loads(payload)) if signal == LOGS else MetricsRecord(moment, payload)
            if record is not None:
                yield key, process, len(payload), record

    def _settle(self, signal: str, keys: Iterable[int], state: int, reason: str) -> None:
        self._unnoted.append((signal, list(keys), state, reason))
        self.catch_up()

    def _note(self, signal: str, keys: list[int], state: int, reason: str) -> None:
        with transaction(self._database):
            if signal != TRACES:
                self._database.executemany("DELETE FROM signals WHERE id = ?", [(key,) for key in keys])
                return
            settled = orjson.dumps(keys).decode()
            moved = self._database.execute(_WRITERS, (settled,)).fetchall()
            self._database.execute(_SETTLE, (state, reason, time.time_ns(), settled))
            for process, spans in moved:
                accounts.move(self._database, process, (accounts.WAITING, ""), (state, reason), spans)
        if self._settled is not None:
            self._settled(settled, state, reason)
