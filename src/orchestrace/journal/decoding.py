"""Read what `encoding` wrote, of this version or another; a value of the wrong type sets nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import orjson

from orchestrace.journal.addressee import Addressee
from orchestrace.journal.encoding import HEADER_TYPE, SPAN_TYPE, Header
from orchestrace.journal.notice import NOTICE_TYPE, Notice
from orchestrace.journal.signals import LOG_TYPE, METRICS_TYPE, log_of, metrics_of
from orchestrace.records import EventRecord, LinkRecord, LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["attributes_of", "decode", "events_of", "integer_in", "links_of", "text_in"]

Said: TypeAlias = Header | SpanRecord | LogRecord | MetricsRecord | Notice
"""What a frame can say."""

_INT64: Final = range(-(2**63), 2**63)
"""What a column of SQLite holds."""


def decode(payload: bytes) -> Said | None:
    """Return what a payload says; None if it is broken, or of a type that this version does not know. Never raises."""
    document = _parsed(payload)
    if not isinstance(document, dict):
        return None
    read = _BY_TYPE.get(str(document.get("type")))
    return read(document) if read is not None else None


def attributes_of(value: object) -> dict[str, AttributeValue]:
    """Return attributes from a JSON object or the text of one."""
    found = _parsed(value)
    if not isinstance(found, dict):
        return {}
    return {key: one for key, one in found.items() if one is not None} if None in found.values() else found


def events_of(value: object) -> list[EventRecord]:
    """Return events from a JSON list of them or the text of one."""
    events = []
    for one in _objects(value):
        name, time = text_in(one, "name"), integer_in(one, "time")
        if name is not None and time is not None:
            events.append(EventRecord(name, time, attributes_of(one.get("attributes"))))
    return events


def links_of(value: object) -> list[LinkRecord]:
    """Return links from a JSON list of them or the text of one."""
    links = []
    for one in _objects(value):
        trace_id, span_id = text_in(one, "trace_id"), text_in(one, "span_id")
        if trace_id is not None and span_id is not None:
            links.append(LinkRecord(trace_id, span_id, attributes_of(one.get("attributes"))))
    return links


def _span(document: dict[str, Any]) -> SpanRecord | None:
    trace_id, span_id, start = (
        text_in(document, "trace_id"),
        text_in(document, "span_id"),
        integer_in(document, "start"),
    )
    if not trace_id or not span_id or start is None:
        return None
    return SpanRecord(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=text_in(document, "parent_id"),
        name=text_in(document, "name") or "",
        kind=integer_in(document, "kind") or 0,
        start=start,
        end=integer_in(document, "end"),
        status=text_in(document, "status") or "UNSET",
        status_message=text_in(document, "status_message"),
        attributes=attributes_of(document.get("attributes")),
        events=events_of(document.get("events")),
        links=links_of(document.get("links")),
        scope=text_in(document, "scope") or "",
        scope_version=text_in(document, "scope_version") or "",
        trace_state=text_in(document, "trace_state") or "",
        sampled=document.get("sampled") is not False,
    )


def _header(document: dict[str, Any]) -> Header | None:
    process, version = text_in(document, "process"), integer_in(document, "format")
    if not process or version is None:
        return None
    return Header(
        process=process,
        pid=integer_in(document, "pid") or 0,
        host=text_in(document, "host") or "",
        start=integer_in(document, "start") or 0,
        version=text_in(document, "version") or "",
        resource=attributes_of(document.get("resource")),
        format=version,
        receiver=_addressee(document.get("receiver")),
        withheld=document.get("withheld") is True,
    )


def _notice(document: dict[str, Any]) -> Notice | None:
    trace_id, span_id = text_in(document, "trace_id"), text_in(document, "span_id")
    end, state = integer_in(document, "end"), integer_in(document, "state")
    if not trace_id or not span_id or (end is None and state is None):
        return None
    return Notice(
        trace_id,
        span_id,
        end,
        text_in(document, "status") or "UNSET",
        attributes_of(document.get("attributes")),
        state,
        text_in(document, "reason") or "",
    )


def _addressee(value: object) -> Addressee | None:
    if not isinstance(value, dict) or (known := text_in(value, "id")) is None:
        return None
    return Addressee(known, text_in(value, "destination") or "")


_BY_TYPE: Final[dict[str, Callable[[dict[str, Any]], Said | None]]] = {
    SPAN_TYPE: _span,
    HEADER_TYPE: _header,
    LOG_TYPE: log_of,
    METRICS_TYPE: metrics_of,
    NOTICE_TYPE: _notice,
}


def _parsed(value: object) -> Any:  # noqa: ANN401 - whatever a document holds
    if not isinstance(value, (str, bytes, bytearray)):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _objects(value: object) -> list[dict[str, Any]]:
    found = _parsed(value) if value else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text_in(document: dict[str, Any], name: str) -> str | None:
    """Return a field if it is a text."""
    value = document.get(name)
    return value if isinstance(value, str) else None


def integer_in(document: dict[str, Any], name: str) -> int | None:
    """Return a field if it is a whole number that a column of the database holds."""
    value = document.get(name)
    return value if type(value) is int and value in _INT64 else None
