"""Count the spans that did not arrive, and say so at most once a minute."""

from __future__ import annotations

import logging
import threading
import time

from orchestrace.recording.guard import guarded

__all__ = ["Losses"]

_LOG = logging.getLogger("orchestrace")
_QUIET_SECONDS = 60.0
_LONGEST_REASON = 300


class Losses:
    """The spans of this process that did not reach `destination`."""

    def __init__(self, destination: str) -> None:
        self.total: int = 0
        self._destination = destination
        self._reason = ""
        self._said = 0
        self._said_at = -_QUIET_SECONDS
        # A finaliser may end a span while this very thread counts.
        self._counting = threading.RLock()

    def add(self, count: int, reason: str) -> None:
        """Count; nothing is logged here, it may be the thread of whoever ended a span."""
        with self._counting:
            self.total += count
            self._reason = reason

    @guarded("export", None)
    def say(self, *, now: bool = False) -> None:
        """Log what was lost since the last line, unless that is less than a minute ago and it need not be `now`."""
        with self._counting:
            new, total, reason = self.total - self._said, self.total, self._reason[:_LONGEST_REASON]
            if not new or not (now or time.monotonic() - self._said_at >= _QUIET_SECONDS):
                return
            self._said, self._said_at = self.total, time.monotonic()
        _LOG.warning(
            "orchestrace: %d span(s) were not sent to %s (%s); %d in this process so far. Your program goes on. "
            "What follows is only counted for a minute.",
            new,
            self._destination,
            reason,
            total,
        )
