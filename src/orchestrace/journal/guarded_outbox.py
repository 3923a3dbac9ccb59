"""An outbox between whose steps a process may fork, and that remembers what its database could not be told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from orchestrace.journal.outbox import Outbox
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["GuardedOutbox", "Known"]


@dataclass(slots=True)
class Known:
    """
    What is known of an outbox, by signal: that nothing waits, and what has arrived and is still said to wait.

    It is kept from round to round, and for one database alone.
    """

    nothing: set[str] = field(default_factory=set)
    unnoted: dict[str, list[int]] = field(default_factory=dict)


class GuardedOutbox:
    """An outbox whose every step is a `section`, which no fork cuts through. Raises sqlite3.Error, OSError."""

    def __init__(self, outbox: Outbox, section: Callable[[], AbstractContextManager[None]], known: Known) -> None:
        self._outbox = outbox
        self._section = section
        self._known = known

    def waiting(
        self, signal: str, count: int, size: int
    ) -> list[tuple[int, int, SpanRecord | LogRecord | MetricsRecord]]:
        """Return what has waited longest, without what has arrived; nothing is asked where nothing is known to be."""
        if signal in self._known.unnoted:
            # First: a disk that is full, or a lock that somebody holds for a minute, would send it again and again.
            with self._section():
                self._outbox.delivered(signal, self._known.unnoted[signal])
            del self._known.unnoted[signal]
        if signal in self._known.nothing:
            return []
        with self._section():
            found = self._outbox.waiting(signal, count, size)
        if not found:
            self._known.nothing.add(signal)
        return found

    def resource(self, process: int) -> Mapping[str, AttributeValue]:
        """Return the attributes of a process's resource."""
        with self._section():
            return self._outbox.resource(process)

    def delivered(self, signal: str, keys: Iterable[int]) -> None:
        """Note what has arrived, and remember it where that fails."""
        arrived = list(keys)
        try:
            with self._section():
                self._outbox.delivered(signal, arrived)
        except sqlite3.OperationalError:
            self._known.unnoted.setdefault(signal, []).extend(arrived)
            raise

    def refused(self, signal: str, keys: Iterable[int], reason: str) -> None:
        """Set aside what will never be taken."""
        with self._section():
            self._outbox.refused(signal, keys, reason)

    def discard(self, signal: str) -> None:
        """Forget what waits of a signal that the receiver does not know."""
        with self._section():
            self._outbox.discard(signal)
