"""Where records stay that cannot be written: a bounded piece of memory, until the disk is back or they are sent."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["LARGEST", "Overflow"]

LARGEST: Final = 32 << 20
"""Bytes that are kept."""


class Overflow:
    """Payloads in the order in which they came. A deque's own steps are atomic, also inside of a garbage collection."""

    def __init__(self, limit: int = LARGEST) -> None:
        self._limit = limit
        self._payloads: deque[bytes] = deque()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._payloads)

    def put(self, payload: bytes) -> bool:
        """Keep a payload; False if there is no room for it."""
        if self._size + len(payload) > self._limit:
            return False
        self._size += len(payload)
        self._payloads.append(payload)
        return True

    def put_back(self, payload: bytes) -> None:
        """Keep a payload that was taken, before the others."""
        self._size += len(payload)
        self._payloads.appendleft(payload)

    def take(self) -> bytes | None:
        """Return the payload that came first, and keep it no longer; None if there is none."""
        try:
            payload = self._payloads.popleft()
        except IndexError:
            return None
        self._size -= len(payload)
        return payload
