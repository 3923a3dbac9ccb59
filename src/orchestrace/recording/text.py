"""Write single values as attribute texts."""

from __future__ import annotations

from typing import Final

from orchestrace.recording.snapshot import encode, snapshot

__all__ = ["JSON_TYPE", "TEXT_TYPE", "as_recorded", "label", "shortened", "written"]

JSON_TYPE: Final = "application/json"
TEXT_TYPE: Final = "text/plain"

_LABEL: Final = 256
"""Longer values cannot be searched for in Elasticsearch behind Jaeger."""
_DIGEST: Final = 16
"""Hexadecimal digits: enough to tell all sessions of all tenants apart."""


def label(value: object) -> str:
    """
    Return a value to search by: at most 256 characters, keys masked.

    Of a longer one, the start and the beginning of its SHA-256: two of them are still two.
    """
    taken = snapshot(value)
    text = taken if isinstance(taken, str) else encode(value)  # a UUID is a text, without quotes around
    if len(text) <= _LABEL:
        return text
    import hashlib  # noqa: PLC0415 - 2 ms at import, rarely wanted

    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    return f"{text[: _LABEL - _DIGEST - 1]}…{digest}"


def as_recorded(typed: str) -> str:
    """
    Return what `label` has made of an id that somebody types: a long one is recorded otherwise.

    Never a mask: that may stand for many an id.
    """
    return label(typed) if len(typed) > _LABEL else typed


def written(value: object) -> tuple[str, str]:
    """Return a value as text and that text's MIME type: a string as it is, anything else as JSON. Never raises."""
    if isinstance(value, str):
        taken = snapshot(value)
        if isinstance(taken, str):
            return taken, TEXT_TYPE
    return encode(value), JSON_TYPE


def shortened(text: str, limit: int) -> str:
    """Return `text` on one line, cut to `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
