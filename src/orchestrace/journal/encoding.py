"""
What the frames of a segment hold: JSON objects whose `type` says what they are.

    {"type": "header", "format": 2, "process": "3f…", "pid": 1, "host": "…", "start": ns, "version": "0.1.0",
     "resource": {"service.name": "…"}, "receiver": {"id": "5d…", "destination": "…"}}
    {"type": "span", "trace_id": "…", "span_id": "…", "name": "…", "kind": 0, "start": ns, "role": "call", …,
     "attributes_size": 4711, "attributes": {…}, "events": […], "links": […]}

The header is the first frame of every segment. A span has the fields of `SpanRecord`; one that is at its default is
left out, so a span without `end` has only started. `attributes_size` is how many bytes the attributes have, so that
who wants the rest need not parse them. A span may have several frames before its end. Where one has `rest`, its
attributes are only those that the frames before it did not have, and `rest` repeats those that tell whose the span
is. Times are nanoseconds since the epoch. What JSON cannot hold becomes text, see `plain`.

`format` is raised only when old readers would misread what is new. They skip types and fields that they do not know,
and leave segments of a later format alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from orchestrace.conventions import (
    CONVERSATION_ID,
    OPERATION_NAME,
    OUTCOME_NAME,
    ROLE,
    SESSION_ID,
    TENANT,
    USER_ID,
)
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.plain import has_odd_number, plain
from orchestrace.journal.role import role_of
from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.typing import Attributes, AttributeValue, Nanoseconds

__all__ = [
    "ATTRIBUTES_BEGIN",
    "ATTRIBUTES_SIZE",
    "FORMAT",
    "HEADER_TYPE",
    "REST",
    "SPAN_TYPE",
    "Head",
    "Header",
    "encode",
    "encode_header",
    "encode_more",
    "encode_rest",
    "encode_start",
    "events_as_json",
    "links_as_json",
]

FORMAT: Final = 2
HEADER_TYPE: Final = "header"
SPAN_TYPE: Final = "span"
ATTRIBUTES_SIZE: Final = "attributes_size"
ATTRIBUTES: Final = "attributes"
ATTRIBUTES_BEGIN: Final = b',"attributes":'
"""What stands before the attributes of a span; inside of a text its quotes would be escaped."""
REST: Final = "rest"

_STRICT: Final = orjson.OPT_PASSTHROUGH_DATACLASS
"""Strangers' objects are recorded by type, never by their fields: see `plain`."""

Head: TypeAlias = dict[str, Any]
"""What stands before the attributes of a span."""


@dataclass(frozen=True, slots=True)
class Header:
    """
    Who writes a segment.

    `process` is unique for one journal in one process, and the same in all its segments. `start` is when it began.
    `receiver` is for whom it writes; None: nobody so far. Spans that are `withheld` are not sent, to nobody.
    """

    process: str
    pid: int
    host: str
    start: Nanoseconds
    version: str
    resource: Mapping[str, AttributeValue]
    format: int = FORMAT
    receiver: Addressee | None = None
    withheld: bool = False


def encode_header(header: Header) -> bytes:
    """Return the payload of a segment's first frame."""
    document: dict[str, Any] = {
        "type": HEADER_TYPE,
        "format": header.format,
        "process": header.process,
        "pid": header.pid,
        "host": header.host,
        "start": header.start,
        "version": header.version,
        "resource": dict(header.resource),
    }
    if (receiver := header.receiver) is not None:
        document["receiver"] = {"id": receiver.id, "destination": receiver.destination}
    if header.withheld:
        document["withheld"] = True
    return _dumped(document, odd=has_odd_number(header.resource))


def encode(record: SpanRecord) -> bytes:
    """Return a span as the payload of a frame, whatever its attributes hold."""
    return _payload(_head(record), record, record.attributes)


def encode_start(record: SpanRecord) -> tuple[bytes, Head]:
    """Return a span that has started as a payload, and what is said there before its attributes."""
    head = _head(record)
    payload = _payload(head, record, record.attributes)
    del head[ATTRIBUTES]
    return payload, head


