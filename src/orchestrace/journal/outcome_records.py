"""Which runs a journal holds, and what was said of them: for whoever adds to it (see `recording.outcomes`)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from orchestrace import conventions as names
from orchestrace.journal import role
from orchestrace.journal.census import census
from orchestrace.journal.columns import KEYED_RUNS, attribute
from orchestrace.journal.database import FILE_NAME, connect, connect_to_read
from orchestrace.journal.decoding import attributes_of
from orchestrace.journal.ingest import ingest
from orchestrace.recording.outcomes.records import NOTHING, Earlier, KnownRun, Records
from orchestrace.recording.outcomes.statement import Statement
from orchestrace.typing import Nanoseconds

__all__ = ["JournalRecords", "open_records"]

_PATIENCE: Final = 0.25
"""Seconds that a caller is held up at most by what others appended, and by others who write."""

_RUN: Final = (
    "SELECT trace_id, span_id, start_time, end_time, attributes, sampled, trace_state, process FROM spans AS s"
)
_BY_IDS: Final = f"{_RUN} WHERE trace_id = ? AND span_id = ?"
_BY_KEY: Final = f"""
    {_RUN} WHERE {KEYED_RUNS} = :key
    AND (:agent IS NULL OR :agent IN ({attribute(names.AGENT_NAME)}, {attribute(names.WORKFLOW_NAME)}))
    ORDER BY end_time IS NULL, end_time > :at, end_time DESC, start_time DESC, id DESC LIMIT 1
"""
_OUTCOME: Final = f"SELECT span_id, {attribute(names.OUTCOME_VALUE)} FROM spans AS s"  # noqa: S608 - our names
_SAME: Final = f"{_OUTCOME} WHERE trace_id = ? AND span_id = ? AND +role = '{role.OUTCOME}'"
# Found by its trace: the plus keeps SQLite from looking through all outcomes that there are.
_LAST: Final = f"""
    {_OUTCOME} WHERE trace_id = ? AND parent_id IS ? AND +role = '{role.OUTCOME}'
    AND {attribute(names.OUTCOME_NAME)} = ? AND {attribute(names.OUTCOME_SOURCE)} IS ?
    AND {attribute(names.OUTCOME_RATER)} IS ? ORDER BY id DESC LIMIT 1
"""


class JournalRecords:
    """The records of a journal's database; `recording.outcomes.records.Records` explains. Raises sqlite3.Error."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.process: int | None = None
        """The row of the process that wrote the run which was found last."""

    def run(self, trace_id: str, span_id: str) -> KnownRun | None:
        """Return a run by its ids."""
        return self._run(self._database.execute(_BY_IDS, (trace_id, span_id)).fetchone())

    def latest(self, key: str, agent: str | None, at: Nanoseconds) -> KnownRun | None:
        """Return of the runs about a key the one that ended last; one that still runs where none has ended."""
        return self._run(self._database.execute(_BY_KEY, {"key": key, "agent": agent, "at": at}).fetchone())

    def outcome(self, trace_id: str, span_id: str) -> Earlier | None:
        """Return the outcome with these ids."""
        return _earlier(self._database.execute(_SAME, (trace_id, span_id)).fetchone())

    def last(self, trace_id: str, parent_id: str | None, said: Statement) -> Earlier | None:
        """Return what was said last in the same place, under the same name, by the same source and rater."""
        same = trace_id, parent_id, said.name, said.source, said.rater
        return _earlier(self._database.execute(_LAST, same).fetchone())

    def _run(self, found: tuple[Any, ...] | None) -> KnownRun | None:
        self.process = None
        if found is None:
            return None
        trace_id, span_id, start, end, attributes, sampled, trace_state, self.process = found
        return KnownRun(trace_id, span_id, start, end, attributes_of(attributes), bool(sampled), trace_state)


@contextmanager
def open_records(folder: Path) -> Iterator[Records]:
    """
    Open the records of a journal, with what lies in its segments; for a program's own thread.

    What cannot be read in time, because others write or there is much of it, is not known. Raises sqlite3.Error,
    OSError, JournalError.
    """
    database = _connected(folder)
    if database is None:
        yield NOTHING
        return
    with closing(database):
        yield JournalRecords(database)


def _connected(folder: Path) -> sqlite3.Connection | None:
    if not (folder / FILE_NAME).is_file() and not census(folder):
        return None
    try:
        database = connect(folder, timeout=_PATIENCE)
    except (OSError, sqlite3.OperationalError):  # not ours to write, or others do
        return connect_to_read(folder)
    deadline = time.monotonic() + _PATIENCE
    with suppress(sqlite3.OperationalError):
        for _ in ingest(database, folder, keep=True):  # files are put away by the thread that does so for a living
            if time.monotonic() > deadline:
                break
    return database


def _earlier(found: tuple[str, object] | None) -> Earlier | None:
    return None if found is None else Earlier(*found)
