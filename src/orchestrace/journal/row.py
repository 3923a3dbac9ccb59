"""A span as a row of the journal's database, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from orchestrace.conventions import EVALUATION_RESULT_EVENT, OPERATION_NAME, OUTCOME_PREFIX, ROLE
from orchestrace.journal.decoding import attributes_of, events_of, links_of
from orchestrace.journal.encoding import events_as_json, links_as_json
from orchestrace.records import SpanRecord

__all__ = [
    "AGENT",
    "CALL",
    "COLUMNS",
    "DOCUMENTS",
    "EVALUATOR",
    "GENERATOR",
    "ITERATION",
    "MARKER",
    "OUTCOME",
    "PLACEHOLDERS",
    "WORKFLOW",
    "record_of",
    "role_of",
    "row_of",
]

AGENT: Final = "agent"
WORKFLOW: Final = "workflow"
ITERATION: Final = "iteration"
GENERATOR: Final = "generator"
EVALUATOR: Final = "evaluator"
CALL: Final = "call"
"""One request to a model, as the program sees it."""
OUTCOME: Final = "outcome"
MARKER: Final = "marker"
"""Says of a run that it has started, while it still runs (see `markers`)."""

_BY_OPERATION: Final = {
    "invoke_agent": AGENT,
    "invoke_workflow": WORKFLOW,
    "execute_tool": "tool",
    "retrieval": "retriever",
    "chat": CALL,
    "text_completion": CALL,
    "generate_content": CALL,
    "embeddings": CALL,
}
"""What spans of other libraries are: they have an operation, and no role."""

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


def role_of(record: SpanRecord) -> str | None:
    """Tell what a span is to a reader: its role, what its operation says, or nothing that we know."""
    if OUTCOME_PREFIX + "name" in record.attributes:
        return OUTCOME
    role = record.attributes.get(ROLE)
    if isinstance(role, str):
        return role
    return _BY_OPERATION.get(str(record.attributes.get(OPERATION_NAME)))


def row_of(record: SpanRecord, process: int) -> tuple[object, ...]:
    """Return the values of `COLUMNS`; `process` is the row of who wrote the span."""
    return (
        record.trace_id,
        record.span_id,
        record.parent_id,
        role_of(record),
        record.start,
        record.end,
        record.kind,
        process,
        sum(event.name == EVALUATION_RESULT_EVENT for event in record.events),
        record.sampled,
        record.status,
        record.name,
        record.scope,
        record.scope_version,
        record.trace_state,
        record.status_message,
        orjson.dumps(record.attributes),
        _dumped(events_as_json(record.events)),
        _dumped(links_as_json(record.links)),
    )


def _dumped(value: object) -> bytes:
    return orjson.dumps(value) if value else b"[]"


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
