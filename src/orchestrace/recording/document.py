"""
Write what crossed the wire as attribute text: JSON that stays valid, and valid for its schema, however much is cut.

Nearly everything fits, and is written at the speed of one dump. What does not is cut where it hurts least: first inline
data (an image of which half is left is none), then long texts, then the middle of a long list. Where something was
cut, its size in bytes and its SHA-256 stand beside it.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, TypeAlias

import orjson

from orchestrace.recording.masking import mask_text
from orchestrace.recording.snapshot import encode
from orchestrace.typing import JSON

__all__ = ["LIMIT", "write"]

Wire: TypeAlias = Any
"""JSON values as a wire built them, of lists and dicts that nobody else holds."""

LIMIT: Final = 1 << 20
"""Bytes of one document."""

_DATA: Final = 64 << 10
"""Bytes of inline data that are kept whole."""

_TEXTS: Final = (64 << 10, 16 << 10, 4 << 10, 1 << 10, 256)
"""Characters that a text may keep, tried in turn."""

_ENDS: Final = 100
"""Items that are kept at both ends of a list that is too long all the same."""


def write(value: Wire, limit: int = LIMIT) -> tuple[str, bool]:
    """Return a value as JSON text of at most `limit` bytes, and whether something was left out."""
    whole = _dump(value)
    if len(whole) <= limit and not _holds_data(whole):
        return mask_text(whole.decode()), False
    for longest in (limit, *_TEXTS):
        short = _Cut(longest).take(value)
        text = _dump(short)
        if len(text) <= limit:
            return mask_text(text.decode()), short != value
    if isinstance(short, list) and len(short) > 2 * _ENDS:
        gap = {"role": "system", "parts": [{"type": "left_out", "messages": len(short) - 2 * _ENDS}]}
        text = _dump([*short[:_ENDS], gap, *short[-_ENDS:]])
        if len(text) <= limit:
            return mask_text(text.decode()), True
    return encode({"left_out": True, "size": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}), True


def _holds_data(whole: bytes) -> bool:
    return len(whole) > _DATA and b'"type":"blob"' in whole


def _dump(value: Wire) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):  # a number beyond 64 bits, a lone surrogate: `encode` knows what to do
        return encode(value).encode()


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
            return value[: self._longest] + "…"
        return value  # type: ignore[no-any-return] # a number, a bool, None, or a text that fits

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
