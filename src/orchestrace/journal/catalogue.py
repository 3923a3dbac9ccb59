"""Ask a database of spans which runs there were, and for the spans of one of them."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Final

from orchestrace.conventions import ENDING
from orchestrace.exceptions import JournalError
from orchestrace.journal.columns import RUNS, SPAN, SPANS, attribute
from orchestrace.journal.row import COLUMNS, record_of
from orchestrace.journal.run import Run, runs
from orchestrace.journal.wanted import Wanted, wanted
from orchestrace.records import SpanRecord

__all__ = ["Catalogue"]

_LISTED: Final = 5


class Catalogue(ABC):
    """
    What was recorded, wherever it comes from.

    `place` names that for people: it follows "in".
    """

    place: str

    @abstractmethod
    def open(self) -> AbstractContextManager[sqlite3.Connection | None]:
        """Give the database to ask; None if there is none."""

    def runs(self, limit: int = 20, *, nested: bool = False) -> list[Run]:
        """Return the newest runs, newest first; those inside of another run only with `nested`."""
        with self.open() as database:
            return runs(database, limit, nested=nested) if database is not None else []

    def trace(self, typed: str) -> list[SpanRecord]:
        """
        Return the spans of a trace in the order in which they started.

        It is asked for as `wanted` says: by its id, an unambiguous beginning of that (4 digits at least), a run's
        reference, `key=…` or "last". A span that did not end has `orchestrace.ending` "running" or "interrupted".
        Raises JournalError if there is no such trace, or more than one.
        """
        with self.open() as database:
            if database is None:
                msg = f"There is no trace {typed.strip().lower()!r}: {self.place} is empty."
                raise JournalError(msg)
            return _spans(database, self._trace_id(database, wanted(typed)))

    def _trace_id(self, database: sqlite3.Connection, found: Wanted) -> str:
        if found.last:
            return self._newest(database)
        return self._about(database, found) if found.name else self._beginning(database, found.prefix)

    def _newest(self, database: sqlite3.Connection) -> str:
        newest = runs(database, 1, nested=False)
        if not newest:
            msg = f"There is no last run: {self.place} holds none."
            raise JournalError(msg)
        return newest[0].trace_id

    def _about(self, database: sqlite3.Connection, found: Wanted) -> str:
        """Return the newest trace that has an attribute: of runs, if one has it, for they are found at once."""
        has = f"{attribute(found.name)} = ? ORDER BY s.start_time DESC LIMIT 1"
        for where in (f"s.role IN {RUNS} AND {has}", has):
            rows = database.execute(f"SELECT s.trace_id FROM spans AS s WHERE {where}", (found.value,)).fetchall()  # noqa: S608 - our names
            for (trace_id,) in rows:
                return str(trace_id)
        msg = f"There is no run with {found} in {self.place}. {_offer(runs(database, _LISTED, nested=False))}"
        raise JournalError(msg)

    def _beginning(self, database: sqlite3.Connection, prefix: str) -> str:
        matches = database.execute(
            "SELECT trace_id FROM traces WHERE trace_id >= ? AND trace_id < ? ORDER BY start_time DESC LIMIT ?",
            (prefix, prefix + "g", _LISTED + 1),
        ).fetchall()
        if len(matches) == 1:
            return str(matches[0][0])
        if not matches:
            msg = f"There is no trace {prefix} in {self.place}. {_offer(runs(database, _LISTED, nested=False))}"
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
