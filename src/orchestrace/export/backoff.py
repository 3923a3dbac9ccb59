"""When to try again, after a receiver has not taken what it was sent."""

from __future__ import annotations

import random
import time
from typing import Final

__all__ = ["Backoff"]

_FIRST: Final = 1.0
_LONGEST: Final = 30.0
_PATIENT: Final = 3600.0
"""Seconds: whoever asks for more is asked again after an hour."""


class Backoff:
    """
    Wait longer after each failure, by a random part of it: many processes must not come back in the same moment.

    Up to 1 s after the first, 2 s after the second, … 30 s. What a receiver asks for (`Retry-After`) is waited for.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._asked = False

    @property
    def seconds(self) -> float:
        """Seconds that are left to wait."""
        return max(0.0, self._until - time.monotonic())

    def failed(self, retry_after: float | None = None) -> None:
        """Wait, `retry_after` seconds if the receiver said so."""
        longest = min(_LONGEST, _FIRST * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        self._asked = bool(retry_after)  # who asks for no time, by a date that has passed, is given some all the same
        wait = min(retry_after, _PATIENT) if retry_after else random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        self._until = time.monotonic() + wait

    def succeeded(self) -> None:
        """Wait no more."""
        self._failures, self._until, self._asked = 0, 0.0, False

    def hurry(self) -> None:
        """Try at once, unless the receiver has asked for time: somebody waits for the answer."""
        if not self._asked:
            self._until = 0.0
