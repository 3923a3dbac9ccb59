"""
Put records into a database: spans, what is to become of them, and the signals that wait beside them.

What is put in twice changes nothing: a span that ended replaces one that started, never the other way round, and is
counted once. Everything here is inside of the caller's transaction.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson

from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.encoding import Header
from orchestrace.journal.entry import Entry, entry_of, joined
from orchestrace.journal.role import AGENT, OUTCOME, WORKFLOW
from orchestrace.journal.row import COLUMNS, PLACEHOLDERS, row_of
from orchestrace.journal.signals import LOGS, METRICS, encode_log
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

__all__ = ["NOT_LOST", "NOT_SAMPLED", "NOT_SENT", "Writer", "deliver", "note_receiver", "note_writer", "store"]

_Record: TypeAlias = Entry | SpanRecord | LogRecord | MetricsRecord

_UPSERT: Final = (
    f"INSERT INTO spans ({', '.join(COLUMNS)}) VALUES ({PLACEHOLDERS}) "  # noqa: S608 - our names
    f"ON CONFLICT (trace_id, span_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[2:])} "
    "WHERE excluded.end_time IS NOT NULL OR spans.end_time IS NULL"
)
_UPSERT_TRACE: Final = (
    "INSERT INTO traces (trace_id, start_time, holds) VALUES (?, ?, ?) ON CONFLICT (trace_id) DO UPDATE "
    "SET start_time = min(start_time, excluded.start_time), holds = max(holds, excluded.holds)"
)
_UPSERT_PROCESS: Final = (
    "INSERT INTO processes (id, pid, host, version, start_time, resource, over, receiver, withheld) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET over = excluded.over"
)
_WRITER: Final = "SELECT process, receiver, withheld FROM processes WHERE id = ?"
# An outcome is as old as it is here: its own time is that of a run which may have ended long ago.
_DELIVERY: Final = (
    "INSERT OR IGNORE INTO deliveries (id, process, state, receiver, time, reason) "  # noqa: S608 - as above
    f"SELECT id, ?, ?, ?, CASE role WHEN '{OUTCOME}' THEN max(?, end_time) ELSE end_time END, ? "
    "FROM spans WHERE trace_id = ? AND span_id = ?"
)
_BEFORE: Final = "SELECT CAST(attributes AS BLOB), end_time FROM spans WHERE trace_id = ? AND span_id = ?"
_SIGNAL: Final = "INSERT INTO signals (process, kind, trace_id, time, receiver, payload) VALUES (?, ?, ?, ?, ?, ?)"
NOT_SAMPLED: Final = "not sampled"
NOT_SENT: Final = "not sent from here"
THERE: Final = "recorded by another process"
NOT_LOST: Final = frozenset({NOT_SAMPLED, NOT_SENT, THERE})
"""The reasons for which a span is not to be sent at all, or not a second time."""
_OF_OTHERS: Final = (
    "SELECT count(*) FROM deliveries JOIN spans USING (id) "
    "WHERE trace_id = ? AND span_id = ? AND deliveries.process <> ?"
)


@dataclass(frozen=True, slots=True)
class Writer:
    """The row of a process, and of the receiver for whom it writes; None is nobody so far. See `Header`."""

    process: int
    receiver: int | None
    withheld: bool


def note_receiver(database: sqlite3.Connection, receiver: Addressee | None) -> int | None:
    """Return the row of a receiver, made if it is new."""
    if receiver is None:
        return None
    database.execute(
        "INSERT OR IGNORE INTO receivers (id, destination) VALUES (?, ?)", (receiver.id, receiver.destination)
    )
    number: int = database.execute("SELECT receiver FROM receivers WHERE id = ?", (receiver.id,)).fetchone()[0]
    return number


def note_writer(database: sqlite3.Connection, header: Header, *, over: bool) -> Writer:
    """Return the row of a process, made if it is new; its receiver stays whom it was adopted by."""
    resource = orjson.dumps(header.resource).decode()
    receiver = note_receiver(database, header.receiver)
    who = header.process, header.pid, header.host, header.version, header.start, resource
    database.execute(_UPSERT_PROCESS, (*who, over, receiver, header.withheld))
    return Writer(*database.execute(_WRITER, (header.process,)).fetchone())


def store(database: sqlite3.Connection, records: Iterable[_Record], writer: Writer) -> None:
    """Put in what a process wrote, in the order in which it did."""
    records = list(records)
    entries = [entry_of(record) if isinstance(record, SpanRecord) else record for record in records]
    _store_spans(database, [entry for entry in entries if isinstance(entry, Entry)], writer)
    signals = [_signal(record, writer) for record in records if isinstance(record, (LogRecord, MetricsRecord))]
    database.executemany(_SIGNAL, signals)


def _store_spans(database: sqlite3.Connection, entries: list[Entry], writer: Writer) -> None:
    last = _last(database, entries)
    traces: dict[str, tuple[int, int]] = {}
    latest = 0
    for entry in entries:
        start, holds = traces.get(entry.trace_id, (entry.start, 0))
        traces[entry.trace_id] = min(start, entry.start), max(holds, _holds(entry))
        latest = max(latest, entry.start, entry.end or 0)
    database.executemany(_UPSERT, [row_of(entry, writer.process) for entry in last])
    database.executemany(_UPSERT_TRACE, [(trace_id, *values) for trace_id, values in traces.items()])
    deliver(database, [entry for entry in last if entry.end is not None], writer)
    database.execute(
        "UPDATE processes SET last_time = ? WHERE process = ? AND last_time < ?", (latest, writer.process, latest)
    )


def _last(database: sqlite3.Connection, entries: list[Entry]) -> list[Entry]:
    """Return what counts of each span. Most start and end within one batch: then their start is never written."""
    last: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        ids = entry.trace_id, entry.span_id
        before = last.get(ids)
        if before is None or not entry.rest:
            if before is None or before.end is None or entry.end is not None:
                last[ids] = entry
        elif before.end is None:
            last[ids] = joined(before.attributes, entry)
    return [_joined(database, entry) if entry.rest else entry for entry in last.values()]


def _joined(database: sqlite3.Connection, rest: Entry) -> Entry:
    """Join what came at the end to what came with an earlier batch, unless it was forgotten meanwhile."""
    row = database.execute(_BEFORE, (rest.trace_id, rest.span_id)).fetchone()
    attributes, end = (rest.identity, None) if row is None else row
    return joined(attributes, rest, ended=end is not None)


def deliver(database: sqlite3.Connection, ended: Iterable[Entry | SpanRecord], writer: Writer) -> None:
    """Say what is to become of spans that have ended, and count them."""
    now = time.time_ns()
    by_state: dict[tuple[int, str], list[Entry | SpanRecord]] = {}
    for record in ended:
        by_state.setdefault(_state(record, writer), []).append(record)
    for (state, reason), records in by_state.items():
        receiver = writer.receiver if state == accounts.WAITING else None
        rows = [(writer.process, state, receiver, now, reason, one.trace_id, one.span_id) for one in records]
        new = database.executemany(_DELIVERY, rows).rowcount
        accounts.add(database, writer.process, state, new, reason)
        if new < len(rows):  # an outcome that two processes reported at once; or what was read before, and counted
            there = sum(_is_of_another(database, one, writer) for one in records)
            accounts.add(database, writer.process, accounts.WITHHELD, there, THERE)


def _is_of_another(database: sqlite3.Connection, record: Entry | SpanRecord, writer: Writer) -> bool:
    asked = record.trace_id, record.span_id, writer.process
    return bool(database.execute(_OF_OTHERS, asked).fetchone()[0])


def _state(record: Entry | SpanRecord, writer: Writer) -> tuple[int, str]:
    if not record.sampled:
        return accounts.WITHHELD, NOT_SAMPLED
    if writer.withheld:
        return accounts.WITHHELD, NOT_SENT
    return (accounts.KEPT if writer.receiver is None else accounts.WAITING), ""


def _holds(entry: Entry) -> int:
    return 2 if entry.role in {AGENT, WORKFLOW} else 0 if entry.role == OUTCOME else 1


def _signal(record: LogRecord | MetricsRecord, writer: Writer) -> tuple[object, ...]:
    if isinstance(record, LogRecord):
        # Since it was noticed: what it tells of may have happened long ago.
        since = max(record.time, record.observed)
        return writer.process, LOGS, record.trace_id, since, writer.receiver, encode_log(record)
    return writer.process, METRICS, None, record.time, writer.receiver, record.data
