"""What a span is to a reader of the journal."""

from __future__ import annotations

from typing import Final

from orchestrace.conventions import OPERATION_NAME, OUTCOME_NAME, ROLE
from orchestrace.records import SpanRecord

__all__ = [
    "AGENT",
    "CALL",
    "EVALUATOR",
    "GENERATOR",
    "ITERATION",
    "MARKER",
    "OUTCOME",
    "WORKFLOW",
    "role_of",
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


_BY_OPERATION: Final[dict[object, str]] = {
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


def role_of(record: SpanRecord) -> str | None:
    """Tell what a span is to a reader: its role, what its operation says, or nothing that we know."""
    attributes = record.attributes
    if OUTCOME_NAME in attributes:
        return OUTCOME
    role = attributes.get(ROLE)
    if isinstance(role, str):
        return role
    operation = attributes.get(OPERATION_NAME)
    return _BY_OPERATION.get(operation) if isinstance(operation, str) else None
