"""Spans and log records as the pipeline, the journal and the senders pass them on: plain data, no SDK object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from orchestrace.typing import JSON, AttributeValue, Nanoseconds

__all__ = ["EventRecord", "LinkRecord", "LogRecord", "MetricsRecord", "Sink", "SpanRecord"]


@dataclass(slots=True)
class EventRecord:
    """An event on a span: an exception, or whatever another library wrote."""

    name: str
    time: Nanoseconds
    attributes: dict[str, AttributeValue] = field(default_factory=dict)


@dataclass(slots=True)
class LinkRecord:
    """A link from a span to another one; ids are lower-case hex."""

    trace_id: str
    span_id: str
    attributes: dict[str, AttributeValue] = field(default_factory=dict)


@dataclass(slots=True)
class SpanRecord:
    """
    A span that started, or ended.

    `trace_id` has 32 and `span_id` 16 lower-case hex digits. `kind` is OpenTelemetry's own number (0 internal,
    1 server, 2 client, 3 producer, 4 consumer), `status` one of "UNSET", "OK", "ERROR". `end` is None while it runs.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: int
    start: Nanoseconds
    end: Nanoseconds | None = None
    status: str = "UNSET"
    status_message: str | None = None
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    events: list[EventRecord] = field(default_factory=list)
    links: list[LinkRecord] = field(default_factory=list)
    scope: str = ""
    scope_version: str = ""
    trace_state: str = ""
    sampled: bool = True


@dataclass(slots=True)
class LogRecord:
    """
    A log record, or an event: one that has a name.

    `time` is when it happened and `observed` when it was noticed; 0 is unknown. `trace_id` and `span_id` are lower-case
    hex, None outside of a span. `severity` is OpenTelemetry's own number, 0 if none was given. `body` and the values of
    `attributes` may be nested.
    """

    time: Nanoseconds
    observed: Nanoseconds
    event_name: str = ""
    body: JSON = None
    attributes: dict[str, JSON] = field(default_factory=dict)
    trace_id: str | None = None
    span_id: str | None = None
    sampled: bool = True
    severity: int = 0
    severity_text: str = ""
    scope: str = ""
    scope_version: str = ""


@dataclass(slots=True)
class MetricsRecord:
    """What was measured until `time`: `data` is an ExportMetricsServiceRequest of OTLP, encoded."""

    time: Nanoseconds
    data: bytes


class Sink(Protocol):
    """
    Take spans at the end of the pipeline: a journal, a sender, a test's capture.

    Both methods run on the caller's thread, must not block, and never raise.
    """

    def started(self, record: SpanRecord) -> None:
        """Take a span that has just started; its `end` is None."""

    def ended(self, record: SpanRecord) -> None:
        """Take a span that has ended, complete."""
