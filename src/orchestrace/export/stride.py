"""How much goes into a request: less after failures in a row, as before once it arrives."""

from __future__ import annotations

from typing import Final

__all__ = ["SMALLER", "Stride"]

_PATIENT: Final = 2
"""Failures in a row that say nothing about how much was sent."""
_STEADY: Final = 16
"""Requests that arrived in a row, after which more than what failed last is tried again."""
_CUTS: Final = 3
"""Connections that broke in a row under one record alone, after which it is taken for too large."""
SMALLER: Final = (1 << 20, 1 << 18, 1 << 16)
"""Bytes that a record is shrunk to, one after the other, for a receiver that takes less than others do."""


class Stride:
    """
    At most `count` records go together.

    A slow line takes minutes for what a fast one takes at once, and some who stand before a receiver break off what is
    too large for them without a word: then less has to go, or nothing would ever arrive.
    """

    def __init__(self, count: int) -> None:
        self.count: int = count
        self._most, self._failing = count, 2 * count
        self._failures = self._arrived = self._cuts = 0

    def failed(self, sent: int, *, cut: bool = False) -> None:
        """Note that a request of `sent` records came to nothing; `cut`: the connection broke under it."""
        self._failures += 1
        self._arrived = 0
        self._cuts = self._cuts + 1 if cut and sent == 1 else 0
        if self._failures > _PATIENT or self.count < self._most:
            self._failing = sent
            self.count = max(1, min(self.count, sent) // 2)

    def succeeded(self) -> None:
        """Note that one arrived."""
        self._failures = self._cuts = 0
        self._arrived += 1
        if self._arrived % _STEADY == 0:
            self._failing = 2 * self._most
        if 2 * self.count < self._failing:
            self.count = min(self._most, 2 * self.count)

    @property
    def largest(self) -> int | None:
        """The bytes that a record alone may have, if it seems to be too large; after each three cuts less."""
        times = self._cuts // _CUTS
        return SMALLER[min(times, len(SMALLER)) - 1] if times else None
