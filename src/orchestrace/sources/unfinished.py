"""Have a marker stand for the run that it marks, where that has not come: it still runs, or its process was killed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from orchestrace import conventions as names
from orchestrace.journal.role import AGENT, MARKER, WORKFLOW, role_of
from orchestrace.records import SpanRecord

__all__ = ["with_runs_for_markers"]

_BEGINS: Final = "started "


def with_runs_for_markers(spans: Iterable[SpanRecord]) -> list[SpanRecord]:
    """Return spans without markers: those of runs that are not among them become runs without an end."""
    listed = list(spans)
    there = {(span.trace_id, span.span_id) for span in listed}
    kept = []
    for span in listed:
        if role_of(span) != MARKER:
            kept.append(span)
        elif span.parent_id is not None and (span.trace_id, span.parent_id) not in there:
            kept.append(_run(span, span.parent_id))
    return kept


def _run(marker: SpanRecord, span_id: str) -> SpanRecord:
    name = marker.name.removeprefix(_BEGINS)
    # An agent may have the name of the workflow around it, too.
    role = WORKFLOW if name.startswith("invoke_workflow") or names.AGENT_NAME not in marker.attributes else AGENT
    said = {**marker.attributes, names.ROLE: role, names.OPERATION_NAME: f"invoke_{role}"}
    # Whose child the run is, a marker does not know.
    return replace(marker, span_id=span_id, parent_id=None, name=name, end=None, attributes=said)
