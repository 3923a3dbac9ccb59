"""
Five SQL views on a journal's spans: what analysts ask, whatever becomes of the tables beneath.

    invocations   runs of agents and workflows, nested ones too
    iterations    passes through the loop of an invocation; inferred ones have no span, and no `span_id`
    calls         requests to models, with their prompts, answers and tokens
    evaluations   verdicts: one row each, also where one call gave several
    outcomes      what came of a run in the real world

Every view has the columns of `columns.SPAN`: which span of which trace it is, `invocation` (the span id of the nearest
agent or workflow around it), whom and what it is about, `start_time` and `end_time` in nanoseconds since the epoch,
`started` (the same as ISO 8601 in UTC), `duration` in seconds, `ending` (of a span that did not end: `running`, or
`interrupted` if its process is gone), status and error. The columns of its own follow; docs/journal.md explains all of
them. Absent is NULL, yes and no are 1 and 0, lists and objects are JSON texts.
"""

from __future__ import annotations

from typing import Final

from orchestrace import conventions as names
from orchestrace.journal import columns, role
from orchestrace.journal.columns import ABOVE, RUNS, SPAN, SPANS, attribute

__all__ = ["VIEWS"]


def _select(expressions: dict[str, str], rest: str) -> str:
    listed = ",\n".join(f'{expression} AS "{name}"' for name, expression in expressions.items())
    return f"SELECT\n{listed}\n{rest}"


_BY_ROLE: Final = {
    "invocations": _select(SPAN | columns.INVOCATION, f"FROM {SPANS} WHERE s.role IN {RUNS}"),
    "iterations": _select(SPAN | columns.ITERATION, f"FROM {SPANS} WHERE s.role = '{role.ITERATION}'"),
    "calls": _select(SPAN | columns.CALL, f"FROM {SPANS} WHERE s.role = '{role.CALL}'"),
    "evaluations": _select(
        SPAN | columns.EVALUATION, f"FROM {SPANS} WHERE s.role = '{role.EVALUATOR}' AND s.verdicts = 0"
    ),
    "outcomes": _select(SPAN | columns.OUTCOME, f"FROM {SPANS} WHERE s.role = '{role.OUTCOME}'"),
}

_BY_EVENT: Final = _select(
    SPAN | columns.JUDGED,
    f"FROM {SPANS} JOIN json_each(s.events) AS e "
    f"WHERE s.verdicts > 0 AND json_extract(e.value, '$.name') = '{names.EVALUATION_RESULT_EVENT}'",
)

# A loop that is not written with `iterations()` leaves an index on its generators and evaluators, and no other span.
_INFERRED: Final = f"""(
    SELECT s.trace_id, s.start_time, s.end_time, s.status, s.role, s.process, s.attributes,
        {ABOVE} AS invocation, {attribute(names.ITERATION_INDEX)} AS iteration
    FROM spans AS s
    WHERE s.role IN ('{role.GENERATOR}', '{role.EVALUATOR}') AND {attribute(names.ITERATION_INFERRED)}
)"""  # noqa: S608 - our names
_COMMON: Final = ("agent", "key", "conversation", "session", "user", "tenant", "service")
_START: Final = "min(s.start_time)"
_END: Final = "CASE WHEN count(s.end_time) = count(*) THEN max(s.end_time) END"

_BY_INDEX: Final = _select(
    dict.fromkeys(SPAN | columns.ITERATION, "NULL")
    | {name: f"max({SPAN[name]})" for name in _COMMON}
    | {
        "trace_id": "s.trace_id",
        "parent_id": "s.invocation",
        "invocation": "s.invocation",
        "started": SPAN["started"].replace("s.start_time", _START),
        "start_time": _START,
        "end_time": _END,
        "duration": f"({_END} - {_START}) / 1e9",
        "status": "min(s.status)",  # ERROR comes before OK and UNSET
        "iteration": "s.iteration",
        "inferred": "1",
        "accepted": f"""(
            SELECT {attribute(names.ACCEPTED_ITERATION, "a.attributes")} = s.iteration FROM spans AS a
            WHERE a.trace_id = s.trace_id AND a.span_id = s.invocation
        )""",  # noqa: S608 - our names
        # That of the generator which started last: its time stands before it, as 20 digits.
        "draft": f"""substr(max(CASE s.role WHEN '{role.GENERATOR}' THEN
            printf('%020d', s.start_time) || {attribute(names.OUTPUT_VALUE)} END), 21)""",
    },
    f"FROM {_INFERRED} AS s LEFT JOIN processes AS p USING (process) GROUP BY s.trace_id, s.invocation, s.iteration",
)

VIEWS: Final = {
    name: f"CREATE VIEW {name} AS\n{select}"
    for name, select in (
        _BY_ROLE
        | {
            "iterations": f"{_BY_ROLE['iterations']}\nUNION ALL\n{_BY_INDEX}",
            "evaluations": f"{_BY_ROLE['evaluations']}\nUNION ALL\n{_BY_EVENT}",
        }
    ).items()
}
"""The statements that make the views, by name."""
