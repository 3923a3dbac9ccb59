"""Read a journal back: which runs there were, and the spans of one of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

from orchestrace.conventions import ENDING
from orchestrace.exceptions import JournalError
from orchestrace.journal.census import census
from orchestrace.journal.columns import SPAN, SPANS
from orchestrace.journal.database import FILE_NAME, connect, connect_in_memory, connect_to_read
from orchestrace.journal.ingest import ingest
from orchestrace.journal.row import COLUMNS, record_of
from orchestrace.journal.run import Run, runs
from orchestrace.records import SpanRecord

__all__ = ["Reader", "Run"]

LAST: Final = "last"
_WRITERS: Final = 2.0
"""Seconds to wait for others who write; what is not ingested by then is missing from the answer."""
_LISTED: Final = 5
_REFERENCE: Final = re.compile(r"(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]+")
_PREFIX: Final = re.compile(r"[0-9a-f]{4,32}")


class Reader:
    """
    The reading end of a journal folder, for whoever did not write it.

    Before it answers it ingests what lies in the folder, if it can; then it answers from what there is. A folder that
    is empty, or is not there, is a journal without runs. Raises JournalError for a file that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection | None]:
        """Give the database to ask; None if there is none. Raises JournalError."""
        try:
            database = self._connected()
            with closing(database) if database is not None else nullcontext():
                yield database
        except (sqlite3.Error, OSError) as error:
            msg = f"The journal in {self.folder} cannot be read: {error}."
            raise JournalError(msg) from error

    def runs(self, limit: int = 20, *, nested: bool = False) -> list[Run]:
        """Return the newest runs, newest first; those inside of another run only with `nested`."""
        with self.open() as database:
            return runs(database, limit, nested=nested) if database is not None else []

    def trace(self, wanted: str) -> list[SpanRecord]:
        """
        Return the spans of a trace in the order in which they started.

        `wanted` is its id, an unambiguous beginning of that (4 digits at least), a run's reference, or "last". A span
        that did not end has `orchestrace.ending` "running" or "interrupted". Raises JournalError if there is no such
        trace, or more than one.
        """
        with self.open() as database:
            if database is None:
                msg = f"There is no trace {wanted!r}: the journal in {self.folder} is empty."
                raise JournalError(msg)
            return _spans(database, self._trace_id(database, wanted.strip().lower()))

    def _connected(self) -> sqlite3.Connection | None:
        if not (self.folder / FILE_NAME).is_file() and not census(self.folder):
            return None
        try:
            database = connect(self.folder, timeout=_WRITERS)
        except (OSError, sqlite3.OperationalError):  # not ours to write
            return connect_to_read(self.folder) or self._copied()
        with suppress(sqlite3.OperationalError):  # a full disk, or others who write all the time
            for _ in ingest(database, self.folder):
                pass
        return database

    def _copied(self) -> sqlite3.Connection:
        database = connect_in_memory()
        for _ in ingest(database, self.folder, keep=True):
            pass
        return database

    def _trace_id(self, database: sqlite3.Connection, wanted: str) -> str:
        if wanted == LAST:
            newest = runs(database, 1, nested=False)
            if not newest:
                msg = f"There is no last run: the journal in {self.folder} holds none."
                raise JournalError(msg)
            return newest[0].trace_id
        reference = _REFERENCE.fullmatch(wanted)
        prefix = reference["trace"] if reference else wanted
        if not _PREFIX.fullmatch(prefix):
            msg = f"{wanted!r} names no trace: give at least 4 hex digits of its id, a run's reference, or 'last'."
            raise JournalError(msg)
        matches = database.execute(
            "SELECT trace_id FROM traces WHERE trace_id >= ? AND trace_id < ? ORDER BY start_time DESC LIMIT ?",
            (prefix, prefix + "g", _LISTED + 1),
        ).fetchall()
        if len(matches) == 1:
            found: str = matches[0][0]
            return found
        if not matches:
            msg = f"There is no trace {prefix} in {self.folder}. {_offer(runs(database, _LISTED, nested=False))}"
            raise JournalError(msg)
        listed = ", ".join(trace_id for (trace_id,) in matches[:_LISTED])
        more = " and more" if len(matches) > _LISTED else ""
        msg = f"{prefix} begins more than one trace: {listed}{more}. Give more digits."
        raise JournalError(msg)


def _spans(database: sqlite3.Connection, trace_id: str) -> list[SpanRecord]:
    rows = database.execute(
        f"SELECT {', '.join(f's.{name}' for name in COLUMNS)}, {SPAN['ending']} FROM {SPANS} "  # noqa: S608 - our names
        "WHERE s.trace_id = ? ORDER BY s.start_time, s.id",
        (trace_id,),
    )
    spans = []
    for *row, ending in rows:
        record = record_of(row)
        if record.end is None:
            record.attributes[ENDING] = ending
        spans.append(record)
    return spans


def _offer(newest: list[Run]) -> str:
    if not newest:
        return "There are no runs."
    return "The newest runs: " + ", ".join(f"{run.trace_id} ({run.name})" for run in newest) + "."
