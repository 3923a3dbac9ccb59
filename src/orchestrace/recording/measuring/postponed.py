"""
Measurements that wait until many can be made in a row.

In the midst of a program's own work an SDK takes several times as long for one as in a row of them. So they wait for
a provider that says beforehand that it collects (`settle`), which is ours; others may be asked at any moment.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from orchestrace.recording import finaliser

__all__ = ["Postponed"]

T = TypeVar("T")

_MOST: Final = 256
"""So many wait before a thread of ours makes them."""


class Postponed(Generic[T]):
    """
    Have `make` done for each item, in order, some time later. Items are added without a lock, from wherever.

    What waits in a forked child is its parent's, and dropped.
    """

    def __init__(self, make: Callable[[T], None]) -> None:
        self._make = make
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def add(self, item: T) -> None:
        """Take an item; never waits."""
        waiting = self._waiting
        waiting.append(item)
        if not len(waiting) % _MOST:
            finaliser.later(self.settle)

    def settle(self) -> None:
        """Do it now for what waits. Raises what `make` does; the item is gone then."""
        with self._making:
            while self._waiting:
                self._make(self._waiting.popleft())

    def _begin(self) -> None:
        self._waiting: deque[T] = deque()
        self._making = threading.RLock()  # a signal's handler may flush while this very thread settles
