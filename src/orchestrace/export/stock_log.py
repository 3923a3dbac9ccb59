"""Keep what the stock exporters log about what is ours out of the log: it becomes the reason in a line of ours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["overhear"]

_SPEAKERS: Final = (
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.proto.common._internal",
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.trace.span",
)
"""Who speaks several times per batch at a dead endpoint, or once per odd span."""


class _Heard(threading.local):
    lines: list[str] | None = None


_heard = _Heard()


class _Overhearing(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if _heard.lines is None:
            return True
        _heard.lines.append(record.getMessage())
        return False


_overhearing: Final = _Overhearing()


@contextmanager
def overhear() -> Iterator[list[str]]:
    """
    Yield the list of what the stock exporters say on this thread inside the block; nothing of it reaches the log.

    Other threads' lines pass: an exporter that the program runs itself is none of our business.
    """
    for name in _SPEAKERS:
        filters = logging.getLogger(name).filters
        if _overhearing not in filters:
            # First of all: the SDK's own filter keeps a line back that was said less than 20 s ago.
            filters.insert(0, _overhearing)
    before, _heard.lines = _heard.lines, []
    try:
        yield _heard.lines
    finally:
        _heard.lines = before