def encode_more(record: SpanRecord, begun: Attributes) -> tuple[bytes, Head]:
    """Return a span that runs as a payload, without what is known of it already, and what is said before attributes."""
    head = _head(record)
    return encode_rest(record, begun, head.copy()), head


def encode_rest(record: SpanRecord, begun: Attributes, head: Head | None = None) -> bytes:
    """
    Return a span as a payload, without those attributes that the frame of its start had.

    One that was changed since makes it whole: then nothing is left out. `head` is that of the start, and is used up.
    """
    rest = record.attributes.copy()
    try:
        for name, value in begun.items():
            if rest[name] is not value:
                return encode(record)
            del rest[name]
    except KeyError:
        return encode(record)
    if head is None or ROLE in rest or OPERATION_NAME in rest or OUTCOME_NAME in rest:
        head = _head(record)
    head["name"] = record.name  # of what was said at the start, this alone can change
    head[REST] = _identity(begun)
    return _payload(head, record, rest)


def events_as_json(events: list[EventRecord]) -> list[dict[str, Any]]:
    """Return events as objects of a JSON document."""
    return [{"name": event.name, "time": event.time, "attributes": event.attributes} for event in events]


def links_as_json(links: list[LinkRecord]) -> list[dict[str, Any]]:
    """Return links as objects of a JSON document."""
    return [{"trace_id": link.trace_id, "span_id": link.span_id, "attributes": link.attributes} for link in links]


def _identity(begun: Attributes) -> Attributes:
    # By what runs are forgotten: the end of one that goes on meanwhile is to be found, too. Most calls have none.
    if TENANT in begun or SESSION_ID in begun or CONVERSATION_ID in begun or USER_ID in begun:
        return {name: begun[name] for name in (CONVERSATION_ID, SESSION_ID, TENANT, USER_ID) if name in begun}
    return {}


def _head(record: SpanRecord) -> Head:
    # By hand and not as a dataclass: no slower, and what is at its default takes no bytes.
    head: Head = {
        "type": SPAN_TYPE,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "name": record.name,
        "kind": record.kind,
        "start": record.start,
    }
    if (role := role_of(record)) is not None:
        head["role"] = role
    if record.parent_id is not None:
        head["parent_id"] = record.parent_id
    if record.scope:
        head["scope"] = record.scope
    if record.scope_version:
        head["scope_version"] = record.scope_version
    if not record.sampled:
        head["sampled"] = False
    if record.trace_state:
        head["trace_state"] = record.trace_state
    return head


def _payload(head: Head, record: SpanRecord, attributes: Attributes) -> bytes:
    if record.end is not None:
        head["end"] = record.end
    if record.status != "UNSET":
        head["status"], head["status_message"] = record.status, record.status_message
    written = _dumped(attributes, odd=has_odd_number(attributes))
    head[ATTRIBUTES_SIZE] = len(written)
    head[ATTRIBUTES] = orjson.Fragment(written)
    try:
        payload = orjson.dumps(head)
    except TypeError:  # half of a surrogate pair in a name
        del head[ATTRIBUTES]
        payload = b"%b%b%b}" % (orjson.dumps(plain(head))[:-1], ATTRIBUTES_BEGIN, written)
        head[ATTRIBUTES] = written
    return payload if not record.events and not record.links else payload[:-1] + _lists(record)


def _lists(record: SpanRecord) -> bytes:
    found = {"events": events_as_json(record.events), "links": links_as_json(record.links)}
    attributes = [event.attributes for event in record.events] + [link.attributes for link in record.links]
    return b"," + _dumped(found, odd=any(has_odd_number(one) for one in attributes))[1:]


def _dumped(document: Mapping[str, Any], *, odd: bool) -> bytes:
    if not odd:
        try:
            return orjson.dumps(document, None, _STRICT)
        except TypeError:  # which values it refuses is orjson's to say: looking for them takes longer than writing
            pass
    return orjson.dumps(plain(document))
