"""One run as a list shows it, and which runs a journal holds."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

import orjson

from orchestrace import conventions as names
from orchestrace.journal.columns import ABOVE, INVOCATION, RUNS, SPAN, SPANS, attribute
from orchestrace.journal.role import OUTCOME
from orchestrace.typing import Nanoseconds

__all__ = ["Run", "runs"]


@dataclass(frozen=True, slots=True)
class Run:
    """
    One invocation of an agent or a workflow; where a trace has neither, its root span.

    `kind` is "agent" or "workflow", else the root span's role ("call", "tool", …) or "span". `ending` is "running" or
    "interrupted" for a run without `end`. `outcomes` are those that nothing corrects: "email.replied true, rating 4".
    `cost` is in US dollars; of `unpriced` calls it is not known. `scores` are those of the iterations that have one.
    None is unknown.
    """

    trace_id: str
    span_id: str
    kind: str
    name: str
    version: str | None
    key: str | None
    start: Nanoseconds
    end: Nanoseconds | None
    iterations: int | None
    accepted: bool | None
    stop_reason: str | None
    input_tokens: int | None
    output_tokens: int | None
    ending: str | None
    status: str
    error: str | None
    summary: str | None
    outcomes: str | None = None
    cost: float | None = None
    unpriced: int | None = None
    scores: tuple[float, ...] = ()


_VALUE: Final = attribute(names.OUTCOME_VALUE, "o.attributes")
_KIND: Final = _VALUE.replace("json_extract", "json_type", 1)
_OUTCOMES: Final = f"""(
    SELECT group_concat(said, ', ') FROM (
        SELECT {attribute(names.OUTCOME_NAME, "o.attributes")}
            || coalesce(' ' || CASE WHEN {_KIND} IN ('true', 'false') THEN {_KIND} ELSE {_VALUE} END, '') AS said
        FROM spans AS o WHERE o.trace_id = s.trace_id AND o.parent_id = s.span_id AND +o.role = '{OUTCOME}'
        AND NOT EXISTS (
            SELECT 1 FROM spans AS c WHERE c.trace_id = o.trace_id AND +c.role = '{OUTCOME}'
            AND {attribute(names.OUTCOME_CORRECTS, "c.attributes")} = o.span_id
        ) ORDER BY o.id
    )
)"""  # noqa: S608 - our names


_RUN: Final = {
    "trace_id": SPAN["trace_id"],
    "span_id": SPAN["span_id"],
    "kind": f"coalesce({INVOCATION['kind']}, 'span')",
    "name": INVOCATION["name"],
    "version": INVOCATION["version"],
    "key": SPAN["key"],
    "start": SPAN["start_time"],
    "end": SPAN["end_time"],
    "iterations": INVOCATION["iterations"],
    "accepted": INVOCATION["accepted"],
    "stop_reason": INVOCATION["stop_reason"],
    "input_tokens": INVOCATION["input_tokens"],
    "output_tokens": INVOCATION["output_tokens"],
    "ending": SPAN["ending"],
    "status": SPAN["status"],
    "error": f"coalesce({SPAN['error']}, {SPAN['error_type']})",
    "summary": INVOCATION["summary"],
    "outcomes": _OUTCOMES,
    "cost": INVOCATION["cost"],
    "unpriced": INVOCATION["cost_unknown_calls"],
    "scores": INVOCATION["scores"],
}

# Which they are is found first, on what the indexes hold; what they say is read for these alone.
_RUNS: Final = f"""
    WITH listed (id) AS (
        SELECT id FROM (
            SELECT s.id, s.start_time FROM spans AS s WHERE s.role IN {RUNS} AND (:nested OR {ABOVE} IS NULL)
            UNION ALL
            SELECT (
                SELECT s.id FROM spans AS s WHERE s.trace_id = t.trace_id ORDER BY EXISTS (
                    SELECT 1 FROM spans AS u WHERE u.trace_id = s.trace_id AND u.span_id = s.parent_id
                ), s.start_time, s.id LIMIT 1
            ), t.start_time FROM traces AS t WHERE t.holds = 1
        ) ORDER BY start_time DESC, id DESC LIMIT :limit
    )
    SELECT {", ".join(_RUN.values())} FROM {SPANS} JOIN listed ON listed.id = s.id
    ORDER BY s.start_time DESC, s.id DESC
"""  # noqa: S608 - our names


def runs(database: sqlite3.Connection, limit: int, *, nested: bool) -> list[Run]:
    """Return the newest runs, newest first; those inside of another run only if `nested`."""
    rows = database.execute(_RUNS, {"limit": limit, "nested": nested})
    return [_run(dict(zip(_RUN, row, strict=True))) for row in rows]


def _run(values: dict[str, object]) -> Run:
    accepted = values["accepted"]
    values |= {"accepted": bool(accepted) if accepted is not None else None, "scores": _scores(values["scores"])}
    return Run(**values)  # type: ignore[arg-type] # as the expressions are


def _scores(told: object) -> tuple[float, ...]:
    listed = orjson.loads(told) if isinstance(told, str) and told.startswith("[") else []
    return tuple(score for score in listed if isinstance(score, (int, float)))
