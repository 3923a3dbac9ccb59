"""Make a log record small enough for its way, and have it say what is missing: one that is refused is kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from orchestrace.conventions import TRUNCATED
from orchestrace.export.excerpt import excerpt
from orchestrace.export.otlp import encode_log
from orchestrace.export.otlp.wire import VARINT
from orchestrace.records import LogRecord

__all__ = ["shrunk_log"]

_OF_AN_ITEM: Final = 16
"""Bytes that an item is taken to need: where a text may have so many, a list has as many items fewer."""
_DEEPEST: Final = 28
"""Encoding leaves out what is deeper."""
_TOLD: Final = 100
_DROPPED: Final = b"\x38"


def shrunk_log(record: LogRecord, room: int) -> tuple[LogRecord, bytes] | None:
    """Return a log record and its body of at most `room` bytes; None where that cannot be. `record` stays as it is."""
    allowed = room
    while allowed >= _OF_AN_ITEM:
        short, dropped = _cut(record, allowed)
        body = encode_log(short)
        if dropped:
            body += _DROPPED + VARINT[dropped]
        if len(body) <= room:
            return short, body
        allowed //= 2
    return None


def _cut(record: LogRecord, allowed: int) -> tuple[LogRecord, int]:
    attributes = {
        name: _fit(value, allowed, _DEEPEST)
        for name, value in islice(record.attributes.items(), allowed // _OF_AN_ITEM)
        if len(name) <= allowed
    }
    body = _fit(record.body, allowed, _DEEPEST)
    cut = [name for name, value in attributes.items() if value is not record.attributes[name]]
    cut += ["body"] if body is not record.body else []
    told = record.attributes.get(TRUNCATED)
    names = [*(told if isinstance(told, list) else []), *cut][:_TOLD]
    dropped = len(record.attributes.keys() - attributes.keys() - {TRUNCATED})
    return replace(record, body=body, attributes={**attributes, TRUNCATED: names}), dropped


def _fit(value: Any, allowed: int, depth: int) -> Any:  # noqa: ANN401 - whatever a log record holds
    """Return a value whose texts and lists are no longer than is allowed; itself, where they are not."""
    if isinstance(value, str):
        return value if len(value) * 4 <= allowed else _text(value, allowed)
    if isinstance(value, bytes):
        return value if len(value) <= allowed else value[:allowed]
    if not depth:
        return value
    if isinstance(value, Mapping):
        pairs = {key: _fit(one, allowed, depth - 1) for key, one in islice(value.items(), allowed // _OF_AN_ITEM)}
        same = len(pairs) == len(value) and all(pairs[key] is one for key, one in value.items())
        return value if same else pairs
    if isinstance(value, (list, tuple)):
        items = [_fit(one, allowed, depth - 1) for one in islice(value, allowed // _OF_AN_ITEM)]
        same = len(items) == len(value) and all(one is other for one, other in zip(items, value, strict=True))
        return value if same else items
    return value


def _text(value: str, allowed: int) -> str:
    left = excerpt(value, allowed) if len(value.encode(errors="replace")) > allowed else value
    return left if isinstance(left, str) else ""
