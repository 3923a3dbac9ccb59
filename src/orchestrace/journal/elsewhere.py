"""
Spans whose start is in the database, and whose end is in the memory of their process: the disk was full.

As long as that process lives, what becomes of them is counted there, and here they are `ELSEWHERE`, which no balance
counts. Then their ends come, or the process goes: see `settlement`. Everything here is inside of the caller's
transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

import orjson

from orchestrace.journal import accounts
from orchestrace.journal.decoding import attributes_of
from orchestrace.journal.notice import Notice

__all__ = ["note", "take_back"]

_FOUND: Final = (
    "SELECT s.id, s.end_time, s.attributes, d.state, d.reason FROM spans AS s LEFT JOIN deliveries AS d USING (id) "
    "WHERE s.trace_id = ? AND s.span_id = ? AND s.process = ?"
)
_END: Final = "UPDATE spans SET end_time = ?, status = ?, attributes = ? WHERE id = ?"
_INSERT: Final = "INSERT INTO deliveries (id, process, state, receiver, time) VALUES (?, ?, ?, NULL, ?)"
_SETTLE: Final = "UPDATE deliveries SET reason = ? WHERE id = ?"
_ANY: Final = "SELECT 1 FROM accounts WHERE process = ? AND state = ? AND spans > 0"
_TAKE_BACK: Final = (
    "DELETE FROM deliveries WHERE state = ? AND reason = '' "
    "AND id = (SELECT id FROM spans WHERE trace_id = ? AND span_id = ?)"
)
_COMINGS: Final = frozenset({accounts.DELIVERED, accounts.REFUSED})
"""What can become of a span in the memory of its process."""


def note(database: sqlite3.Connection, notices: Iterable[Notice], process: int) -> None:
    """Put in what a process said of its spans. What comes twice, or of a span whose end is here, changes nothing."""
    for notice in notices:
        row = database.execute(_FOUND, (notice.trace_id, notice.span_id, process)).fetchone()
        if row is None:  # forgotten
            continue
        key, end, attributes, state, reason = row
        if notice.end is not None and end is None:
            both = orjson.dumps({**attributes_of(attributes), **notice.attributes}).decode()
            database.execute(_END, (notice.end, notice.status, both, key))
            database.execute(_INSERT, (key, process, accounts.ELSEWHERE, notice.end))
            accounts.add(database, process, accounts.ELSEWHERE, 1)
        elif notice.state in _COMINGS and state == accounts.ELSEWHERE and not reason:
            came = f"{notice.state} {notice.reason}"
            database.execute(_SETTLE, (came, key))
            accounts.move(database, process, (accounts.ELSEWHERE, ""), (accounts.ELSEWHERE, came), 1)


def take_back(database: sqlite3.Connection, ended: Iterable[tuple[str, str]], process: int) -> None:
    """Have those be elsewhere no longer whose ends have come; they are to be delivered now."""
    if database.execute(_ANY, (process, accounts.ELSEWHERE)).fetchone() is not None:
        rows = [(accounts.ELSEWHERE, *ids) for ids in ended]
        accounts.add(database, process, accounts.ELSEWHERE, -database.executemany(_TAKE_BACK, rows).rowcount)
