"""
Make a span small enough for its way, and have it say what is missing.

Room is divided evenly: first among the attributes, the events, the links and the message of the status, then among
what there is of each. What is small stays whole. What is large is cut; where there are too many, some are left out, and
OTLP's own counts say how many. The names of all that was cut stand in `orchestrace.truncated`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Final, TypeVar

from orchestrace.conventions import EXCEPTION_EVENT, EXCEPTION_STACKTRACE, NAMES, TRUNCATED
from orchestrace.export.allotment import admitted, share
from orchestrace.export.excerpt import beginning, both_ends, excerpt
from orchestrace.export.otlp import encode_span
from orchestrace.export.otlp.partial import PartialEvent, PartialLink, PartialSpan
from orchestrace.export.otlp.span import encode_event, encode_link
from orchestrace.export.otlp.value import attributes, flat
from orchestrace.export.otlp.wire import text
from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.typing import Attributes, AttributeValue

__all__ = ["shrunk_span"]

_LEAST: Final = 256
"""Bytes that an attribute, event or link keeps, if it stays."""
_LEAST_INSIDE: Final = 64
"""The same, of the attributes of an event or link."""
_NAME: Final = 128
"""Bytes of a name that has to be cut."""
_TOLD: Final = 100
"""Names of what was cut, at most."""
_HEAD: Final = 6
"""Bytes before a message inside of another one, at most."""
_PARTS: Final = (1.0, 0.9, 0.6, 0.3)
"""How much of the room is used, tried in turn: what tells of the cuts takes some of it."""

_Item = TypeVar("_Item", EventRecord, LinkRecord)


def shrunk_span(record: SpanRecord, room: int) -> tuple[PartialSpan, bytes] | None:
    """Return a span, and its body, of at most `room` bytes; None where that cannot be. `record` stays as it is."""
    for part in _PARTS:
        cutting = _Cutting()
        span = cutting.span(record, int(room * part))
        if len(body := encode_span(span)) <= room:
            return span, body
    return None


class _Cutting:
    """One pass over a span, that takes down the names of what it cuts."""

    def __init__(self) -> None:
        self._cut: dict[str, None] = {}

    def span(self, record: SpanRecord, room: int) -> PartialSpan:
        """Return a copy that has about as many bytes."""
        before = record.attributes.get(TRUNCATED, ())
        pairs = {name: value for name, value in record.attributes.items() if name != TRUNCATED}
        span = _partial(PartialSpan, record)
        span.name = self._named("name", record.name, room)
        span.attributes, span.events, span.links, span.status_message = {}, [], [], None
        message = record.status_message or ""
        needed = [*map(sum, (_sizes(pairs), _of(record.events, encode_event), _of(record.links, encode_link)))]
        each = share([*needed, len(text(message))], room - len(encode_span(span)) - 4 * _HEAD)
        span.attributes, dropped = self._attributes(pairs, each, _LEAST)
        span.dropped_attributes += dropped
        span.events = self._events(record.events, each)
        span.dropped_events += len(record.events) - len(span.events)
        span.links = self._links(record.links, each)
        span.dropped_links += len(record.links) - len(span.links)
        span.status_message = self._message(record.status_message, each)
        self._note("attributes", dropped)
        self._note("events", len(record.events) - len(span.events))
        self._note("links", len(record.links) - len(span.links))
        span.attributes[TRUNCATED] = self._told(before)
        return span

    def _attributes(self, pairs: Attributes, room: int, least: int) -> tuple[dict[str, AttributeValue], int]:
        names, sizes = [*pairs], _sizes(pairs)
        # Those that the conventions know go first: readers look for them.
        order = sorted(range(len(names)), key=lambda place: names[place] not in NAMES)
        stay = sorted(admitted(sizes, room, least, order))
        each = share([sizes[place] for place in stay], room)
        kept: dict[str, AttributeValue] = {}
        for place in stay:
            name = names[place]
            left = pairs[name] if sizes[place] <= each else self._value(name, pairs[name], sizes[place], each)
            if left is not None:
                kept[name] = left
        return kept, len(names) - len(kept)

    def _value(self, name: str, value: AttributeValue, size: int, room: int) -> AttributeValue | None:
        left = room - (size - len(flat(value) or b""))
        if name == EXCEPTION_STACKTRACE and isinstance(value, str) and left > _LEAST:
            shorter: AttributeValue | None = both_ends(value, left - _HEAD)
        else:
            shorter = excerpt(value, left)
        if shorter is not None:
            self._cut[name] = None
        return shorter

    def _events(self, events: Sequence[EventRecord], room: int) -> list[EventRecord]:
        last = len(events) - 1
        # Exceptions first, then what is near to the beginning or the end.
        order = sorted(range(len(events)), key=lambda at: (events[at].name != EXCEPTION_EVENT, min(at, last - at), -at))
        return self._members(events, room, encode_event, self._event, order)

    def _links(self, links: Sequence[LinkRecord], room: int) -> list[LinkRecord]:
        return self._members(links, room, encode_link, self._link, range(len(links)))

    def _members(
        self,
        items: Sequence[_Item],
        room: int,
        encode: Callable[[_Item], bytes],
        cut: Callable[[_Item, int], _Item],
        order: Iterable[int],
    ) -> list[_Item]:
        sizes = _of(items, encode)
        stay = sorted(admitted(sizes, room, _LEAST, order))
        each = share([sizes[place] for place in stay], room)
        return [items[place] if sizes[place] <= each else cut(items[place], each) for place in stay]

    def _event(self, event: EventRecord, room: int) -> EventRecord:
        short = _partial(PartialEvent, event)
        short.name, short.attributes = self._named("events", event.name, room), {}
        left = room - len(encode_event(short)) - 2 * _HEAD
        short.attributes, dropped = self._attributes(event.attributes, left, _LEAST_INSIDE)
        short.dropped_attributes += dropped
        self._note("events", dropped)
        return short

    def _link(self, link: LinkRecord, room: int) -> LinkRecord:
        short = _partial(PartialLink, link)
        short.attributes = {}
        left = room - len(encode_link(short)) - 2 * _HEAD
        short.attributes, dropped = self._attributes(link.attributes, left, _LEAST_INSIDE)
        short.dropped_attributes += dropped
        self._note("links", dropped)
        return short

    def _message(self, message: str | None, room: int) -> str | None:
        if message is None or len(text(message)) <= room:
            return message
        self._cut["status"] = None
        return beginning(message, room)

    def _named(self, what: str, name: str, room: int) -> str:
        if len(name) * 4 <= max(room // 8, _NAME):
            return name
        self._note(what, len(text(name)) > _NAME)
        return beginning(name, _NAME)

    def _note(self, what: str, dropped: int) -> None:
        if dropped:
            self._cut[what] = None

    def _told(self, before: object) -> list[str]:
        names = [str(name) for name in before] if isinstance(before, (list, tuple)) else []
        told = [*dict.fromkeys([*names, *self._cut])]
        if len(told) > _TOLD:
            told[_TOLD:] = ["…"]
        return [beginning(name, 2 * _NAME) for name in told]


_Partial = TypeVar("_Partial", PartialSpan, PartialEvent, PartialLink)


def _partial(kind: type[_Partial], record: SpanRecord | EventRecord | LinkRecord) -> _Partial:
    if isinstance(record, kind):  # it was shrunk before
        return replace(record)
    return kind(**{field.name: getattr(record, field.name) for field in fields(record)})


def _sizes(pairs: Attributes) -> list[int]:
    return [len(attributes(b"\x4a", {name: value}, flat)) for name, value in pairs.items()]


def _of(items: Sequence[_Item], encode: Callable[[_Item], bytes]) -> list[int]:
    return [len(encode(item)) + _HEAD for item in items]
