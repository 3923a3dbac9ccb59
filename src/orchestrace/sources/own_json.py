"""Read back what `orchestrace show --json` has written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.sources.field import hexadecimal, integer, listed, mapping, plain, text

__all__ = ["is_own", "spans_of"]


def is_own(document: object) -> bool:
    """Tell whether a document is a trace as this package writes it."""
    return isinstance(document, dict) and "trace_id" in document and isinstance(document.get("spans"), list)


def spans_of(trace: dict[str, Any]) -> Iterator[SpanRecord]:
    """Return the spans of a trace."""
    for span in listed(trace.get("spans")):
        trace_id, span_id = hexadecimal(span.get("trace_id"), 32), hexadecimal(span.get("span_id"), 16)
        start = integer(span.get("start"))
        if not trace_id or not span_id or start is None:
            continue
        yield SpanRecord(
            trace_id=trace_id,
            span_id=span_id,
            parent_id=hexadecimal(span.get("parent_id"), 16) or None,
            name=text(span.get("name")),
            kind=integer(span.get("kind")) or 0,
            start=start,
            end=integer(span.get("end")),
            status=text(span.get("status")) or "UNSET",
            status_message=text(span.get("status_message")) or None,
            attributes=_attributes(span.get("attributes")),
            events=[_event(one) for one in listed(span.get("events"))],
            links=[_link(one) for one in listed(span.get("links"))],
            scope=text(span.get("scope")),
            scope_version=text(span.get("scope_version")),
            trace_state=text(span.get("trace_state")),
        )


def _event(event: dict[str, Any]) -> EventRecord:
    return EventRecord(text(event.get("name")), integer(event.get("time")) or 0, _attributes(event.get("attributes")))


def _link(link: dict[str, Any]) -> LinkRecord:
    return LinkRecord(text(link.get("trace_id")), text(link.get("span_id")), _attributes(link.get("attributes")))


def _attributes(given: object) -> dict[str, Any]:
    return {text(name): _value(one) for name, one in mapping(given).items() if one is not None}


def _value(given: object) -> Any:  # noqa: ANN401 - JSON
    """Return an attribute; documents, which stand in it as what they say, become texts again."""
    flat = isinstance(given, list) and not any(isinstance(one, (dict, list)) for one in given)
    if isinstance(given, (dict, list)) and not flat:
        return orjson.dumps(plain(given)).decode()
    return plain(given)
