"""
Write what crossed the wire as attribute text: JSON that stays valid, and valid for its schema, however much is cut.

Nearly everything fits, and is written at the speed of one dump. What does not is cut where it hurts least: first inline
data (an image of which half is left is none), then long texts, then the middle of a long list. Where something was
cut, its size in bytes and its SHA-256 stand beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import orjson

from orchestrace.recording.masking import mask_text, masked
from orchestrace.recording.snapshot import encode
from orchestrace.typing import JSON

__all__ = ["LIMIT", "as_bytes", "holds_data", "write"]

Wire: TypeAlias = Any
"""JSON values as a wire built them, of lists and dicts that nobody else holds."""

LIMIT: Final = 1 << 20
"""Bytes of one document."""

_DATA: Final = 64 << 10
"""Bytes of inline data that are kept whole."""

_TEXTS: Final = (64 << 10, 16 << 10, 4 << 10, 1 << 10, 256, 64, 16)
"""Characters that a text may keep, tried in turn."""

_MARGIN: Final = 1024
"""Read beyond a cut before masking, so that no key is cut in two and missed."""

_ENDS: Final = (100, 10, 1, 0)
"""Items that are kept at both ends of a list that is too long all the same, tried in turn."""


def write(value: Wire, limit: int = LIMIT) -> tuple[str, bool]:
    """Return a value as JSON text of at most `limit` bytes before masking, and whether something was left out."""
    whole = as_bytes(value)
    if len(whole) <= limit and not holds_data(whole):
        return masked(whole), False
    for shorter in _shortened(value, limit):
        text = as_bytes(shorter)
        if len(text) <= limit:
            return masked(text), shorter != value
    return encode({"left_out": True, "size": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}), True


def _shortened(value: Wire, limit: int) -> Iterator[Wire]:
    """Yield the value with more and more left out."""
    short = value
    for longest in (limit, *_TEXTS):
        short = _Cut(longest).take(value)
        yield short
    if isinstance(short, list):
        for kept in _ENDS:
            if (missing := len(short) - 2 * kept) > 0:
                yield [*short[:kept], _gap(short[kept], missing), *short[kept + missing :]]


def _gap(first: Wire, missing: int) -> JSON:
    """Say that items are missing, in the shape of an item: a message, or else a part or the definition of a tool."""
    gap: JSON = {"type": "left_out", "name": "left_out", "items": missing}
    is_message = isinstance(first, dict) and "parts" in first
    return {"role": "system", "parts": [gap]} if is_message else gap


def holds_data(whole: bytes) -> bool:
    """Tell whether there may be inline data that is not worth its room."""
    return len(whole) > _DATA and b'"type":"blob"' in whole


def as_bytes(value: Wire) -> bytes:
    """Return a value as JSON, whatever the numbers and texts in it."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a number beyond 64 bits, a lone surrogate
        import json  # noqa: PLC0415 - rarely wanted

        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


class _Cut:
    """One pass over a value that shortens what is longer than it may be."""

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def take(self, value: Wire) -> JSON:
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return [self.take(item) for item in value]
        if isinstance(value, str) and len(value) > self._longest:
            return self._start(value) + "…"
        return value  # type: ignore[no-any-return] # a number, a bool, None, or a text that fits

    def _start(self, text: str) -> str:
        seen = text[: self._longest + _MARGIN]
        masked = mask_text(seen)
        return masked[: max(len(masked) - len(seen) + self._longest, 0)]

    def _object(self, value: dict[str, Wire]) -> JSON:
        taken: dict[str, JSON] = {}
        for key, item in value.items():
            if value.get("type") == "blob" and key == "content" and isinstance(item, str) and len(item) > _DATA:
                taken |= {key: "", **_told(item)}
                continue
            taken[key] = self.take(item)
            if isinstance(item, str) and taken[key] != item:
                taken |= _told(item)
        return taken


def _told(text: str) -> dict[str, JSON]:
    data = text.encode(errors="replace")
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
