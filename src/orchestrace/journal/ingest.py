"""
Bring the frames of segments into the database, and delete segments that have nothing more to say.

The database's own write lock is what keeps two processes off the same frames: how far a segment was read stands in the
database, and is compared in the transaction that moves it. What is read twice all the same changes nothing (see
`store`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrace.journal.census import Found, census
from orchestrace.journal.database import transaction
from orchestrace.journal.entry import Entry
from orchestrace.journal.frames import HEADER, SegmentReader
from orchestrace.journal.interruption import interrupt
from orchestrace.journal.notice import Notice
from orchestrace.journal.pairing import records_of
from orchestrace.journal.settlement import settle
from orchestrace.journal.store import note_writer, store
from orchestrace.records import LogRecord, MetricsRecord

__all__ = ["TORN", "ingest", "ingest_own"]

TORN: Final = ".torn"
"""Suffix of a segment whose writer is gone, and in which a frame is damaged: what follows it was not read."""

_FRAMES_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 4 << 20

_UPSERT_SEGMENT: Final = (
    "INSERT INTO segments (name, offset) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET offset = excluded.offset"
)


def ingest(database: sqlite3.Connection, folder: Path, *, pid: int | None = None, keep: bool = False) -> Iterator[None]:
    """
    Read the segments of `folder`, note whose process is gone, and end what ran in it.

    Each step of the iterator is one short transaction. With `pid`, segments of other processes that live are left to
    them. With `keep` no file is touched. Raises sqlite3.Error.
    """
    # In this order: who is not known yet cannot be found gone, and who is found gone has written all that is read.
    known = [name for (name,) in database.execute("SELECT id FROM processes WHERE NOT over")]
    everyone = census(folder)
    living = {one.header.process for one in everyone if one.lives}
    theirs = set() if pid is None else {one.header.process for one in everyone if one.header.pid != pid} & living
    ours = [one for one in everyone if one.header.process not in theirs]
    yield from _ingest(database, ours, living, keep=keep)
    yield from _forget_gone(database, folder)
    if gone := set(known) - living:
        with transaction(database):
            database.executemany("UPDATE processes SET over = 1 WHERE id = ?", [(name,) for name in gone])
        yield
    # All that they wrote was read by now: what has not ended yet never will.
    yield from interrupt(database)
    yield from settle(database)


def ingest_own(database: sqlite3.Connection, folder: Path) -> Iterator[None]:
    """Read the segments of this process, as `ingest` does."""
    found = census(folder, os.getpid())
    if (yield from _ingest(database, found, {one.header.process for one in found if one.lives})):
        yield from _forget_gone(database, folder)


def _ingest(
    database: sqlite3.Connection, found: list[Found], living: set[str], *, keep: bool = False
) -> Generator[None, None, bool]:
    """Read segments; return whether some were put away."""
    finished: list[tuple[Path, bool]] = []
    for one in found:
        with suppress(FileNotFoundError):  # another process was faster
            reader = yield from _read(database, one, over=one.header.process not in living)
            if reader.ended or not one.lives:
                finished.append((one.path, reader.torn))
    if finished and not keep:
        _put_away(database, finished)
        yield
    return bool(finished)


def _forget_gone(database: sqlite3.Connection, folder: Path) -> Iterator[None]:
    gone = [row for row in database.execute("SELECT name FROM segments") if not (folder / row[0]).exists()]
    if gone:
        with transaction(database):
            database.executemany("DELETE FROM segments WHERE name = ?", gone)
        yield


def _read(database: sqlite3.Connection, found: Found, *, over: bool) -> Generator[None, None, SegmentReader]:
    with found.path.open("rb", buffering=0) as file:
        offset = _offset(database, found.path.name)
        while True:
            reader = SegmentReader(file, offset)
            batch, more = _batch(reader)
            if reader.offset == max(offset, HEADER.size):
                return reader
            with transaction(database):
                now = _offset(database, found.path.name)
                if now != offset:  # another process was faster
                    offset = now
                    continue
                if not found.path.exists():  # so much faster that it has forgotten how far it was
                    raise FileNotFoundError
                store(database, batch, note_writer(database, found.header, over=over))
                database.execute(_UPSERT_SEGMENT, (found.path.name, reader.offset))
            yield
            if not more:
                return reader
            offset = reader.offset


def _batch(reader: SegmentReader) -> tuple[list[Entry | LogRecord | MetricsRecord | Notice], bool]:
    """Return what the next frames hold, and whether there may be more than fit into one transaction."""
    payloads: list[bytes] = []
    start = reader.offset
    for payload in reader:
        payloads.append(payload)
        if len(payloads) == _FRAMES_AT_ONCE or reader.offset - start > _BYTES_AT_ONCE:
            return records_of(payloads), True
    return records_of(payloads), False


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
