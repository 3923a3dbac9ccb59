"""Have what nobody else will send wait for a receiver that somebody sends to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrace.journal import accounts
from orchestrace.journal.database import transaction
from orchestrace.journal.election import is_vacant
from orchestrace.journal.role import MARKER

__all__ = ["adopt", "held"]

_WAITERS: Final = """
    SELECT p.process, coalesce(r.id, ''), p.receiver, p.over, json_extract(p.resource, '$."service.name"')
    FROM processes AS p LEFT JOIN receivers AS r USING (receiver)
    WHERE p.receiver IS NOT ?
    AND (p.receiver IS NULL AND NOT p.over AND NOT p.withheld
        OR p.process IN (SELECT process FROM accounts WHERE state IN (0, 1) AND spans > 0))
"""


def adopt(database: sqlite3.Connection, folder: Path, receiver: int, service: str | None) -> int:
    """
    Have spans of other processes wait for `receiver`; return of how many processes.

    With `service` those of its processes that are gone, and whose receiver nobody sends to: the address was corrected.
    Without, those too of all other services, and of whoever has no receiver at all.
    """
    found = 0
    for process, known, before in _orphans(database, receiver, service):
        if before is None or is_vacant(folder, known):
            with transaction(database):
                _readdress(database, process, before, receiver)
            found += 1
    return found


def held(database: sqlite3.Connection, receiver: int, service: str | None) -> set[str]:
    """Return the ids of the receivers that somebody sends to, and whose spans are adopted as soon as nobody does."""
    return {known for _, known, before in _orphans(database, receiver, service) if before is not None}


def _orphans(database: sqlite3.Connection, receiver: int, service: str | None) -> Iterator[tuple[int, str, int | None]]:
    """Yield the processes that send nothing themselves any more: with the id and the row of their receiver."""
    for process, known, before, over, named in database.execute(_WAITERS, (receiver,)).fetchall():
        if service is not None and (before is None or not over or named != service):
            continue
        if before is None or over:
            yield process, known, before


def _readdress(database: sqlite3.Connection, process: int, before: int | None, receiver: int) -> None:
    database.execute("UPDATE processes SET receiver = ? WHERE process = ?", (receiver, process))
    database.execute("UPDATE signals SET receiver = ? WHERE process = ?", (receiver, process))
    database.execute(
        "UPDATE deliveries SET receiver = ? WHERE receiver = ? AND state = 1 AND process = ?",
        (receiver, before, process),
    )
    kept = database.execute(
        "UPDATE deliveries SET receiver = ?, state = 1 WHERE state = 0 AND process = ?", (receiver, process)
    ).rowcount
    # A marker says that a run still runs; of one that is over the run itself comes.
    database.execute(
        "DELETE FROM deliveries WHERE process IS NULL AND state = 1 AND receiver = ? "
        "AND id IN (SELECT id FROM spans WHERE role = ? AND process = ?)",
        (before, MARKER, process),
    )
    accounts.move(database, process, (accounts.KEPT, ""), (accounts.WAITING, ""), kept)
