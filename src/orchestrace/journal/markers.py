"""
Show runs that are not over: a small child of each is sent while its parent still runs.

A span can be sent only when it has ended, and never twice. So an agent or workflow that runs for longer than a second
gets a marker below it, which has its name, key, session and whatever else it can be found by; its parent comes later.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Final

from orchestrace.conventions import (
    INPUT_MIME_TYPE,
    NAMES,
    OPERATION_NAME,
    OUTPUT_MIME_TYPE,
    ROLE,
    SPAN_KIND,
)
from orchestrace.journal import accounts
from orchestrace.journal.columns import RUNS
from orchestrace.journal.database import transaction
from orchestrace.journal.entry import entry_of
from orchestrace.journal.role import MARKER
from orchestrace.journal.row import COLUMNS, PLACEHOLDERS, record_of, row_of
from orchestrace.records import SpanRecord
from orchestrace.typing import Nanoseconds

__all__ = ["mark"]

_AGE: Final = 1_000_000_000
"""Nanoseconds that a run lasts before it is marked."""
_LENGTH: Final = 1_000
"""Nanoseconds: Jaeger takes a span without length for a broken one."""
_LEFT_OUT: Final = {OPERATION_NAME, ROLE, SPAN_KIND, INPUT_MIME_TYPE, OUTPUT_MIME_TYPE}
"""What would make a second run of the marker."""

# By what still runs, which is little: this is asked several times a second, and a journal holds very many runs.
_RUNNING: Final = f"""
    SELECT s.trace_id, s.span_id FROM processes AS p
    CROSS JOIN spans AS s INDEXED BY spans_running ON s.process = p.process AND s.end_time IS NULL
    WHERE p.receiver = ? AND NOT p.over AND NOT p.withheld AND s.role IN {RUNS} AND s.sampled AND s.start_time <= ?
"""  # noqa: S608 - our names
_RUN: Final = f"SELECT {', '.join(COLUMNS)} FROM spans WHERE trace_id = ? AND span_id = ? AND end_time IS NULL"  # noqa: S608 - as above
_IS_THERE: Final = "SELECT 1 FROM spans WHERE trace_id = ? AND span_id = ?"
_INSERT: Final = f"INSERT OR IGNORE INTO spans ({', '.join(COLUMNS)}) VALUES ({PLACEHOLDERS})"  # noqa: S608 - as above
_DELIVERY: Final = (
    "INSERT OR IGNORE INTO deliveries (id, process, state, receiver, time) "
    "SELECT id, NULL, ?, ?, start_time FROM spans WHERE trace_id = ? AND span_id = ?"
)


def mark(database: sqlite3.Connection, receiver: int, now: Nanoseconds) -> int:
    """Have a marker wait for each run for `receiver` that lasts for more than a second; return how many are new."""
    running = database.execute(_RUNNING, (receiver, now - _AGE)).fetchall()
    unmarked = [run for run in running if database.execute(_IS_THERE, (run[0], _marker_id(*run))).fetchone() is None]
    if not unmarked:
        return 0
    with transaction(database):
        # Some may have ended meanwhile, or been forgotten.
        rows = [row for run in unmarked for row in database.execute(_RUN, run)]
        for row in rows:
            marker = _marker(record_of(row))
            database.execute(_INSERT, row_of(entry_of(marker), row[COLUMNS.index("process")]))
            database.execute(_DELIVERY, (accounts.WAITING, receiver, marker.trace_id, marker.span_id))
    return len(rows)


def _marker(run: SpanRecord) -> SpanRecord:
    known = {key: value for key, value in run.attributes.items() if not _is_content(key) and key not in _LEFT_OUT}
    return SpanRecord(
        trace_id=run.trace_id,
        span_id=_marker_id(run.trace_id, run.span_id),
        parent_id=run.span_id,
        name=f"started {run.name}",
        kind=0,
        start=run.start,
        end=run.start + _LENGTH,
        attributes={**known, ROLE: MARKER},
        scope=run.scope,
        scope_version=run.scope_version,
        trace_state=run.trace_state,
    )


def _marker_id(trace_id: str, span_id: str) -> str:
    # From the run's own id: whoever marks it, twice or at once, makes the same span.
    return hashlib.sha256(f"started {trace_id} {span_id}".encode()).hexdigest()[:16]


def _is_content(key: str) -> bool:
    name = NAMES.get(key)
    return name.content if name is not None else any(key.startswith(one) for one in _CONTENT_PREFIXES)


_CONTENT_PREFIXES: Final = tuple(key for key, name in NAMES.items() if key.endswith(".") and name.content)
