"""
A word on a span whose start is on disk, and whose end found no room there: that it ended, and what became of it.

    {"type": "notice", "trace_id": "…", "span_id": "…", "end": ns, "status": "ERROR", "attributes": {…}}
    {"type": "notice", "trace_id": "…", "span_id": "…", "state": 2, "reason": ""}

Room for both is kept free from the start of the span on. Its end is in memory, goes to the disk when there is room
again, and to the receiver from there. Without a word of that, the next process would take the span for interrupted, and
send it once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from orchestrace.conventions import ENDING, ERROR_TYPE, OUTPUT_MESSAGES, OUTPUT_VALUE, TRUNCATED
from orchestrace.journal.frames import FRAME
from orchestrace.journal.plain import plain
from orchestrace.records import SpanRecord
from orchestrace.typing import Nanoseconds

__all__ = ["NOTICE_TYPE", "ROOM", "Notice", "encode_ended", "encode_settled"]

NOTICE_TYPE: Final = "notice"
ROOM: Final = 320
"""Bytes of a segment that one notice takes at most, with the head of its frame."""
_LARGEST: Final = ROOM - FRAME.size
_OUTPUT: Final = (OUTPUT_VALUE, OUTPUT_MESSAGES)


@dataclass(frozen=True, slots=True)
class Notice:
    """
    What is said of a span: its `end`, or the `state` (of `accounts`) that its end came to from memory, and why.

    `attributes` are the few that fit, and name those that are missing.
    """

    trace_id: str
    span_id: str
    end: Nanoseconds | None = None
    status: str = "UNSET"
    attributes: dict[str, Any] = field(default_factory=dict)
    state: int | None = None
    reason: str = ""


def encode_ended(record: SpanRecord) -> bytes:
    """Return the payload that says that a span has ended."""
    document = _document(record.trace_id, record.span_id) | {"end": record.end, "status": record.status}
    said = {name: record.attributes[name] for name in (ENDING, ERROR_TYPE) if name in record.attributes}
    if missing := [name for name in _OUTPUT if name in record.attributes]:
        said[TRUNCATED] = missing
    payload = _dumped({**document, "attributes": said})
    return payload if len(payload) <= _LARGEST else _dumped(document)


def encode_settled(trace_id: str, span_id: str, state: int, reason: str = "") -> bytes:
    """Return the payload that says what became of the end of a span that was in memory; a long reason is cut."""
    document = {**_document(trace_id, span_id), "state": state}
    left = _LARGEST - len(_dumped({**document, "reason": ""}))
    return _dumped({**document, "reason": _fitting(reason, left)})


def _document(trace_id: str, span_id: str) -> dict[str, Any]:
    return {"type": NOTICE_TYPE, "trace_id": trace_id, "span_id": span_id}


def _fitting(text: str, size: int) -> str:
    while len(_dumped({"": text})) - len(_dumped({"": ""})) > size:
        text = text[: min(size, len(text) - 1)]
    return text


def _dumped(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError:
        return orjson.dumps(plain(document))
