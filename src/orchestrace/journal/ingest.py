"""
Bring the frames of segments into the database, and delete segments that have nothing more to say.

The database's own write lock is what keeps two processes off the same frames: how far a segment was read stands in the
database, and is compared in the transaction that moves it. What is read twice all the same changes nothing: a span that
ended replaces one that started, never the other way round.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson

from orchestrace.journal.census import Found, census
from orchestrace.journal.database import transaction
from orchestrace.journal.decoding import decode
from orchestrace.journal.encoding import Header
from orchestrace.journal.frames import HEADER, SegmentReader
from orchestrace.journal.row import AGENT, COLUMNS, OUTCOME, WORKFLOW, role_of, row_of
from orchestrace.records import SpanRecord

__all__ = ["TORN", "ingest", "ingest_own"]

TORN: Final = ".torn"
"""Suffix of a segment whose writer is gone, and in which a frame is damaged: what follows it was not read."""

_FRAMES_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 4 << 20

_UPSERT: Final = (
    f"INSERT INTO spans ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608 - our names
    f"ON CONFLICT (trace_id, span_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[2:])} "
    "WHERE excluded.end_time IS NOT NULL OR spans.end_time IS NULL"
)
_UPSERT_TRACE: Final = (
    "INSERT INTO traces (trace_id, start_time, holds) VALUES (?, ?, ?) ON CONFLICT (trace_id) DO UPDATE "
    "SET start_time = min(start_time, excluded.start_time), holds = max(holds, excluded.holds)"
)
_UPSERT_PROCESS: Final = (
    "INSERT INTO processes (id, pid, host, version, start_time, resource, over) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET over = excluded.over"
)
_UPSERT_SEGMENT: Final = (
    "INSERT INTO segments (name, offset) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET offset = excluded.offset"
)


def ingest(database: sqlite3.Connection, folder: Path, *, pid: int | None = None, keep: bool = False) -> Iterator[None]:
    """
    Read the segments of `folder`, and note whose process is gone. Each step of the iterator is one short transaction.

    With `pid`, segments of other processes that live are left to them. With `keep` no file is touched. Raises
    sqlite3.Error.
    """
    # In this order: who is not known yet cannot be found gone, and who is found gone has written all that is read.
    known = [name for (name,) in database.execute("SELECT id FROM processes WHERE NOT over")]
    everyone = census(folder)
    living = {one.header.process for one in everyone if one.lives}
    theirs = set() if pid is None else {one.header.process for one in everyone if one.header.pid != pid} & living
    ours = [one for one in everyone if one.header.process not in theirs]
    yield from _ingest(database, folder, ours, living, keep=keep)
    if gone := set(known) - living:
        with transaction(database):
            database.executemany("UPDATE processes SET over = 1 WHERE id = ?", [(name,) for name in gone])
        yield


def ingest_own(database: sqlite3.Connection, folder: Path) -> Iterator[None]:
    """Read the segments of this process, as `ingest` does."""
    found = census(folder, os.getpid())
    return _ingest(database, folder, found, {one.header.process for one in found if one.lives})


def _ingest(
    database: sqlite3.Connection, folder: Path, found: list[Found], living: set[str], *, keep: bool = False
) -> Iterator[None]:
    finished: list[tuple[Path, bool]] = []
    for one in found:
        with suppress(FileNotFoundError):  # another process was faster
            reader = yield from _read(database, one, over=one.header.process not in living)
            if reader.ended or not one.lives:
                finished.append((one.path, reader.torn))
    if finished and not keep:
        _put_away(database, finished)
        yield
    gone = [row for row in database.execute("SELECT name FROM segments") if not (folder / row[0]).exists()]
    if gone:
        with transaction(database):
            database.executemany("DELETE FROM segments WHERE name = ?", gone)
        yield


def _read(database: sqlite3.Connection, found: Found, *, over: bool) -> Generator[None, None, SegmentReader]:
    with found.path.open("rb") as file:
        while True:
            offset = _offset(database, found.path.name)
            reader = SegmentReader(file, offset)
            records = _batch(reader)
            if reader.offset == max(offset, HEADER.size):
                return reader
            with transaction(database):
                if _offset(database, found.path.name) != offset:  # another process was faster
                    continue
                if not found.path.exists():  # so much faster that it has forgotten how far it was
                    raise FileNotFoundError
                _store(database, records, _process(database, found.header, over=over))
                database.execute(_UPSERT_SEGMENT, (found.path.name, reader.offset))
            yield


def _batch(reader: SegmentReader) -> list[SpanRecord]:
    records, start = [], reader.offset
    for count, payload in enumerate(reader, 1):
        record = decode(payload)
        if isinstance(record, SpanRecord):
            records.append(record)
        if count == _FRAMES_AT_ONCE or reader.offset - start > _BYTES_AT_ONCE:
            break
    return records


def _store(database: sqlite3.Connection, records: Iterable[SpanRecord], process: int) -> None:
    last: dict[tuple[str, str], SpanRecord] = {}
    traces: dict[str, tuple[int, int]] = {}
    for record in records:
        ids = record.trace_id, record.span_id
        # Most spans start and end within one batch: then their start is never written.
        if record.end is not None or ids not in last or last[ids].end is None:
            last[ids] = record
        start, holds = traces.get(record.trace_id, (record.start, 0))
        traces[record.trace_id] = min(start, record.start), max(holds, _holds(record))
    database.executemany(_UPSERT, [row_of(record, process) for record in last.values()])
    database.executemany(_UPSERT_TRACE, [(trace_id, *values) for trace_id, values in traces.items()])


def _holds(record: SpanRecord) -> int:
    role = role_of(record)
    return 2 if role in {AGENT, WORKFLOW} else 0 if role == OUTCOME else 1


def _process(database: sqlite3.Connection, header: Header, *, over: bool) -> int:
    resource = orjson.dumps(header.resource).decode()
    row = header.process, header.pid, header.host, header.version, header.start, resource, over
    database.execute(_UPSERT_PROCESS, row)
    number: int = database.execute("SELECT process FROM processes WHERE id = ?", (header.process,)).fetchone()[0]
    return number


def _offset(database: sqlite3.Connection, name: str) -> int:
    row = database.execute("SELECT offset FROM segments WHERE name = ?", (name,)).fetchone()
    return row[0] if row is not None else 0


def _put_away(database: sqlite3.Connection, finished: list[tuple[Path, bool]]) -> None:
    # What was read must be on the disk itself before the only other copy of it goes.
    database.execute("PRAGMA synchronous = FULL")
    try:
        with transaction(database):
            database.executemany(
                "UPDATE segments SET offset = offset WHERE name = ?", [(path.name,) for path, _ in finished]
            )
    finally:
        database.execute("PRAGMA synchronous = NORMAL")
    for path, torn in finished:
        with suppress(OSError):
            path.rename(path.with_suffix(TORN)) if torn else path.unlink()
