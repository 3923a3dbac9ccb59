"""Say that a receiver does not take what it is sent, at most once a minute."""

from __future__ import annotations

import logging
import time
from typing import Final

from orchestrace.recording.guard import guarded

__all__ = ["Complaint"]

_LOG: Final = logging.getLogger("orchestrace")
_QUIET_SECONDS: Final = 60.0


class Complaint:
    """What is wrong with one receiver, for whoever reads the program's log."""

    def __init__(self, destination: str) -> None:
        self._destination = destination
        self._said_at = -_QUIET_SECONDS

    @guarded("export", None)
    def waits(self, what: str, reason: str) -> None:
        """Say that records wait."""
        self._say("%s wait for %s (%s). They are kept, and sent when it takes them.", what, reason)

    @guarded("export", None)
    def refused(self, what: str, reason: str) -> None:
        """Say that records were set aside."""
        self._say("%s were set aside: %s refused them (%s). See `orchestrace refused`.", what, reason)

    @guarded("export", None)
    def dropped(self, what: str, reason: str) -> None:
        """Say that records were refused that are kept nowhere."""
        self._say("%s were dropped: %s refused them (%s). Spans are not concerned.", what, reason)

    @guarded("export", None)
    def unknown(self, what: str, reason: str) -> None:
        """Say that a receiver has no place for a signal. This comes once."""
        _LOG.warning(
            "orchestrace: %s are not sent to %s, which does not know them (%s). Traces are not concerned.",
            what,
            self._destination,
            reason,
        )

    def _say(self, words: str, what: str, reason: str) -> None:
        if time.monotonic() - self._said_at < _QUIET_SECONDS:
            return
        self._said_at = time.monotonic()
        _LOG.warning(
            f"orchestrace: {words} Your program goes on; nothing more is said for a minute.",
            what,
            self._destination,
            reason,
        )
