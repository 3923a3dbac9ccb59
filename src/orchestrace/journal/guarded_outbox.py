"""An outbox between whose steps a process may fork."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager

from orchestrace.journal.outbox import Outbox
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["GuardedOutbox"]


class GuardedOutbox:
    """
    An outbox whose every step is a `section`, which no fork cuts through. Raises sqlite3.Error, OSError.

    It is not asked for a signal of `nothing`, to which those are added of which nothing waits.
    """

    def __init__(self, outbox: Outbox, section: Callable[[], AbstractContextManager[None]], nothing: set[str]) -> None:
        self._outbox = outbox
        self._section = section
        self._nothing = nothing

    def waiting(
        self, signal: str, count: int, size: int
    ) -> list[tuple[int, int, SpanRecord | LogRecord | MetricsRecord]]:
        """Return what has waited longest."""
        if signal in self._nothing:
            return []
        with self._section():
            found = self._outbox.waiting(signal, count, size)
        if not found:
            self._nothing.add(signal)
        return found

    def resource(self, process: int) -> Mapping[str, AttributeValue]:
        """Return the attributes of a process's resource."""
        with self._section():
            return self._outbox.resource(process)

    def delivered(self, signal: str, keys: Iterable[int]) -> None:
        """Note what has arrived."""
        with self._section():
            self._outbox.delivered(signal, keys)

    def refused(self, signal: str, keys: Iterable[int], reason: str) -> None:
        """Set aside what will never be taken."""
        with self._section():
            self._outbox.refused(signal, keys, reason)

    def discard(self, signal: str) -> None:
        """Forget what waits of a signal that the receiver does not know."""
        with self._section():
            self._outbox.discard(signal)
