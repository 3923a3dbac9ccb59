"""
Forget runs: nothing of what they said is left in a journal, not in free pages of its files either.

Whole traces go, with all that belongs to them. What was sent before is with its receiver; what a run that is not over
says afterwards comes into the journal as ever.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from orchestrace.conventions import CONVERSATION_ID, SESSION_ID, TENANT, USER_ID
from orchestrace.exceptions import JournalError
from orchestrace.journal.database import transaction
from orchestrace.journal.erasure import erase_damaged, erase_frames
from orchestrace.journal.ingest import ingest
from orchestrace.journal.removal import Removed, remove_signals, remove_trace
from orchestrace.recording.text import as_recorded

__all__ = ["Forgotten", "Whom", "forget"]

FORGOTTEN: Final = "forgotten"
_SPANS_AT_ONCE: Final = 256

_ALL: Final = 1 << 31
_ATTEMPTS: Final = 3

_TRACES: Final = "SELECT DISTINCT trace_id FROM spans WHERE CAST(json_extract(attributes, ?) AS TEXT) = ?"
_LOGS: Final = (
    "DELETE FROM signals WHERE kind = 'logs' "
    "AND CAST(json_extract(json_extract(CAST(payload AS TEXT), '$.attributes'), ?) AS TEXT) = ?"
)
_RUNNING: Final = """
    SELECT count(DISTINCT s.trace_id) FROM spans AS s JOIN processes AS p USING (process)
    WHERE s.end_time IS NULL AND NOT p.over AND s.trace_id IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """
    How many runs and spans are gone, how many of these were never delivered, and how many runs still go on.

    `damaged` are files that nobody could read any more, and that are gone because something of the runs was in them.
    """

    runs: int
    spans: int
    undelivered: int
    running: int
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whom:
    """What is to be forgotten: a trace, and all that is of a session (or conversation), a tenant, a user."""

    run: str | None = None
    session: str | None = None
    tenant: str | None = None
    user: str | None = None

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes that tell, each with its value as it is recorded."""
        said = {SESSION_ID: self.session, CONVERSATION_ID: self.session, TENANT: self.tenant, USER_ID: self.user}
        return {name: as_recorded(value) for name, value in said.items() if value is not None}

    def traces(self, database: sqlite3.Connection) -> set[str]:
        """Return the traces to which a span of theirs belongs."""
        found = set() if self.run is None else {self.run}
        for name, value in self.attributes.items():
            found.update(trace_id for (trace_id,) in database.execute(_TRACES, (_path(name), value)))
        return found


def forget(database: sqlite3.Connection, folder: Path, whom: Whom) -> Forgotten:
    """
    Forget whole traces.

    Raises sqlite3.Error, OSError, and JournalError where something may be left in free pages, because others do not let
    go of the file: it is then to be called again.
    """
    for _ in ingest(database, folder):
        pass
    traces = whom.traces(database)
    (running,) = database.execute(_RUNNING, (orjson.dumps(sorted(traces)).decode(),)).fetchone()
    database.execute("PRAGMA secure_delete = ON")
    removed = Removed()
    for trace_id in traces:
        removed += _remove(database, trace_id)
    with transaction(database):
        for trace_id in traces:  # what came in the meantime
            removed += remove_trace(database, trace_id, FORGOTTEN, _ALL)
        remove_signals(database, traces)
        for name, value in whom.attributes.items():
            database.execute(_LOGS, (_path(name), value))
        # Nobody brings frames into the database now: how far each segment was read stands still.
        erase_frames(database, folder, traces, whom.attributes)
    damaged = tuple(erase_damaged(folder, traces, whom.attributes))
    _scrub(database)
    return Forgotten(removed.traces, removed.spans, removed.undelivered, running, damaged)


def _remove(database: sqlite3.Connection, trace_id: str) -> Removed:
    removed, one = Removed(), Removed(spans=_SPANS_AT_ONCE)
    while one.spans == _SPANS_AT_ONCE:
        with transaction(database):
            one = remove_trace(database, trace_id, FORGOTTEN, _SPANS_AT_ONCE)
        removed += one
    return removed


def _scrub(database: sqlite3.Connection) -> None:
    """Write the file anew: what was deleted, or replaced before, is left in gaps of pages that nothing else clears."""
    try:
        database.execute("PRAGMA temp_store = FILE")  # the new file is made in there first
        database.execute("VACUUM")
        for _ in range(_ATTEMPTS):
            busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return
    except sqlite3.OperationalError as error:
        msg = f"All of it is deleted, but may still be in free pages of the file ({error}): do this once more."
        raise JournalError(msg) from error
    msg = "All of it is deleted, but others are reading the file, which has older pages for them: do this once more."
    raise JournalError(msg)


def _path(name: str) -> str:
    return f'$."{name}"'
