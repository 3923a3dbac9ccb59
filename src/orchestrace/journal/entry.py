"""
A span on its way from a frame to a row of the database: read as far as a row needs it, its documents left in bytes.

Most of a span is text that nobody asks for before it is shown or sent. It is neither parsed nor written again here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from orchestrace.conventions import EVALUATION_RESULT_EVENT
from orchestrace.journal.decoding import decode, events_of, integer_in, links_of, text_in
from orchestrace.journal.encoding import (
    ATTRIBUTES_BEGIN,
    ATTRIBUTES_SIZE,
    REST,
    SPAN_TYPE,
    Header,
    events_as_json,
    links_as_json,
)
from orchestrace.journal.notice import Notice
from orchestrace.journal.role import role_of
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

__all__ = ["Entry", "begun_attributes", "entry_of", "joined", "read"]

_EMPTY: Final = b"{}"
_NONE: Final = b"[]"
_SIZE: Final = b'"%b":' % ATTRIBUTES_SIZE.encode()


@dataclass(slots=True)
class Entry:
    """
    A span as a row has it; `attributes`, `events` and `links` are JSON.

    Where `rest` is true, `attributes` are only those that its start did not have, and it has to be joined to that; then
    `identity` are those that tell whose it is, should the start have been forgotten.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    role: str | None
    start: int
    end: int | None
    kind: int
    verdicts: int
    sampled: bool
    status: str
    name: str
    scope: str
    scope_version: str
    trace_state: str
    status_message: str | None
    attributes: bytes
    events: bytes = _NONE
    links: bytes = _NONE
    rest: bool = False
    identity: bytes = _EMPTY


def read(payload: bytes) -> Entry | LogRecord | MetricsRecord | Notice | Header | None:
    """Return what a frame holds; None if it is broken, or of a type that this version does not know. Never raises."""
    at = payload.find(ATTRIBUTES_BEGIN)
    entry = _read(payload, at) if at > 0 else None
    if entry is not None:
        return entry
    record = decode(payload)
    return entry_of(record) if isinstance(record, SpanRecord) else record


def entry_of(record: SpanRecord) -> Entry:
    """Return a span as an entry. Raises TypeError for an attribute that JSON cannot hold."""
    return Entry(
        record.trace_id,
        record.span_id,
        record.parent_id,
        role_of(record),
        record.start,
        record.end,
        record.kind,
        sum(event.name == EVALUATION_RESULT_EVENT for event in record.events),
        record.sampled,
        record.status,
        record.name,
        record.scope,
        record.scope_version,
        record.trace_state,
        record.status_message,
        orjson.dumps(record.attributes),
        orjson.dumps(events_as_json(record.events)) if record.events else _NONE,
        orjson.dumps(links_as_json(record.links)) if record.links else _NONE,
    )


def joined(attributes: bytes, rest: Entry, *, ended: bool = False) -> Entry:
    """
    Give an entry the attributes of its start as well; return it.

    Where what it is joined to has `ended`, it may have some of them already.
    """
    if ended:
        both: Mapping[str, Any] = {**orjson.loads(attributes), **orjson.loads(rest.attributes)}
        whole = orjson.dumps(both)
    elif attributes == _EMPTY:
        whole = rest.attributes
    else:
        whole = attributes if rest.attributes == _EMPTY else b"%b,%b" % (attributes[:-1], rest.attributes[1:])
    rest.attributes, rest.rest = whole, False
    return rest


def _read(payload: bytes, at: int) -> Entry | None:
    """Read what stands before the attributes, and find where they end; None for a span that was written otherwise."""
    try:
        head = orjson.loads(payload[:at] + b"}")
    except orjson.JSONDecodeError:
        return None
    size, begin = integer_in(head, ATTRIBUTES_SIZE), at + len(ATTRIBUTES_BEGIN)
    if head.get("type") != SPAN_TYPE or size is None:
        return None
    attributes, tail = payload[begin : begin + size], payload[begin + size :]
    if len(attributes) < len(_EMPTY) or attributes[0] != _EMPTY[0] or attributes[-1] != _EMPTY[1]:
        return None
    entry = _of_head(head, attributes)
    return entry if entry is None or tail == b"}" else _with_lists(entry, tail)


def begun_attributes(payload: bytes) -> bytes | None:
    """Return the attributes in the frame of a start, which is not read otherwise; None for one written otherwise."""
    at = payload.find(ATTRIBUTES_BEGIN)
    attributes = payload[at + len(ATTRIBUTES_BEGIN) : -1]
    is_all = payload.endswith(b"%b%d" % (_SIZE, len(attributes)), 0, at)
    return attributes if at > 0 and is_all and attributes.startswith(b"{") and attributes.endswith(b"}") else None


def _of_head(head: dict[str, Any], attributes: bytes) -> Entry | None:
    trace_id, span_id, start = text_in(head, "trace_id"), text_in(head, "span_id"), integer_in(head, "start")
    if not trace_id or not span_id or start is None:
        return None
    identity = head.get(REST)
    return Entry(
        trace_id,
        span_id,
        text_in(head, "parent_id"),
        text_in(head, "role"),
        start,
        integer_in(head, "end"),
        integer_in(head, "kind") or 0,
        0,
        head.get("sampled") is not False,
        text_in(head, "status") or "UNSET",
        text_in(head, "name") or "",
        text_in(head, "scope") or "",
        text_in(head, "scope_version") or "",
        text_in(head, "trace_state") or "",
        text_in(head, "status_message"),
        attributes,
        rest=isinstance(identity, dict),
        identity=orjson.dumps(identity) if identity and isinstance(identity, dict) else _EMPTY,
    )


def _with_lists(entry: Entry, tail: bytes) -> Entry | None:
    try:
        lists = orjson.loads(b"{" + tail[1:])
    except orjson.JSONDecodeError:
        return None
    events, links = events_of(lists.get("events")), links_of(lists.get("links"))
    entry.verdicts = sum(event.name == EVALUATION_RESULT_EVENT for event in events)
    entry.events = orjson.dumps(events_as_json(events)) if events else _NONE
    entry.links = orjson.dumps(links_as_json(links)) if links else _NONE
    return entry
