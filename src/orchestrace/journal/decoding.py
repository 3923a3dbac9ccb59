"""Read what `encoding` wrote, of this version or another; a value of the wrong type sets nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from orchestrace.journal.addressee import Addressee
from orchestrace.journal.encoding import HEADER_TYPE, SPAN_TYPE, Header
from orchestrace.journal.signals import LOG_TYPE, METRICS_TYPE, log_of, metrics_of
from orchestrace.records import EventRecord, LinkRecord, LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["attributes_of", "decode", "events_of", "links_of", "span_of"]

_INT64: Final = range(-(2**63), 2**63)
"""What a column of SQLite holds."""

_SPAN_BEGINS: Final = f'{{"type":"{SPAN_TYPE}","trace_id":"'.encode()
_NAME_BEGINS: Final = b',"name":'
_IDS_END: Final = len(_SPAN_BEGINS) + len('","span_id":""') + 32 + 16


def decode(payload: bytes) -> Header | SpanRecord | LogRecord | MetricsRecord | None:
    """Return what a payload says; None if it is broken, or of a type that this version does not know. Never raises."""
    document = _parsed(payload)
    if not isinstance(document, dict):
        return None
    read = _BY_TYPE.get(str(document.get("type")))
    return read(document) if read is not None else None


def span_of(payload: bytes) -> bytes:
    """Return what tells whether two payloads are about the same span, unread; empty for what is not about one."""
    is_span = payload.startswith(_SPAN_BEGINS) and payload.startswith(_NAME_BEGINS, _IDS_END)
    return payload[:_IDS_END] if is_span else b""


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
        name, time = _text(one, "name"), _integer(one, "time")
        if name is not None and time is not None:
            events.append(EventRecord(name, time, attributes_of(one.get("attributes"))))
    return events


def links_of(value: object) -> list[LinkRecord]:
    """Return links from a JSON list of them or the text of one."""
    links = []
    for one in _objects(value):
        trace_id, span_id = _text(one, "trace_id"), _text(one, "span_id")
        if trace_id is not None and span_id is not None:
            links.append(LinkRecord(trace_id, span_id, attributes_of(one.get("attributes"))))
    return links


def _span(document: dict[str, Any]) -> SpanRecord | None:
    trace_id, span_id, start = _text(document, "trace_id"), _text(document, "span_id"), _integer(document, "start")
    if not trace_id or not span_id or start is None:
        return None
    return SpanRecord(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=_text(document, "parent_id"),
        name=_text(document, "name") or "",
        kind=_integer(document, "kind") or 0,
        start=start,
        end=_integer(document, "end"),
        status=_text(document, "status") or "UNSET",
        status_message=_text(document, "status_message"),
        attributes=attributes_of(document.get("attributes")),
        events=events_of(document.get("events")),
        links=links_of(document.get("links")),
        scope=_text(document, "scope") or "",
        scope_version=_text(document, "scope_version") or "",
        trace_state=_text(document, "trace_state") or "",
        sampled=document.get("sampled") is not False,
    )


def _header(document: dict[str, Any]) -> Header | None:
    process, version = _text(document, "process"), _integer(document, "format")
    if not process or version is None:
        return None
    return Header(
        process=process,
        pid=_integer(document, "pid") or 0,
        host=_text(document, "host") or "",
        start=_integer(document, "start") or 0,
        version=_text(document, "version") or "",
        resource=attributes_of(document.get("resource")),
        format=version,
        receiver=_addressee(document.get("receiver")),
        withheld=document.get("withheld") is True,
    )


def _addressee(value: object) -> Addressee | None:
    if not isinstance(value, dict) or (known := _text(value, "id")) is None:
        return None
    return Addressee(known, _text(value, "destination") or "")


_BY_TYPE: Final[dict[str, Callable[[dict[str, Any]], Header | SpanRecord | LogRecord | MetricsRecord | None]]] = {
    SPAN_TYPE: _span,
    HEADER_TYPE: _header,
    LOG_TYPE: log_of,
    METRICS_TYPE: metrics_of,
}


def _parsed(value: object) -> Any:  # noqa: ANN401 - whatever a document holds
    if not isinstance(value, (bytes, str)):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _objects(value: object) -> list[dict[str, Any]]:
    found = _parsed(value) if value else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _text(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None


def _integer(document: dict[str, Any], name: str) -> int | None:
    value = document.get(name)
    return value if type(value) is int and value in _INT64 else None
