"""
What the frames of a segment hold: JSON objects whose `type` says what they are.

    {"type": "header", "format": 2, "process": "3f…", "pid": 1, "host": "…", "start": ns, "version": "0.1.0",
     "resource": {"service.name": "…"}, "receiver": {"id": "5d…", "destination": "…"}}
    {"type": "span", "trace_id": "…", "span_id": "…", "name": "…", "kind": 0, "start": ns, "role": "call", …,
     "attributes_size": 4711, "attributes": {…}, "events": […], "links": […]}

The header is the first frame of every segment. A span has the fields of `SpanRecord`; one that is at its default is
left out, so a span without `end` has only started. `attributes_size` is how many bytes the attributes have, so that
who wants the rest need not parse them. Where the frame of an end has `rest`, its
attributes are only those that the frame of the start did not have, and `rest` repeats those that tell whose the span
is. Times are nanoseconds since the epoch. What JSON cannot hold becomes text, see `plain`.

`format` is raised only when old readers would misread what is new. They skip types and fields that they do not know,
and leave segments of a later format alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from orchestrace.conventions import CONVERSATION_ID, SESSION_ID, TENANT, USER_ID
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.opening import SPAN_TYPE, changes_role, opening_of, text_of
from orchestrace.journal.plain import has_odd_number, plain
from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.typing import Attributes, AttributeValue, Nanoseconds

__all__ = [
    "ATTRIBUTES_BEGIN",
    "ATTRIBUTES_SIZE",
    "FORMAT",
    "HEADER_TYPE",
    "REST",
    "SPAN_TYPE",
    "Header",
    "encode",
    "encode_from",
    "encode_header",
    "encode_rest",
    "events_as_json",
    "links_as_json",
]

FORMAT: Final = 2
HEADER_TYPE: Final = "header"
ATTRIBUTES_SIZE: Final = "attributes_size"
ATTRIBUTES_BEGIN: Final = b',"attributes":'
"""What stands before the attributes of a span; inside of a text its quotes would be escaped."""
_BEGIN: Final = ATTRIBUTES_BEGIN.decode()
REST: Final = "rest"

_IDENTITY: Final = (CONVERSATION_ID, SESSION_ID, TENANT, USER_ID)
"""By what runs are forgotten: the end of one that goes on meanwhile is to be found, too."""

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
    return encode_from(opening_of(record), record, record.attributes)


def encode_rest(record: SpanRecord, begun: Attributes, opening: str | None = None) -> bytes:
    """
    Return a span that has ended as a payload, without those attributes that the frame of its start had.

    One that was changed since makes it whole: then nothing is left out. `opening` is that of the start, if it still
    holds but for the role.
    """
    rest = record.attributes.copy()
    try:
        for name, value in begun.items():
            if rest[name] is not value:
                return encode(record)
            del rest[name]
    except KeyError:
        return encode(record)
    if opening is None or changes_role(rest):
        opening = opening_of(record)
    return encode_from(f'{opening},"{REST}":{_identity(begun)}', record, rest)


def encode_from(opening: str, record: SpanRecord, attributes: Attributes) -> bytes:
    """Return a span as a payload that begins with `opening`, and has `attributes` only."""
    written = _dumped(attributes, odd=has_odd_number(attributes))
    end = "" if record.end is None else f',"end":{record.end}'
    if record.status != "UNSET":
        end += f',"status":{text_of(record.status)},"status_message":{text_of(record.status_message)}'
    head = f'{opening}{end},"{ATTRIBUTES_SIZE}":{len(written)}{_BEGIN}'
    lists = _lists(record) if record.events or record.links else b"}"
    return b"".join((head.encode(), written, lists))


def events_as_json(events: list[EventRecord]) -> list[dict[str, Any]]:
    """Return events as objects of a JSON document."""
    return [{"name": event.name, "time": event.time, "attributes": event.attributes} for event in events]


def links_as_json(links: list[LinkRecord]) -> list[dict[str, Any]]:
    """Return links as objects of a JSON document."""
    return [{"trace_id": link.trace_id, "span_id": link.span_id, "attributes": link.attributes} for link in links]


def _identity(begun: Attributes) -> str:
    if TENANT in begun or SESSION_ID in begun or CONVERSATION_ID in begun or USER_ID in begun:
        return text_of({name: begun[name] for name in _IDENTITY if name in begun})
    return "{}"


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
