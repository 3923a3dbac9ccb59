"""Split a body of server-sent events, which may be cut anywhere, into its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson

from orchestrace.typing import JSONObject
from orchestrace.wires.reading import object_from

__all__ = ["Event", "ServerSentEvents", "json_events", "plain_objects", "split_events"]

Event: TypeAlias = tuple[str, str]
"""The name of an event and its data."""

_UNNAMED: Final = "message"
_DATA: Final = "data: "
_BETWEEN: Final = b"}\n\ndata: {"


@dataclass(frozen=True, slots=True)
class ServerSentEvents:
    """
    The events of a body, in order.

    `rest` is the event that the body ends in before the blank line that would end it, as far as it goes; None if the
    body ends between two events. A browser drops such an event: whether it is meant, only its format can tell.
    """

    events: list[Event]
    rest: Event | None = None


def split_events(body: bytes) -> ServerSentEvents:
    """
    Split a decompressed body as the HTML standard says: comments and unknown fields go, lines end in CR, LF or both.

    An event without a name is a "message". Never raises. The events of the beginning of a body are the beginning of
    the events of the body.
    """
    text = body.decode(errors="replace").removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = text.removesuffix("\n\n").split("\n\n")
    if text.count("\n") == 2 * len(blocks) and all(block.startswith(_DATA) for block in blocks):
        return ServerSentEvents([(_UNNAMED, block[len(_DATA) :]) for block in blocks])  # nearly all bodies
    return _split_lines(text)


def _split_lines(text: str) -> ServerSentEvents:
    events: list[Event] = []
    name, data, begun = _UNNAMED, None, False
    for line in text.removesuffix("\n").split("\n"):
        if not line:
            if data is not None:
                events.append((name, data))
            name, data, begun = _UNNAMED, None, False
        elif line.startswith(_DATA) and data is None:  # nearly all lines
            data = line[len(_DATA) :]
        elif not line.startswith(":"):
            begun = True
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data = value if data is None else f"{data}\n{value}"
            elif field == "event":
                name = value or _UNNAMED
    return ServerSentEvents(events, (name, data or "") if begun or data is not None else None)


def plain_objects(body: bytes) -> list[JSONObject] | None:
    """
    Return the objects of a body whose every event is a line `data: {…}` and a blank one; None for any other body.

    Nearly all streams of chats are such. They are read as one array, without making an event of each line.
    """
    if not (body.startswith(b"data: {") and body.endswith(b"}\n\n")):
        return None
    lines = body[len(_DATA) : -2]
    array = lines.replace(_BETWEEN, b"},{")
    if b"\n" in array or b"\r" in array:
        return None
    try:
        values = orjson.loads(b"[%b]" % array)
    except ValueError:
        return None
    told = 1 + (len(lines) - len(array)) // (len(_BETWEEN) - len(b"},{"))
    return values if len(values) == told and all(type(value) is dict for value in values) else None


def json_events(events: list[Event]) -> Iterable[tuple[str, JSONObject]]:
    """Return the events whose data is a JSON object, parsed: all at once, which takes half as long, or else each."""
    named = [event for event in events if event[1].startswith("{") and event[1].endswith("}")]
    try:
        values = orjson.loads(f"[{','.join([data for _, data in named])}]")
    except ValueError:
        values = []
    if len(values) == len(named) and all(type(value) is dict for value in values):
        return zip([name for name, _ in named], values, strict=True)
    return ((name, value) for name, data in events if (value := object_from(data)) is not None)
