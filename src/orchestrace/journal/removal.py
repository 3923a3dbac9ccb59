"""
Take spans out of a database, with everything that stands beside them.

Accounts keep count: what was delivered stays delivered, what was not has been dropped, for a reason. Everything here is
inside of the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from orchestrace.journal import accounts
from orchestrace.journal.row import COLUMNS

__all__ = ["Removed", "remove_signals", "remove_spans", "remove_trace"]

_CHOSEN: Final = "IN (SELECT value FROM json_each(?))"
"""A list of any length as one parameter: older SQLites take no more than 999."""

_UNDELIVERED: Final = (
    "SELECT process, state, reason, count(*) FROM deliveries "  # noqa: S608 - our names
    f"WHERE id {_CHOSEN} AND state IN ({accounts.KEPT}, {accounts.WAITING}, {accounts.REFUSED}, {accounts.ELSEWHERE}) "
    "AND process IS NOT NULL GROUP BY process, state, reason"
)
_BLANK: Final = "''"
_TEXTS: Final = {"attributes": "'{}'", "events": "'[]'", "links": "'[]'", "parent_id": "NULL", "role": "NULL"}
_NUMBERS: Final = ("start_time", "end_time", "kind", "process", "verdicts", "sampled")
_HOLD: Final = (
    f"INSERT OR REPLACE INTO spans (id, {', '.join(COLUMNS)}) "  # noqa: S608 - as above
    f"VALUES (?, {', '.join('0' if name in _NUMBERS else _TEXTS.get(name, _BLANK) for name in COLUMNS)})"
)


@dataclass(frozen=True, slots=True)
class Removed:
    """What is gone: whole traces, spans, and how many of these were never delivered."""

    traces: int = 0
    spans: int = 0
    undelivered: int = 0

    def __add__(self, other: Removed) -> Removed:
        """Return both together."""
        return Removed(self.traces + other.traces, self.spans + other.spans, self.undelivered + other.undelivered)


def remove_trace(database: sqlite3.Connection, trace_id: str, reason: str, limit: int) -> Removed:
    """Take out a trace, or `limit` spans of it if it has more."""
    found = database.execute("SELECT id FROM spans WHERE trace_id = ? LIMIT ?", (trace_id, limit)).fetchall()
    removed = remove_spans(database, [key for (key,) in found], reason)
    if removed.spans == limit:
        return removed
    return removed + Removed(traces=database.execute("DELETE FROM traces WHERE trace_id = ?", (trace_id,)).rowcount)


def remove_spans(database: sqlite3.Connection, keys: Sequence[int], reason: str) -> Removed:
    """Take out spans by their rows."""
    if not keys:
        return Removed()
    chosen, undelivered = (orjson.dumps(keys).decode(),), 0
    for process, state, before, spans in database.execute(_UNDELIVERED, chosen).fetchall():
        if state == accounts.ELSEWHERE:  # its process has the end, and counts it
            accounts.add(database, process, state, -spans, before)
            continue
        accounts.move(database, process, (state, before), (accounts.DROPPED, reason), spans)
        undelivered += spans
    (last,) = database.execute("SELECT max(id) FROM spans").fetchone()
    database.execute(f"DELETE FROM deliveries WHERE id {_CHOSEN}", chosen)  # noqa: S608 - as above
    spans = database.execute(f"DELETE FROM spans WHERE id {_CHOSEN}", chosen).rowcount  # noqa: S608 - as above
    if last in keys:
        # SQLite would give the number to the next span, while a sender may still have this one in its hands and settle
        # it by its number. So an empty row, of no trace, holds the place.
        database.execute(_HOLD, (last,))
    return Removed(spans=spans, undelivered=undelivered)


def remove_signals(database: sqlite3.Connection, trace_ids: Iterable[str]) -> None:
    """Take out the log records of traces."""
    chosen = orjson.dumps(list(trace_ids)).decode()
    database.execute(f"DELETE FROM signals WHERE trace_id {_CHOSEN}", (chosen,))  # noqa: S608 - as above
