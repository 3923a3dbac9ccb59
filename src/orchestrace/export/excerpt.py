"""What is left of a value for which there is not enough room: still of its kind, and still JSON where it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from orchestrace.export.allotment import admitted, share
from orchestrace.export.otlp.value import flat
from orchestrace.export.otlp.wire import text
from orchestrace.recording.document import write
from orchestrace.typing import AttributeValue

__all__ = ["beginning", "both_ends", "excerpt"]

_HEAD: Final = 6
"""Bytes before the content of a text or list, at most: a tag, and the length of anything that a receiver takes."""
_LEAST: Final = 64
"""Bytes of an item that stays in a list."""
_GAP: Final = "\n…\n"


def excerpt(value: AttributeValue, room: int) -> AttributeValue | None:
    """Return what is left of a value that is too long, in `room` bytes on the wire; None where nothing can be."""
    room -= _HEAD
    if isinstance(value, str):
        return _text(value, room) if room > 0 else None
    if isinstance(value, (list, tuple)):
        return _list(value, room) if room > 0 else None
    return None


def beginning(said: str, room: int) -> str:
    """Return the beginning of a text, of at most `room` bytes of UTF-8."""
    return said if len(said) * 4 <= room else text(said)[: max(0, room)].decode("utf-8", "ignore")


def both_ends(said: str, room: int) -> str:
    """Return the beginning of a text and more of its end: of a stack trace that is where it was raised, and what."""
    octets = text(said)
    room -= len(_GAP.encode())
    if room < 2 * _LEAST or len(octets) <= room:
        return beginning(said, room)
    head, tail = octets[: room // 3], octets[-(room - room // 3) :]
    return head.decode("utf-8", "ignore") + _GAP + tail.decode("utf-8", "ignore")


def _text(value: str, room: int) -> str:
    if value[:1] not in {"{", "["}:
        return beginning(value, room)
    empty = "{}" if value[0] == "{" else "[]"
    try:
        left, _ = write(orjson.loads(value), room)
    except orjson.JSONDecodeError:
        return beginning(value, room)
    except RecursionError:  # deeper than it can be walked through
        return empty
    # Masking may have made it longer, and of a list nothing but a note may be left.
    return left if left[:1] == value[0] and len(left.encode()) <= room else empty


def _list(value: Sequence[Any], room: int) -> list[Any] | None:
    sizes = [len(flat(item) or b"") + _HEAD for item in value]
    kept = sorted(admitted(sizes, room, _LEAST, range(len(sizes))))
    each = share([sizes[place] for place in kept], room)
    items = [value[at] if sizes[at] <= each else beginning(value[at], each - 2 * _HEAD) for at in kept]
    return items or None
