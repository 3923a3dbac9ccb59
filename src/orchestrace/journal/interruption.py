"""
End what ran in processes that are gone: killed, crashed, or left while a call was still running.

Such a span ends at the last sign of life of its process, with `orchestrace.ending` "interrupted" and all that was known
of it when it started: its prompt, its place in the trace. So a trace has its root, whatever became of the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

import orjson

from orchestrace.conventions import ENDING, ERROR_TYPE
from orchestrace.journal.database import transaction
from orchestrace.journal.row import COLUMNS, record_of
from orchestrace.journal.store import Writer, deliver
from orchestrace.recording.ending import INTERRUPTED
from orchestrace.records import SpanRecord
from orchestrace.typing import Nanoseconds

__all__ = ["MESSAGE", "interrupt", "show_life"]

_AT_ONCE: Final = 256
_SHORTEST: Final = 1_000
"""Nanoseconds: Jaeger takes a span without length for a broken one."""
MESSAGE: Final = "interrupted: its process ended before it did"

_RUNNING: Final = (
    f"SELECT {', '.join(f's.{name}' for name in COLUMNS)}, p.receiver, p.withheld, p.last_time "  # noqa: S608 - our names
    "FROM spans AS s JOIN processes AS p USING (process) WHERE s.end_time IS NULL AND p.over LIMIT ?"
)
_LIVES: Final = """
    SELECT p.process FROM processes AS p WHERE p.pid = ? AND NOT p.over
    AND EXISTS (SELECT 1 FROM spans AS s WHERE s.process = p.process AND s.end_time IS NULL)
"""
_END: Final = (
    "UPDATE spans SET end_time = ?, status = ?, status_message = ?, attributes = ? "
    "WHERE trace_id = ? AND span_id = ? AND end_time IS NULL"
)


def interrupt(database: sqlite3.Connection) -> Iterator[None]:
    """End them; each step of the iterator is one short transaction. Only after all that they wrote was read."""
    while database.execute(_RUNNING, (1,)).fetchone() is not None:
        with transaction(database):
            for *row, receiver, withheld, last in database.execute(_RUNNING, (_AT_ONCE,)).fetchall():
                record = _ended(record_of(row), last)
                attributes = orjson.dumps(record.attributes).decode()
                values = record.end, record.status, record.status_message, attributes
                database.execute(_END, (*values, record.trace_id, record.span_id))
                deliver(database, [record], Writer(row[COLUMNS.index("process")], receiver, withheld))
        yield


def show_life(database: sqlite3.Connection, pid: int, now: Nanoseconds) -> bool:
    """
    Note that a process of this host lives: if it is killed, what runs in it is known to have run until now.

    Nothing is noted of one in which nothing runs; then False is returned.
    """
    runs = database.execute(_LIVES, (pid,)).fetchone() is not None
    if runs:
        with transaction(database):
            database.execute(f"UPDATE processes SET last_time = ? WHERE process IN ({_LIVES})", (now, pid))  # noqa: S608 - ours
    return runs


def _ended(record: SpanRecord, last: int) -> SpanRecord:
    record.end = max(record.start + _SHORTEST, last)
    record.status, record.status_message = "ERROR", MESSAGE
    record.attributes = {**record.attributes, ENDING: INTERRUPTED, ERROR_TYPE: INTERRUPTED}
    return record
