"""What a receiver refused: which spans, why, and how they get another chance."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from orchestrace.journal import accounts
from orchestrace.journal.database import transaction
from orchestrace.typing import Nanoseconds

__all__ = ["SetAside", "resend", "set_aside"]

_REFUSED: Final = f"""
    SELECT s.trace_id, s.span_id, s.name, s.end_time, d.settled, d.reason
    FROM deliveries AS d JOIN spans AS s USING (id) WHERE d.state = {accounts.REFUSED} AND d.process IS NOT NULL
    ORDER BY d.time DESC, d.id DESC LIMIT ?
"""  # noqa: S608 - our names
_AGAIN: Final = f"""
    SELECT d.id, d.process, d.reason, p.receiver FROM deliveries AS d JOIN processes AS p USING (process)
    WHERE d.state = {accounts.REFUSED} AND instr(d.reason, ?) > 0 ORDER BY d.time LIMIT ?
"""  # noqa: S608 - as above
_WAITS: Final = "UPDATE deliveries SET state = ?, receiver = ?, reason = '', settled = NULL WHERE id = ?"
_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True)
class SetAside:
    """A span that its receiver does not want, when it said so, and why."""

    trace_id: str
    span_id: str
    name: str
    end: Nanoseconds
    refused: Nanoseconds
    reason: str


def set_aside(database: sqlite3.Connection, limit: int = -1) -> list[SetAside]:
    """Return what was refused, the newest first."""
    return [SetAside(*row) for row in database.execute(_REFUSED, (limit,))]


def resend(database: sqlite3.Connection, reason: str = "") -> int:
    """
    Have what was refused wait once more for the receiver of its process; return how many spans.

    With `reason` only those in whose reason these words stand. Raises sqlite3.Error.
    """
    resent = 0
    while True:
        with transaction(database):
            rows = database.execute(_AGAIN, (reason, _AT_ONCE)).fetchall()
            for key, process, said, receiver in rows:
                state = accounts.KEPT if receiver is None else accounts.WAITING
                database.execute(_WAITS, (state, receiver, key))
                accounts.move(database, process, (accounts.REFUSED, said), (state, ""), 1)
        resent += len(rows)
        if len(rows) < _AT_ONCE:
            return resent
