"""A span as a row of the journal's database, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from orchestrace.journal.decoding import attributes_of, events_of, links_of
from orchestrace.journal.entry import Entry
from orchestrace.records import SpanRecord

__all__ = ["COLUMNS", "DOCUMENTS", "PLACEHOLDERS", "record_of", "record_of_parts", "row_of"]

COLUMNS: Final = (
    "trace_id",
    "span_id",
    "parent_id",
    "role",
    "start_time",
    "end_time",
    "kind",
    "process",
    "verdicts",
    "sampled",
    "status",
    "name",
    "scope",
    "scope_version",
    "trace_state",
    "status_message",
    "attributes",
    "events",
    "links",
)
DOCUMENTS: Final = ("attributes", "events", "links")
"""The columns that hold JSON. They stand last."""
_DOCUMENT, _OPTIONAL = "CAST(? AS TEXT)", "nullif(?, 0)"
_FORMS: Final = {"parent_id": _OPTIONAL, "status_message": _OPTIONAL, **dict.fromkeys(DOCUMENTS, _DOCUMENT)}
PLACEHOLDERS: Final = ", ".join(_FORMS.get(name, "?") for name in COLUMNS)
"""
Where the values of `row_of` go in a statement.

Documents are bytes: Python would make a text of them that SQLite makes bytes of again. Where the others are None, they
are the number 0. For Python's sqlite3 looks long for an adapter of whatever is no number, text or bytearray.
"""
_EMPTY: Final = b"[]"


def row_of(entry: Entry, process: int) -> tuple[object, ...]:
    """Return the values of `COLUMNS` as `PLACEHOLDERS` take them; `process` is the row of who wrote the span."""
    return (
        entry.trace_id,
        entry.span_id,
        0 if entry.parent_id is None else entry.parent_id,
        entry.role,
        entry.start,
        entry.end,
        entry.kind,
        process,
        entry.verdicts,
        1 if entry.sampled else 0,
        entry.status,
        entry.name,
        entry.scope,
        entry.scope_version,
        entry.trace_state,
        0 if entry.status_message is None else entry.status_message,
        bytearray(entry.attributes),
        "[]" if entry.events == _EMPTY else bytearray(entry.events),
        "[]" if entry.links == _EMPTY else bytearray(entry.links),
    )


def record_of(row: Sequence[Any]) -> SpanRecord:
    """Return the span that a row of `COLUMNS` holds."""
    *head, attributes, events, links = row
    return record_of_parts(head, attributes, events, links)


def record_of_parts(head: Sequence[Any], attributes: object, events: object, links: object) -> SpanRecord:
    """Return a span from what stands before its documents, and these, as JSON or what was read from it."""
    (
        trace_id,
        span_id,
        parent_id,
        _,
        start,
        end,
        kind,
        _,
        _,
        sampled,
        status,
        name,
        scope,
        scope_version,
        trace_state,
        status_message,
    ) = head
    return SpanRecord(
        trace_id,
        span_id,
        parent_id,
        name,
        kind,
        start,
        end,
        status,
        status_message,
        attributes_of(attributes),
        events_of(events) if events else [],
        links_of(links) if links else [],
        scope,
        scope_version,
        trace_state,
        bool(sampled),
    )
