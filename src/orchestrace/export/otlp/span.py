"""A span: OTLP's Span, as the stock encoder writes it."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

from opentelemetry.trace import TraceState

from orchestrace.export.otlp.partial import PartialEvent, PartialLink, PartialSpan
from orchestrace.export.otlp.value import attributes, flat
from orchestrace.export.otlp.wire import VARINT, delimited, fixed64, identity, text
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

__all__ = ["encode_event", "encode_link", "encode_span"]

_KINDS: Final = {kind: b"\x30" + bytes((kind + 1,)) for kind in range(5)}
"""OTLP's kinds begin with one for a kind that was not given."""

_STATUSES: Final = {"OK": b"\x7a\x02\x18\x01", "ERROR": b"\x7a\x02\x18\x02"}
_UNSET: Final = b"\x7a\x00"
_ERROR_CODE: Final = b"\x18\x02"

_TRACE_DIGITS: Final = 32
_SPAN_DIGITS: Final = 16
_DIGITS: Final = {4 + _TRACE_DIGITS + 4 + _SPAN_DIGITS, 4 + _TRACE_DIGITS + 2 * (4 + _SPAN_DIGITS)}

_BEYOND: Final = 1 << 64
_BOTH_TIMES: Final = struct.Struct("<BQBQ").pack

_LOCAL: Final = (0x100).to_bytes(4, "little")
"""The flags of a span whose parent, and of a link whose span, is known not to be remote: all that we know of any."""

_SPAN_FLAGS: Final = b"\x85\x01" + _LOCAL
_LINK_FLAGS: Final = b"\x35" + _LOCAL


class _Names(dict[str, bytes]):
    """The field of a name; those that come again and again are kept."""

    def __missing__(self, name: str) -> bytes:
        field = delimited(b"\x2a", text(name)) if name else b""
        if len(self) >= _KEPT:
            self.clear()
        self[name] = field
        return field


_KEPT: Final = 256
_NAMES: Final = _Names()


def encode_span(record: SpanRecord) -> bytes:
    """
    Return `record` as the body of a `Span`.

    A time out of bounds is moved to them; only an error has a message. Raises ValueError for an id that is not hex of
    the right length.
    """
    parts = [
        _ids(record.trace_id, record.span_id, record.parent_id),
        _trace_state(record.trace_state) if record.trace_state else b"",
        _NAMES[record.name],
        _KINDS.get(record.kind, _KINDS[0]),
        _times(record.start, record.end),
        attributes(b"\x4a", record.attributes, flat),
    ]
    if record.events:
        parts += [delimited(b"\x5a", encode_event(event)) for event in record.events]
    if record.links:
        parts += [delimited(b"\x6a", encode_link(link)) for link in record.links]
    if isinstance(record, PartialSpan):
        parts.append(_dropped(record))
    parts += (_status(record) if record.status_message else _STATUSES.get(record.status, _UNSET), _SPAN_FLAGS)
    return b"".join(parts)


def encode_event(event: EventRecord) -> bytes:
    """Return the body of a span's `Event`."""
    name = delimited(b"\x12", text(event.name)) if event.name else b""
    body = fixed64(b"\x09", event.time) + name + attributes(b"\x1a", event.attributes, flat)
    return body + _count(b"\x20", event.dropped_attributes) if isinstance(event, PartialEvent) else body


def encode_link(link: LinkRecord) -> bytes:
    """Return the body of a span's `Link`. Raises ValueError as `encode_span` does."""
    ids = b"\x0a\x10" + identity(link.trace_id, 16) + b"\x12\x08" + identity(link.span_id, 8)
    dropped = _count(b"\x28", link.dropped_attributes) if isinstance(link, PartialLink) else b""
    return ids + attributes(b"\x22", link.attributes, flat) + dropped + _LINK_FLAGS


def _dropped(span: PartialSpan) -> bytes:
    # Out of the order of their numbers, which readers do not mind.
    of_attributes = _count(b"\x50", span.dropped_attributes)
    return of_attributes + _count(b"\x60", span.dropped_events) + _count(b"\x70", span.dropped_links)


def _count(tag: bytes, number: int) -> bytes:
    return tag + VARINT[number] if number else b""


def _ids(trace_id: str, span_id: str, parent_id: str | None) -> bytes:
    # Read at once, tags and all; where they are not what they must be, one by one, to say which is none.
    said = f"0a10{trace_id}1208{span_id}{'' if parent_id is None else '2208' + parent_id}"
    if len(trace_id) == _TRACE_DIGITS and len(span_id) == _SPAN_DIGITS and len(said) in _DIGITS:
        octets = bytes.fromhex(said)
        if len(octets) * 2 == len(said):  # spaces may stand between digits
            return octets
    ids = b"\x0a\x10" + identity(trace_id, 16) + b"\x12\x08" + identity(span_id, 8)
    return ids if parent_id is None else ids + b"\x22\x08" + identity(parent_id, 8)


def _times(start: int, end: int | None) -> bytes:
    if end is not None and 0 < start <= end < _BEYOND:
        return _BOTH_TIMES(0x39, start, 0x41, end)
    return fixed64(b"\x39", start) + (b"" if end is None else fixed64(b"\x41", end))


def _status(record: SpanRecord) -> bytes:
    if record.status == "ERROR" and record.status_message:
        return delimited(b"\x7a", delimited(b"\x12", text(record.status_message)) + _ERROR_CODE)
    return _STATUSES.get(record.status, _UNSET)


@lru_cache(maxsize=256)
def _trace_state(header: str) -> bytes:
    said = TraceState.from_header([header]).to_header()
    return delimited(b"\x1a", text(said)) if said else b""
