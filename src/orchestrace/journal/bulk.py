"""
Put many rows into a table in few steps.

Python gives the GIL away at each step of a statement, which is each row of an `executemany`, and gets it back when the
program's threads let it. Here some dozens of rows are one step. Only a few numbers of rows have a statement, so that a
connection finds it prepared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

__all__ = ["Insert"]

_VARIABLES: Final = 999
"""So many variables older SQLites take."""
_SIZES: Final = (48, 24, 12, 6, 3, 1)


class Insert:
    """A statement: what stands `before` the values, how a `row` of so many `columns` looks, and what stands `after`."""

    def __init__(self, before: str, row: str, after: str, columns: int) -> None:
        self._statements = [
            (size, f"{before} VALUES {', '.join([row] * size)} {after}")
            for size in _SIZES
            if size * columns <= _VARIABLES
        ]

    def run(self, database: sqlite3.Connection, rows: Sequence[Sequence[object]]) -> None:
        """Put rows in, in their order."""
        for statement, some in self._portions(rows):
            database.execute(statement, tuple(chain.from_iterable(some)))

    def _portions(self, rows: Sequence[Sequence[object]]) -> Iterator[tuple[str, Sequence[Sequence[object]]]]:
        done = 0
        for size, statement in self._statements:
            while len(rows) - done >= size:
                yield statement, rows[done : done + size]
                done += size
