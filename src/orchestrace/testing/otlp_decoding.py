"""Read an OTLP request back into records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from orchestrace.records import EventRecord, LinkRecord, SpanRecord

__all__ = ["decode_resources", "decode_spans"]


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
