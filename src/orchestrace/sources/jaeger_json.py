"""
Read spans out of Jaeger's own JSON: what its page downloads, and its older API.

It knows microseconds, and lists as texts. What OpenTelemetry has fields for are tags: they become fields again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from orchestrace import conventions as names
from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.sources.field import hexadecimal, integer, listed, plain, text

__all__ = ["is_jaeger", "spans_of"]

_MICROSECOND: Final = 1000
_TRACE, _SPAN = 32, 16
"""Hex digits."""
_KINDS: Final = {"server": 1, "client": 2, "producer": 3, "consumer": 4}
_FIELDS: Final = {
    "span.kind",
    "error",
    "otel.status_code",
    "otel.status_description",
    "otel.scope.name",
    "otel.scope.version",
    "otel.library.name",
    "otel.library.version",
    "w3c.tracestate",
    "internal.span.format",
}
"""Tags that Jaeger makes of what are no attributes."""
_LISTS: Final = {
    names.RESPONSE_FINISH_REASONS,
    names.RESPONSE_RAW_FINISH_REASONS,
    names.RESPONSE_FLAGGED_CATEGORIES,
    names.REQUEST_STOP_SEQUENCES,
    names.REQUEST_ENCODING_FORMATS,
    names.SCORES,
    names.TRUNCATED,
}


def is_jaeger(document: object) -> bool:
    """Tell whether a document is one trace in Jaeger's own form."""
    return isinstance(document, dict) and "traceID" in document and isinstance(document.get("spans"), list)


def spans_of(trace: dict[str, Any]) -> Iterator[SpanRecord]:
    """Return the spans of a trace."""
    for span in listed(trace.get("spans")):
        yield from _span(span)


def _span(span: dict[str, Any]) -> Iterator[SpanRecord]:
    trace_id, span_id = hexadecimal(span.get("traceID"), _TRACE), hexadecimal(span.get("spanID"), _SPAN)
    start = integer(span.get("startTime"))
    if not trace_id or not span_id or start is None:
        return
    tags = _tags(span.get("tags"))
    references = list(_references(span))
    status = text(tags.get("otel.status_code")).upper()
    parent = next(
        (link.span_id for kind, link in references if kind != "FOLLOWS_FROM" and link.trace_id == trace_id), ""
    )
    yield SpanRecord(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent or hexadecimal(span.get("parentSpanID"), _SPAN) or None,
        name=text(span.get("operationName")),
        kind=_KINDS.get(text(tags.get("span.kind")), 0),
        start=start * _MICROSECOND,
        end=(start + (integer(span.get("duration")) or 0)) * _MICROSECOND,
        status=status if status in ("OK", "ERROR") else "ERROR" if tags.get("error") is True else "UNSET",
        status_message=text(tags.get("otel.status_description")) or None,
        attributes={name: value for name, value in tags.items() if name not in _FIELDS},
        events=list(map(_event, listed(span.get("logs")))),
        links=[link for _, link in references if (link.trace_id, link.span_id) != (trace_id, parent)],
        scope=text(tags.get("otel.scope.name")) or text(tags.get("otel.library.name")),
        scope_version=text(tags.get("otel.scope.version")) or text(tags.get("otel.library.version")),
        trace_state=text(tags.get("w3c.tracestate")),
    )


def _references(span: dict[str, Any]) -> Iterator[tuple[str, LinkRecord]]:
    for one in listed(span.get("references")):
        trace_id, span_id = hexadecimal(one.get("traceID"), _TRACE), hexadecimal(one.get("spanID"), _SPAN)
        if trace_id and span_id:
            yield text(one.get("refType")), LinkRecord(trace_id, span_id)


def _event(log: dict[str, Any]) -> EventRecord:
    fields = _tags(log.get("fields"))
    name = fields.pop("event", "")
    return EventRecord(text(name), (integer(log.get("timestamp")) or 0) * _MICROSECOND, fields)


def _tags(pairs: object) -> dict[str, Any]:
    known = {text(pair.get("key")): _value(pair) for pair in listed(pairs)}
    return {name: value for name, value in known.items() if name and value is not None}


def _value(tag: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever Jaeger keeps
    value, kind = tag.get("value"), tag.get("type")
    if kind == "int64":
        return integer(value)
    if kind == "float64" and isinstance(value, int):
        return float(value)
    if tag.get("key") in _LISTS and isinstance(value, str):
        try:
            return plain(orjson.loads(value))
        except ValueError:
            return text(value)
    return plain(value)
