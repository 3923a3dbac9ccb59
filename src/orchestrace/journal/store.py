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

from orchestrace.journal import accounts, elsewhere
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.bulk import Insert
from orchestrace.journal.encoding import Header
from orchestrace.journal.entry import Entry, entry_of, joined
from orchestrace.journal.notice import Notice
from orchestrace.journal.role import AGENT, OUTCOME, WORKFLOW
from orchestrace.journal.row import COLUMNS, PLACEHOLDERS, row_of
from orchestrace.journal.signals import LOGS, METRICS, encode_log
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

__all__ = ["NOT_LOST", "NOT_SAMPLED", "NOT_SENT", "Writer", "deliver", "note_receiver", "note_writer", "store"]

_Record: TypeAlias = Entry | SpanRecord | LogRecord | MetricsRecord | Notice

_UPSERT: Final = Insert(
    f"INSERT INTO spans ({', '.join(COLUMNS)})",
    f"({PLACEHOLDERS})",
    f"ON CONFLICT (trace_id, span_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[2:])} "
    "WHERE excluded.end_time IS NOT NULL OR spans.end_time IS NULL",
    len(COLUMNS),
)
_LAST_ID: Final = "SELECT coalesce(max(id), 0) FROM spans"
_NEW: Final = "SELECT trace_id, span_id FROM spans WHERE id > ?"
_WIDEN_TRACE: Final = (
    "ON CONFLICT (trace_id) DO UPDATE "
    "SET start_time = min(start_time, excluded.start_time), holds = max(holds, excluded.holds) "
    "WHERE excluded.start_time < start_time OR excluded.holds > holds"
)
_UPSERT_TRACE: Final = f"INSERT INTO traces (trace_id, start_time, holds) VALUES (?, ?, ?) {_WIDEN_TRACE}"  # noqa: S608 - our names
_UPSERT_NEW_TRACES: Final = (
    "INSERT INTO traces (trace_id, start_time, holds) "  # noqa: S608 - as above
    f"SELECT trace_id, start_time, CASE role WHEN '{AGENT}' THEN 2 WHEN '{WORKFLOW}' THEN 2 WHEN '{OUTCOME}' THEN 0 "
    f"ELSE 1 END FROM spans WHERE id > ? {_WIDEN_TRACE}"
)
_UPSERT_PROCESS: Final = (
    "INSERT INTO processes (id, pid, host, version, start_time, resource, over, receiver, withheld) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET over = excluded.over"
)
_WRITER: Final = "SELECT process, receiver, withheld FROM processes WHERE id = ? AND over = ?"
# An outcome is as old as it is here: its own time is that of a run which may have ended long ago.
_DELIVER: Final = (
    "INSERT OR IGNORE INTO deliveries (id, process, state, receiver, time, reason) "  # noqa: S608 - as above
    f"SELECT id, ?, ?, ?, CASE role WHEN '{OUTCOME}' THEN max(?, end_time) ELSE end_time END, ? FROM spans "
)
_DELIVERY: Final = f"{_DELIVER} WHERE trace_id = ? AND span_id = ?"
_NEW_DELIVERIES: Final = f"{_DELIVER} WHERE id > ? AND end_time IS NOT NULL AND sampled = ?"
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
    found = database.execute(_WRITER, (header.process, over)).fetchone()
    if found is None:
        receiver = note_receiver(database, header.receiver)
        who = header.process, header.pid, header.host, header.version, header.start
        resource = orjson.dumps(header.resource).decode()
        database.execute(_UPSERT_PROCESS, (*who, resource, over, receiver, header.withheld))
        found = database.execute(_WRITER, (header.process, over)).fetchone()
    return Writer(*found)


def store(database: sqlite3.Connection, records: Iterable[_Record], writer: Writer) -> None:
    """Put in what a process wrote, in the order in which it did."""
    spans: list[Entry] = []
    signals: list[tuple[object, ...]] = []
    notices: list[Notice] = []
    for record in records:
        if type(record) is Entry:
            spans.append(record)
        elif isinstance(record, SpanRecord):
            spans.append(entry_of(record))
        elif isinstance(record, (LogRecord, MetricsRecord)):
            signals.append(_signal(record, writer))
        elif isinstance(record, Notice):
            notices.append(record)
    if spans:
        _store_spans(database, spans, writer)
    if notices:  # after the starts that they are about; where the end has come, too, they are no news
        elsewhere.note(database, notices, writer.process)
    if signals:
        database.executemany(_SIGNAL, signals)


def _store_spans(database: sqlite3.Connection, entries: list[Entry], writer: Writer) -> None:
    last = _last(database, entries)
    (before,) = database.execute(_LAST_ID).fetchone()
    _UPSERT.run(database, [row_of(entry, writer.process) for entry in last])
    known = _known(database, last, before)
    if len(known) < len(last):
        database.execute(_UPSERT_NEW_TRACES, (before,))
        _deliver_new(database, before, writer, {entry.sampled for entry in last})
    if known:
        database.executemany(_UPSERT_TRACE, [(entry.trace_id, entry.start, _holds(entry)) for entry in known])
        ended = [entry for entry in known if entry.end is not None]
        elsewhere.take_back(database, [(entry.trace_id, entry.span_id) for entry in ended], writer.process)
        deliver(database, ended, writer)
    latest = max(max(entry.start, entry.end or 0) for entry in last)
    database.execute(
        "UPDATE processes SET last_time = ? WHERE process = ? AND last_time < ?", (latest, writer.process, latest)
    )


def _known(database: sqlite3.Connection, entries: list[Entry], before: int) -> list[Entry]:
    """Return those that were here already; spans that are new have later numbers than there were `before`."""
    (now,) = database.execute(_LAST_ID).fetchone()
    if now - before == len(entries):
        return []
    new = set(database.execute(_NEW, (before,))) if now > before else set()
    return [entry for entry in entries if (entry.trace_id, entry.span_id) not in new]


def _deliver_new(database: sqlite3.Connection, before: int, writer: Writer, sampled: Iterable[bool]) -> None:
    """Do what `deliver` does, for all at once that have later numbers than there were `before`."""
    now = time.time_ns()
    for one in sampled:
        state, reason = _state(writer, sampled=one)
        receiver = writer.receiver if state == accounts.WAITING else None
        new = database.execute(_NEW_DELIVERIES, (writer.process, state, receiver, now, reason, before, one)).rowcount
        accounts.add(database, writer.process, state, new, reason)


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
            is_rest = before.rest  # of a start that came with an earlier batch
            last[ids] = joined(before.attributes, entry)
            entry.rest = is_rest
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
        by_state.setdefault(_state(writer, sampled=record.sampled), []).append(record)
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


def _state(writer: Writer, *, sampled: bool) -> tuple[int, str]:
    if not sampled:
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
