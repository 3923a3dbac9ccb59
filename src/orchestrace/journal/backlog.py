"""
The spans that wait for a receiver, read in few steps.

Python gives the GIL away for each row that it fetches, and may wait for it as long as the program's threads want it. So
SQLite makes one row of many spans: a list of what is short, and one of each kind of document.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final, TypeAlias

import orjson

from orchestrace.journal import accounts
from orchestrace.journal.row import COLUMNS, DOCUMENTS, record_of_parts
from orchestrace.records import SpanRecord

__all__ = ["Backlog"]

_Waiting: TypeAlias = tuple[int, int, SpanRecord]

_HEAD: Final = ", ".join(COLUMNS[: -len(DOCUMENTS)])
_LISTS: Final = ", ".join(f"CAST('[' || group_concat({name}) || ']' AS BLOB)" for name in DOCUMENTS)
_WAITING: Final = f"""
    SELECT count(*), CAST(json_group_array(json_array(key, writer, time, {_HEAD})) AS BLOB), {_LISTS}
    FROM (
        SELECT d.id AS key, coalesce(d.process, s.process) AS writer, d.time AS time, s.*
        FROM deliveries AS d JOIN spans AS s USING (id)
        WHERE d.state = {accounts.WAITING} AND d.receiver = ? AND (d.time, d.id) > (?, ?)
        ORDER BY d.time, d.id LIMIT ?
    )
"""  # noqa: S608 - our names; the state as a number, else it takes luck that the index of what waits is used
_FIRST: Final = (-1 << 63, 0)
_GUESS: Final = 64 << 10
"""Bytes that a span has, as long as none was seen."""


class Backlog:
    """What waits in a database for the receiver with row `receiver`. Used by one thread; raises sqlite3.Error."""

    def __init__(self, database: sqlite3.Connection, receiver: int) -> None:
        self._database = database
        self._receiver = receiver
        self._usual = _GUESS

    def read(self, count: int, size: int) -> list[_Waiting]:
        """
        Return the spans that have waited longest: key, row of the process that wrote it, and itself.

        At most `count`, and no more when what is there has `size` bytes; one at least if there is one.
        """
        found: list[_Waiting] = []
        place, most = _FIRST, count
        while len(found) < count and size > 0:
            # So many as will hardly be too large together: what is, was read for nothing.
            wanted = max(1, min(most, count - len(found), size * 3 // (self._usual * 4)))
            number, heads, *documents = self._database.execute(_WAITING, (self._receiver, *place, wanted)).fetchone()
            if not number:
                break
            read = len(heads) + sum(map(len, documents))
            self._usual = max(1, read // number)
            listed = orjson.loads(heads)
            spans = _spans(listed, documents) if number == 1 or read <= size else None
            if spans is None:
                most = number // 2
                continue
            found += spans
            size -= read
            place = listed[-1][2], found[-1][0]
            if number < wanted:
                break
        return found


def _spans(heads: list[list[Any]], documents: list[bytes]) -> list[_Waiting] | None:
    """Return the spans; None if something in a document of several is broken: alone, the others are not."""
    lists = _parsed(documents)
    if any(len(one) != len(heads) for one in lists):
        if len(heads) > 1:
            return None
        lists = [[one[1:-1]] for one in documents]
    return [
        (key, writer, record_of_parts(head, *of_one))
        for (key, writer, _, *head), *of_one in zip(heads, *lists, strict=True)
    ]


def _parsed(documents: list[bytes]) -> list[list[Any]]:
    try:
        return [orjson.loads(one) for one in documents]
    except orjson.JSONDecodeError:
        return [[] for _ in documents]
