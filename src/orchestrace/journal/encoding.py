"""
What the frames of a segment hold: JSON objects whose `type` says what they are.

    {"type": "header", "format": 1, "process": "3f…", "pid": 1, "host": "…", "start": ns, "version": "0.1.0",
     "resource": {"service.name": "…"}, "receiver": {"id": "5d…", "destination": "…"}}
    {"type": "span", "trace_id": "…", "span_id": "…", "name": "…", "kind": 0, "start": ns, "attributes": {…}, …}

The header is the first frame of every segment. A span has the fields of `SpanRecord`; one that is at its default is
left out, so a span without `end` has only started. Times are nanoseconds since the epoch. What JSON cannot hold becomes
text, see `plain`.

`format` is raised only when old readers would misread what is new. They skip types and fields that they do not know,
and leave segments of a later format alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from orchestrace.journal.addressee import Addressee
from orchestrace.journal.plain import has_odd_number, plain
from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.typing import AttributeValue, Nanoseconds

__all__ = ["FORMAT", "HEADER_TYPE", "SPAN_TYPE", "Header", "encode", "encode_header", "events_as_json", "links_as_json"]

FORMAT: Final = 1
HEADER_TYPE: Final = "header"
SPAN_TYPE: Final = "span"

_STRICT: Final = orjson.OPT_PASSTHROUGH_DATACLASS
"""Strangers' objects are recorded by type, never by their fields: see `plain`."""


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
    # By hand and not as a dataclass: no slower, and what is at its default takes no bytes.
    span: dict[str, Any] = {
        "type": SPAN_TYPE,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "name": record.name,
        "kind": record.kind,
        "start": record.start,
    }
    if record.parent_id is not None:
        span["parent_id"] = record.parent_id
    if record.end is not None:
        span["end"] = record.end
    if record.scope:
        span["scope"] = record.scope
    if record.scope_version:
        span["scope_version"] = record.scope_version
    if not record.sampled:
        span["sampled"] = False
    if record.trace_state:
        span["trace_state"] = record.trace_state
    if record.status != "UNSET":
        span["status"], span["status_message"] = record.status, record.status_message
    span["attributes"] = record.attributes
    odd = has_odd_number(record.attributes)
    if record.events or record.links:
        odd = _add_lists(span, record) or odd
    return _dumped(span, odd=odd)


def events_as_json(events: list[EventRecord]) -> list[dict[str, Any]]:
    """Return events as objects of a JSON document."""
    return [{"name": event.name, "time": event.time, "attributes": event.attributes} for event in events]


def links_as_json(links: list[LinkRecord]) -> list[dict[str, Any]]:
    """Return links as objects of a JSON document."""
    return [{"trace_id": link.trace_id, "span_id": link.span_id, "attributes": link.attributes} for link in links]


def _add_lists(span: dict[str, Any], record: SpanRecord) -> bool:
    span["events"], span["links"] = events_as_json(record.events), links_as_json(record.links)
    attributes = [event.attributes for event in record.events] + [link.attributes for link in record.links]
    return any(has_odd_number(one) for one in attributes)


def _dumped(document: dict[str, Any], *, odd: bool) -> bytes:
    if not odd:
        try:
            return orjson.dumps(document, None, _STRICT)
        except TypeError:  # which values it refuses is orjson's to say: looking for them takes longer than writing
            pass
    return orjson.dumps(plain(document))
