"""A span as a row of the journal's database, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from orchestrace.journal.decoding import attributes_of, events_of, links_of
from orchestrace.journal.entry import Entry
from orchestrace.records import SpanRecord

__all__ = ["COLUMNS", "DOCUMENTS", "PLACEHOLDERS", "record_of", "row_of"]

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
PLACEHOLDERS: Final = ", ".join("CAST(? AS TEXT)" if name in DOCUMENTS else "?" for name in COLUMNS)
"""
Where the values of `row_of` go in a statement.

Documents are bytes: Python would make a text of them that SQLite makes bytes of again.
"""


def row_of(entry: Entry, process: int) -> tuple[object, ...]:
    """Return the values of `COLUMNS`; `process` is the row of who wrote the span."""
    return (
        entry.trace_id,
        entry.span_id,
        entry.parent_id,
        entry.role,
        entry.start,
        entry.end,
        entry.kind,
        process,
        entry.verdicts,
        entry.sampled,
        entry.status,
        entry.name,
        entry.scope,
        entry.scope_version,
        entry.trace_state,
        entry.status_message,
        entry.attributes,
        entry.events,
        entry.links,
    )


def record_of(row: Sequence[Any]) -> SpanRecord:
    """Return the span that a row of `COLUMNS` holds."""
    value = dict(zip(COLUMNS, row, strict=True))
    return SpanRecord(
        trace_id=value["trace_id"],
        span_id=value["span_id"],
        parent_id=value["parent_id"],
        name=value["name"],
        kind=value["kind"],
        start=value["start_time"],
        end=value["end_time"],
        status=value["status"],
        status_message=value["status_message"],
        attributes=attributes_of(value["attributes"]),
        events=events_of(value["events"]),
        links=links_of(value["links"]),
        scope=value["scope"],
        scope_version=value["scope_version"],
        trace_state=value["trace_state"],
        sampled=bool(value["sampled"]),
    )
