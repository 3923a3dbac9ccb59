"""What is remembered of processes of which nothing else is left: their accounts, as those of one process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

import orjson

from orchestrace.journal.database import transaction
from orchestrace.typing import Nanoseconds

__all__ = ["PAST", "fold"]

PAST: Final = ""
"""The id of that process. No other has it: readers take a header without an id for none."""

_AT_ONCE: Final = 256

_GONE: Final = f"""
    SELECT process FROM processes WHERE over AND max(start_time, last_time) < ? AND id <> '{PAST}'
    AND process NOT IN (SELECT process FROM deliveries WHERE process IS NOT NULL)
    AND process NOT IN (SELECT process FROM signals)
    AND process NOT IN (SELECT process FROM spans WHERE end_time IS NULL) LIMIT {_AT_ONCE}
"""  # noqa: S608 - our names
_MAKE: Final = (
    "INSERT OR IGNORE INTO processes (id, pid, host, version, start_time, resource, over) "  # noqa: S608 - as above
    f"VALUES ('{PAST}', 0, '', '', 0, '{{}}', 1)"
)
_CHOSEN: Final = "process IN (SELECT value FROM json_each(?))"
_ADD: Final = f"""
    INSERT INTO accounts (process, state, reason, spans)
    SELECT (SELECT process FROM processes WHERE id = '{PAST}'), state, reason, sum(spans) FROM accounts
    WHERE {_CHOSEN} GROUP BY state, reason
    ON CONFLICT (process, state, reason) DO UPDATE SET spans = spans + excluded.spans
"""  # noqa: S608 - as above


def fold(database: sqlite3.Connection, before: Nanoseconds) -> Iterator[None]:
    """Keep of processes that were gone before a time, and left nothing, the sums alone; in short transactions."""
    while database.execute(_GONE, (before,)).fetchone() is not None:
        with transaction(database):
            chosen = (orjson.dumps([process for (process,) in database.execute(_GONE, (before,))]).decode(),)
            database.execute(_MAKE)
            database.execute(_ADD, chosen)
            database.execute(f"DELETE FROM accounts WHERE {_CHOSEN}", chosen)  # noqa: S608 - as above
            database.execute(f"DELETE FROM processes WHERE {_CHOSEN}", chosen)  # noqa: S608 - as above
        yield
