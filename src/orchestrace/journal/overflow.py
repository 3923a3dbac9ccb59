"""Where records stay that cannot be written: a bounded piece of memory, until the disk is back or they are sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

__all__ = ["LARGEST", "Overflow"]

LARGEST: Final = 32 << 20
"""Bytes that are kept."""


class Overflow:
    """
    Payloads in the order in which they came. A deque's own steps are atomic, also inside of a garbage collection.

    Beside each stand the bytes that are kept free on disk for a notice of what becomes of it; 0 if it has none there.
    Less for a start: so many are to be kept free once it is on disk.
    """

    def __init__(self, limit: int = LARGEST) -> None:
        self._limit = limit
        self._payloads: deque[tuple[bytes, int]] = deque()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._payloads)

    def __iter__(self) -> Iterator[bytes]:
        return iter([payload for payload, _ in self._payloads.copy()])

    def put(self, payload: bytes, room: int = 0) -> bool:
        """Keep a payload; False if there is no room for it."""
        if self._size + len(payload) > self._limit:
            return False
        self._size += len(payload)
        self._payloads.append((payload, room))
        return True

    def put_back(self, payload: bytes, room: int = 0) -> None:
        """Keep a payload that was taken, before the others."""
        self._size += len(payload)
        self._payloads.appendleft((payload, room))

    def take(self) -> tuple[bytes, int] | None:
        """Return the payload that came first, and its room, and keep it no longer; None if there is none."""
        try:
            payload, room = self._payloads.popleft()
        except IndexError:
            return None
        self._size -= len(payload)
        return payload, room
