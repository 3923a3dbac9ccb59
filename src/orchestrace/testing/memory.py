"""A sink that keeps spans for whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from orchestrace.records import SpanRecord

__all__ = ["Memory"]


class Memory:
    """Keep every span in the order in which it ended. A `records.Sink`."""

    def __init__(self, ended: Iterable[SpanRecord] = ()) -> None:
        self._lock = threading.Lock()
        self._ended = list(ended)
        self._running: dict[tuple[str, str], SpanRecord] = {}

    @property
    def spans(self) -> list[SpanRecord]:
        """The spans that have ended."""
        with self._lock:
            return list(self._ended)

    @property
    def running(self) -> list[SpanRecord]:
        """The spans that have started and not ended, as they were when they started."""
        with self._lock:
            return list(self._running.values())

    def started(self, record: SpanRecord) -> None:
        """Take a span that has just started."""
        with self._lock:
            self._running[record.trace_id, record.span_id] = record

    def ended(self, record: SpanRecord) -> None:
        """Take a span that has ended."""
        with self._lock:
            self._running.pop((record.trace_id, record.span_id), None)
            self._ended.append(record)
