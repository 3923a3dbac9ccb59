"""
Read spans out of OTLP's JSON: what the collector's file exporter writes, and Jaeger's API of version 3.

Ids are hex, integers of 64 bits are texts, enums are numbers. What protobuf's own JSON writes instead is understood as
well: base64, names, snake case.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.sources.field import hexadecimal, integer, listed, mapping, plain, text

__all__ = ["is_otlp", "spans_of"]

_TRACE, _SPAN = 32, 16
"""Hex digits."""
_KINDS: Final = ("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUSES: Final = ("UNSET", "OK", "ERROR")


def is_otlp(document: object) -> bool:
    """Tell whether a document is an export request, of traces or of another signal."""
    known = ("resourceSpans", "resource_spans", "resourceLogs", "resourceMetrics", "resourceProfiles")
    return isinstance(document, dict) and any(name in document for name in known)


def spans_of(document: dict[str, Any]) -> Iterator[SpanRecord]:
    """Return the spans of an export request, or of what looks like one."""
    for sent in listed(_field(document, "resourceSpans")):
        for scoped in listed(_field(sent, "scopeSpans")):
            scope = mapping(scoped.get("scope"))
            for span in listed(scoped.get("spans")):
                yield from _span(span, scope)


def _span(span: dict[str, Any], scope: dict[str, Any]) -> Iterator[SpanRecord]:
    trace_id, span_id = _id(_field(span, "traceId"), _TRACE), _id(_field(span, "spanId"), _SPAN)
    start = integer(_field(span, "startTimeUnixNano"))
    if not trace_id or not span_id or start is None:
        return
    status = mapping(span.get("status"))
    yield SpanRecord(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=_id(_field(span, "parentSpanId"), _SPAN) or None,
        name=text(span.get("name")),
        kind=max(0, _number(span.get("kind"), "SPAN_KIND_", ("UNSPECIFIED", *_KINDS)) - 1),
        start=start,
        end=integer(_field(span, "endTimeUnixNano")) or None,
        status=_STATUSES[_number(status.get("code"), "STATUS_CODE_", _STATUSES)],
        status_message=text(status.get("message")) or None,
        attributes=_attributes(span.get("attributes")),
        events=list(map(_event, listed(span.get("events")))),
        links=list(filter(None, map(_link, listed(span.get("links"))))),
        scope=text(scope.get("name")),
        scope_version=text(scope.get("version")),
        trace_state=text(_field(span, "traceState")),
    )


def _event(event: dict[str, Any]) -> EventRecord:
    time = integer(_field(event, "timeUnixNano")) or 0
    return EventRecord(text(event.get("name")), time, _attributes(event.get("attributes")))


def _link(link: dict[str, Any]) -> LinkRecord | None:
    trace_id, span_id = _id(_field(link, "traceId"), _TRACE), _id(_field(link, "spanId"), _SPAN)
    return LinkRecord(trace_id, span_id, _attributes(link.get("attributes"))) if trace_id and span_id else None


def _attributes(pairs: object) -> dict[str, Any]:
    known = {text(pair.get("key")): _value(mapping(pair.get("value"))) for pair in listed(pairs)}
    return {name: value for name, value in known.items() if name and value is not None}


def _value(value: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever OTLP can carry
    for name, given in value.items():
        kind = name.replace("_", "").lower()
        if kind == "intvalue":
            return integer(given)
        if kind == "doublevalue":
            return _floating(given)
        if kind == "arrayvalue":
            return [_value(one) for one in listed(mapping(given).get("values"))]
        if kind == "kvlistvalue":
            return _attributes(mapping(given).get("values"))
        return plain(given)
    return None


def _floating(given: object) -> float | None:
    try:
        return float(given)  # type: ignore[arg-type] # what is none raises; "NaN" is one
    except (TypeError, ValueError):
        return None


def _field(document: dict[str, Any], name: str) -> object:
    snake = "".join(f"_{one.lower()}" if one.isupper() else one for one in name)
    return document.get(name, document.get(snake))


def _id(given: object, digits: int) -> str:
    known = hexadecimal(given, digits)
    if known or not isinstance(given, str) or len(given) != 4 * -(-digits // 6):
        return known
    try:
        return hexadecimal(base64.b64decode(given, validate=True).hex(), digits)
    except (binascii.Error, ValueError):
        return ""


def _number(given: object, prefix: str, known: tuple[str, ...]) -> int:
    if isinstance(given, str) and given.removeprefix(prefix) in known:
        return known.index(given.removeprefix(prefix))
    number = integer(given)
    return number if number is not None and 0 <= number < len(known) else 0
