"""Copy an SDK span into a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id

from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["record_of"]

_INVALID = SpanContext(0, 0, is_remote=False)


def record_of(span: ReadableSpan) -> SpanRecord:
    """Return what `span` holds right now; `end` is None while it runs."""
    context = span.get_span_context() or _INVALID
    scope = span.instrumentation_scope
    return SpanRecord(
        trace_id=format_trace_id(context.trace_id),
        span_id=format_span_id(context.span_id),
        parent_id=format_span_id(span.parent.span_id) if span.parent is not None else None,
        name=span.name,
        kind=span.kind.value,
        start=span.start_time or 0,
        end=span.end_time,
        status=span.status.status_code.name,
        status_message=span.status.description,
        attributes=_values(getattr(span, "_attributes", None) or span.attributes),
        events=[EventRecord(event.name, event.timestamp, _values(event.attributes)) for event in span.events],
        links=[_link(link.context, _values(link.attributes)) for link in span.links],
        scope=scope.name if scope is not None else "",
        scope_version=(scope.version or "") if scope is not None else "",
        trace_state=context.trace_state.to_header(),
        sampled=context.trace_flags.sampled,
    )


def _values(attributes: Mapping[str, Any] | None) -> dict[str, AttributeValue]:
    # The SDK's own mapping takes a call for each item; what it wraps is copied in one go.
    inner = getattr(attributes, "_dict", None)
    return inner.copy() if type(inner) is dict else dict(attributes or ())


def _link(context: SpanContext, attributes: dict[str, AttributeValue]) -> LinkRecord:
    return LinkRecord(format_trace_id(context.trace_id), format_span_id(context.span_id), attributes)
