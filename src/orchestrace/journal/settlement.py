"""
Settle what ended elsewhere (see `elsewhere`), once its process is gone.

What the process said that it had sent was sent. Whatever else it had in memory went with it: of that comes what is
here, all that a span began with, and how it ended.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import Final

from orchestrace.journal import accounts
from orchestrace.journal.database import transaction
from orchestrace.journal.row import COLUMNS, record_of
from orchestrace.journal.store import Writer, deliver

__all__ = ["settle"]

_GONE: Final = (
    "SELECT process, receiver, withheld, reason, spans FROM accounts JOIN processes USING (process) "  # noqa: S608 - our number
    f"WHERE state = {accounts.ELSEWHERE} AND spans > 0 AND over"
)
_CAME: Final = "UPDATE deliveries SET state = ?, reason = ?, settled = ? WHERE process = ? AND state = ? AND reason = ?"
_LEFT: Final = (
    f"SELECT {', '.join(COLUMNS)} FROM spans "  # noqa: S608 - our names
    "WHERE id IN (SELECT id FROM deliveries WHERE process = ? AND state = ? AND reason = '')"
)
_REMOVE: Final = "DELETE FROM deliveries WHERE process = ? AND state = ? AND reason = ''"


def settle(database: sqlite3.Connection) -> Iterator[None]:
    """Do so; each step of the iterator is one short transaction. Only after all that they wrote was read."""
    while database.execute(_GONE).fetchone() is not None:
        with transaction(database):
            if (found := database.execute(_GONE).fetchone()) is not None:
                process, receiver, withheld, reason, spans = found
                if reason:
                    _settle(database, process, reason, spans)
                else:
                    _deliver(database, Writer(process, receiver, withheld), spans)
        yield


def _settle(database: sqlite3.Connection, process: int, came: str, spans: int) -> None:
    state, _, reason = came.partition(" ")
    after = int(state), reason
    database.execute(_CAME, (*after, time.time_ns(), process, accounts.ELSEWHERE, came))
    accounts.move(database, process, (accounts.ELSEWHERE, came), after, spans)


def _deliver(database: sqlite3.Connection, writer: Writer, spans: int) -> None:
    chosen = writer.process, accounts.ELSEWHERE
    left = [record_of(row) for row in database.execute(_LEFT, chosen)]
    database.execute(_REMOVE, chosen)
    accounts.add(database, writer.process, accounts.ELSEWHERE, -spans)
    deliver(database, left, writer)
