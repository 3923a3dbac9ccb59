"""How much goes into a request: less after failures in a row, as before once it arrives."""

from __future__ import annotations

from typing import Final

__all__ = ["Stride"]

_PATIENT: Final = 2
"""Failures in a row that say nothing about how much was sent."""
_CUTS: Final = 3
"""Connections that broke in a row under one record alone, after which it is taken for too large."""
_LEAST: Final = 1 << 16
_SMALLER: Final = (1 << 20, 1 << 18, _LEAST)


class Stride:
    """
    At most `count` records, and `size` bytes of them, go together.

    A slow line takes minutes for what a fast one takes at once, and some who stand before a receiver break off what is
    too large for them without a word: then less has to go, or nothing would ever arrive.
    """

    def __init__(self, count: int, size: int) -> None:
        self.count: int = count
        self.size: int = size
        self._most = count, size
        self._failures = self._cuts = 0

    def failed(self, *, alone_and_cut: bool = False) -> None:
        """Note that a request came to nothing; or that the connection broke while a record was on its way alone."""
        self._failures += 1
        self._cuts = self._cuts + 1 if alone_and_cut else 0
        if self._failures > _PATIENT:
            self.count = max(1, self.count // 2)
            self.size = max(_LEAST, self.size // 2)

    def succeeded(self) -> None:
        """Note that one arrived."""
        self._failures = self._cuts = 0
        count, size = self._most
        self.count, self.size = min(count, 2 * self.count), min(size, 2 * self.size)

    @property
    def largest(self) -> int | None:
        """The bytes that a record alone may have, if it seems to be too large; after each three cuts less."""
        times = self._cuts // _CUTS
        return _SMALLER[min(times, len(_SMALLER)) - 1] if times else None
