"""Write single values as attribute texts."""

from __future__ import annotations

from typing import Final

from orchestrace.recording.snapshot import encode, snapshot

__all__ = ["JSON_TYPE", "TEXT_TYPE", "label", "shortened", "written"]

JSON_TYPE: Final = "application/json"
TEXT_TYPE: Final = "text/plain"

_LABEL: Final = 256
"""Longer values cannot be searched for in Elasticsearch behind Jaeger."""


def label(value: object) -> str:
    """Return a value to search by: at most 256 characters, keys masked."""
    text, _ = written(value)
    return text[:_LABEL]


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
