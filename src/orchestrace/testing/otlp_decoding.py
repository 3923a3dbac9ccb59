"""Read OTLP requests back into records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from orchestrace.records import EventRecord, LinkRecord, SpanRecord

__all__ = ["LogRecord", "Point", "decode_logs", "decode_metrics", "decode_resources", "decode_spans"]


@dataclass(frozen=True, slots=True)
class Point:
    """
    One value of a metric. `value` is that of a sum or gauge, and the sum of a histogram's values.

    `bounds` are a histogram's, `counts` how many of the `count` values lie between them.
    """

    metric: str
    unit: str
    scope: str
    value: float
    count: int | None = None
    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One log record: an event if it has a name. Its ids are those of the span in whose context it was emitted."""

    name: str
    severity: int
    trace_id: str
    span_id: str
    time: int
    scope: str
    body: Any = None
    attributes: dict[str, Any] = field(default_factory=dict)


def decode_resources(message: ExportTraceServiceRequest) -> list[dict[str, Any]]:
    """Return the attributes of each resource in a request."""
    return [_attributes(sent.resource.attributes) for sent in message.resource_spans]


def decode_spans(message: ExportTraceServiceRequest) -> list[SpanRecord]:
    """Return the spans of a request as records; OTLP does not say which were sampled, so all were."""
    return [
        _span(span, scoped.scope)
        for sent in message.resource_spans
        for scoped in sent.scope_spans
        for span in scoped.spans
    ]


def decode_metrics(message: ExportMetricsServiceRequest) -> list[Point]:
    """Return the points of the sums, gauges and histograms of a request."""
    return [
        point
        for sent in message.resource_metrics
        for scoped in sent.scope_metrics
        for metric in scoped.metrics
        for point in _points(metric, scoped.scope.name)
    ]


def decode_logs(message: ExportLogsServiceRequest) -> list[LogRecord]:
    """Return the log records of a request."""
    return [
        LogRecord(
            name=getattr(record, "event_name", "") or _attributes(record.attributes).get("event.name", ""),
            severity=record.severity_number,
            trace_id=record.trace_id.hex(),
            span_id=record.span_id.hex(),
            time=record.time_unix_nano,
            scope=scoped.scope.name,
            body=_value(record.body),
            attributes=_attributes(record.attributes),
        )
        for sent in message.resource_logs
        for scoped in sent.scope_logs
        for record in scoped.log_records
    ]


def _points(metric: Metric, scope: str) -> Iterable[Point]:
    data: Any = getattr(metric, metric.WhichOneof("data") or "gauge")
    for point in data.data_points:
        attributes = _attributes(point.attributes)
        if metric.HasField("histogram"):
            yield Point(
                metric.name,
                metric.unit,
                scope,
                point.sum,
                point.count,
                tuple(point.explicit_bounds),
                tuple(point.bucket_counts),
                attributes,
            )
        else:
            value = getattr(point, point.WhichOneof("value") or "as_int")
            yield Point(metric.name, metric.unit, scope, value, attributes=attributes)


def _span(span: Span, scope: InstrumentationScope) -> SpanRecord:
    return SpanRecord(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex() or None,
        name=span.name,
        kind=max(0, span.kind - 1),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano or None,
        status=("UNSET", "OK", "ERROR")[span.status.code],
        status_message=span.status.message or None,
        attributes=_attributes(span.attributes),
        events=[EventRecord(event.name, event.time_unix_nano, _attributes(event.attributes)) for event in span.events],
        links=[
            LinkRecord(link.trace_id.hex(), link.span_id.hex(), _attributes(link.attributes)) for link in span.links
        ],
        scope=scope.name,
        scope_version=scope.version,
        trace_state=span.trace_state,
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:  # noqa: ANN401 - whatever OTLP can carry
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return None if kind is None else getattr(value, kind)
