"""
How many spans of each process ended, and what became of them: kept in the same transaction as what it counts.

A span that ended is in one state:

    KEPT        no receiver is known; whoever has one may send it (`orchestrace forward`)
    WAITING     for its receiver
    DELIVERED   the receiver has acknowledged it
    REFUSED     set aside: the receiver does not want it, and says why
    WITHHELD    not to be sent: the sampler dropped it, or sending is off
    DROPPED     it is no longer here, and was never delivered
    ELSEWHERE   its end is in the memory of its process, which counts it as long as it lives (see `elsewhere`)

So ended = delivered + waiting + refused + dropped, where what is kept waits, and what is withheld was dropped.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Final

from orchestrace.balance import Balance

__all__ = [
    "DELIVERED",
    "DROPPED",
    "ELSEWHERE",
    "KEPT",
    "REFUSED",
    "WAITING",
    "WITHHELD",
    "add",
    "balance_of",
    "balances",
    "move",
]

KEPT: Final = 0
WAITING: Final = 1
DELIVERED: Final = 2
REFUSED: Final = 3
WITHHELD: Final = 4
DROPPED: Final = 5
ELSEWHERE: Final = 6

_INSERT: Final = "INSERT INTO accounts (process, state, reason, spans) VALUES (?, ?, ?, ?)"
_SUM_UP: Final = "ON CONFLICT (process, state, reason) DO UPDATE SET spans = spans + excluded.spans"
_ADD: Final = f"{_INSERT} {_SUM_UP}"
_MOVE: Final = f"{_INSERT}, (?, ?, ?, ?) {_SUM_UP}"


def add(database: sqlite3.Connection, process: int, state: int, spans: int, reason: str = "") -> None:
    """Count spans of a process into a state, inside of the caller's transaction."""
    if spans:
        database.execute(_ADD, (process, state, reason, spans))


def move(
    database: sqlite3.Connection, process: int, before: tuple[int, str], after: tuple[int, str], spans: int
) -> None:
    """Count spans of a process from one state and reason to another, inside of the caller's transaction."""
    if spans:
        database.execute(_MOVE, (process, *before, -spans, process, *after, spans))


def balance_of(database: sqlite3.Connection, process: str) -> Balance:
    """Return the balance of one process, by the id in its segments."""
    rows = database.execute(
        "SELECT state, reason, spans FROM accounts JOIN processes USING (process) WHERE processes.id = ?", (process,)
    )
    return _balance(rows)


def balances(database: sqlite3.Connection) -> dict[int, Balance]:
    """Return the balance of every process that is known, by its row."""
    found: dict[int, list[tuple[int, str, int]]] = {}
    for process, *row in database.execute("SELECT process, state, reason, spans FROM accounts ORDER BY process"):
        found.setdefault(process, []).append((row[0], row[1], row[2]))
    return {process: _balance(rows) for process, rows in found.items()}


def _balance(rows: Iterable[tuple[int, str, int]]) -> Balance:
    counts: Counter[int] = Counter()
    dropped: Counter[str] = Counter()
    for state, reason, spans in rows:
        counts[state] += spans
        if state in {WITHHELD, DROPPED} and spans:
            dropped[reason] += spans
    return Balance(
        delivered=counts[DELIVERED],
        waiting=counts[KEPT] + counts[WAITING],
        refused=counts[REFUSED],
        dropped=dict(dropped),
    )
