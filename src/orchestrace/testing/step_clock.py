"""A clock that moves when it is read, and only then."""

from __future__ import annotations

import threading
from typing import Final

from orchestrace.typing import Nanoseconds

__all__ = ["StepClock"]

_START: Final[Nanoseconds] = 1_767_225_600_000_000_000
"""2026-01-01, midnight in UTC."""
_STEP: Final[Nanoseconds] = 1_000_000


class StepClock:
    """Tell `start` at first, and `step` nanoseconds more each time; with a step of 0 it stands until it is advanced."""

    def __init__(self, start: Nanoseconds = _START, step: Nanoseconds = _STEP) -> None:
        self._lock = threading.Lock()
        self._now = start
        self._step = step

    def __call__(self) -> Nanoseconds:
        """Return the time, and step on."""
        with self._lock:
            now = self._now
            self._now += self._step
            return now

    def advance(self, duration: Nanoseconds) -> None:
        """Let time pass."""
        with self._lock:
            self._now += duration
