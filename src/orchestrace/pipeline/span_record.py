"""Copy an SDK span into a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, format_span_id, format_trace_id

from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["events_of", "links_of", "record_of"]

_INVALID: Final = SpanContext(0, 0, is_remote=False)


def record_of(span: ReadableSpan) -> SpanRecord:
    """Return what `span` holds right now; `end` is None while it runs. A span of ours says it itself."""
    own: Callable[[], SpanRecord] | None = getattr(span, "record", None)
    if own is not None:
        return own()
    context = span.get_span_context() or _INVALID
    scope, parent, status = span.instrumentation_scope, span.parent, span.status
    return SpanRecord(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        parent_id=f"{parent.span_id:016x}" if parent is not None else None,
        name=span.name,
        kind=span.kind.value,
        start=span.start_time or 0,
        end=span.end_time,
        status=status.status_code.name,
        status_message=status.description,
        attributes=_values(getattr(span, "_attributes", None) or span.attributes),
        events=events_of(_listed(span, "events")),
        links=links_of(_listed(span, "links")),
        scope=scope.name if scope is not None else "",
        scope_version=(scope.version or "") if scope is not None else "",
        trace_state=context.trace_state.to_header() if context.trace_state else "",
        sampled=context.trace_flags.sampled,
    )


def events_of(events: Iterable[Event]) -> list[EventRecord]:
    """Return events as records."""
    return [EventRecord(one.name, one.timestamp, _values(one.attributes)) for one in events]


def links_of(links: Iterable[Link]) -> list[LinkRecord]:
    """Return links as records."""
    return [_link(one.context, _values(one.attributes)) for one in links]


def _listed(span: ReadableSpan, name: str) -> Sequence[Any]:
    # The SDK copies the list twice, with a lock; hardly a span has any.
    inner = getattr(span, f"_{name}", None)
    return () if inner is not None and not len(inner) else getattr(span, name)


def _values(attributes: Mapping[str, Any] | None) -> dict[str, AttributeValue]:
    # The SDK's own mapping takes a call for each item; what it wraps is copied in one go.
    inner = getattr(attributes, "_dict", None)
    return inner.copy() if type(inner) is dict else dict(attributes or ())


def _link(context: SpanContext, attributes: dict[str, AttributeValue]) -> LinkRecord:
    return LinkRecord(format_trace_id(context.trace_id), format_span_id(context.span_id), attributes)
