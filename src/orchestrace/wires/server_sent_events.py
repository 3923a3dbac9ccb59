"""Split a body of server-sent events, which may be cut anywhere, into its events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from orchestrace.typing import JSONObject
from orchestrace.wires.reading import object_from

__all__ = ["Event", "ServerSentEvents", "json_events", "split_events"]

Event: TypeAlias = tuple[str, str]
"""The name of an event and its data."""

_UNNAMED: Final = "message"


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
    events: list[Event] = []
    name, data, begun = _UNNAMED, None, False
    for line in text.removesuffix("\n").split("\n"):
        if not line:
            if data is not None:
                events.append((name, data))
            name, data, begun = _UNNAMED, None, False
        elif line.startswith("data: ") and data is None:  # nearly all lines
            data = line[6:]
        elif not line.startswith(":"):
            begun = True
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data = value if data is None else f"{data}\n{value}"
            elif field == "event":
                name = value or _UNNAMED
    return ServerSentEvents(events, (name, data or "") if begun or data is not None else None)


def json_events(events: list[Event]) -> Iterator[tuple[str, JSONObject]]:
    """Return the events whose data is a JSON object, parsed."""
    return ((name, value) for name, data in events if (value := object_from(data)) is not None)
