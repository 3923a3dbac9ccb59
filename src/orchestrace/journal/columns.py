"""The columns of the journal's views, each with its SQL: read from a span `s`, and the process `p` that wrote it."""

from __future__ import annotations

from typing import Final

from orchestrace import conventions as names
from orchestrace.journal import role

__all__ = [
    "ABOVE",
    "CALL",
    "EVALUATION",
    "INVOCATION",
    "ITERATION",
    "JUDGED",
    "KEYED_RUNS",
    "OUTCOME",
    "RUNS",
    "SPAN",
    "SPANS",
    "attribute",
]

RUNS: Final = f"('{role.AGENT}', '{role.WORKFLOW}')"
"""The roles that make an invocation."""

SPANS: Final = "spans AS s LEFT JOIN processes AS p USING (process)"
"""What the expressions below are about."""


def attribute(name: str, of: str = "s.attributes", path: str = "$") -> str:
    """Return the SQL of an attribute's value."""
    return f"""json_extract({of}, '{path}."{name}"')"""


KEYED_RUNS: Final = f"s.role IN {RUNS} AND {attribute(names.KEY)}"
"""The key of a run, of those that have one: what the index `runs_by_key` finds."""


def _under(prefix: str) -> str:
    """Collect the attributes below a prefix as an object, NULL if there are none."""
    return (
        f"(SELECT nullif(json_group_object(substr(key, {len(prefix) + 1}), value), '{{}}') "  # noqa: S608 - our names
        f"FROM json_each(s.attributes) WHERE substr(key, 1, {len(prefix)}) = '{prefix}')"
    )


def _tokens(name: str) -> str:
    # The sum over everything inside; the span's own figure on calls, and on agents of other libraries.
    used = names.USAGE_INPUT_TOKENS.removesuffix("input_tokens") + name
    older = f", {attribute(names.USAGE_CACHE_CREATION)}" if used == names.USAGE_CACHE_WRITE else ""
    return f"coalesce({attribute(names.SUM_PREFIX + name)}, {attribute(used)}{older})"


ABOVE: Final = f"""(
    WITH RECURSIVE above (span_id, parent_id, role, depth) AS (
        SELECT span_id, parent_id, role, 1 FROM spans WHERE trace_id = s.trace_id AND span_id = s.parent_id
        UNION ALL
        SELECT u.span_id, u.parent_id, u.role, depth + 1
        FROM above JOIN spans AS u ON u.trace_id = s.trace_id AND u.span_id = above.parent_id
        WHERE coalesce(above.role, '') NOT IN {RUNS} AND depth < 1000
    )
    SELECT span_id FROM above WHERE role IN {RUNS} LIMIT 1
)"""  # noqa: S608 - our names
"""The nearest invocation around a span; the depth ends what is its own ancestor."""

_FAILURE: Final = f"""(
    SELECT {attribute(names.EXCEPTION_MESSAGE, "e.value", "$.attributes")}
    FROM json_each(s.events) AS e WHERE json_extract(e.value, '$.name') = 'exception' ORDER BY e.key DESC LIMIT 1
)"""  # noqa: S608 - our names

SPAN: Final = {
    "trace_id": "s.trace_id",
    "span_id": "s.span_id",
    "parent_id": "s.parent_id",
    "invocation": ABOVE,
    "agent": attribute(names.AGENT_NAME),
    "key": attribute(names.KEY),
    "conversation": attribute(names.CONVERSATION_ID),
    "session": attribute(names.SESSION_ID),
    "user": attribute(names.USER_ID),
    "tenant": attribute(names.TENANT),
    "service": attribute("service.name", "p.resource"),
    "started": "strftime('%Y-%m-%dT%H:%M:%fZ', s.start_time / 1e9, 'unixepoch')",
    "start_time": "s.start_time",
    "end_time": "s.end_time",
    "duration": "(s.end_time - s.start_time) / 1e9",
    "ending": f"""CASE
        WHEN s.end_time IS NOT NULL THEN {attribute(names.ENDING)}
        WHEN coalesce(p.over, 1) THEN 'interrupted' ELSE 'running'
    END""",
    "status": "s.status",
    "error_type": attribute(names.ERROR_TYPE),
    "error": f"CASE s.status WHEN 'ERROR' THEN coalesce(s.status_message, {_FAILURE}) END",
}
"""The columns of every view."""

_TOKENS: Final = {
    "input_tokens": _tokens("input_tokens"),
    "output_tokens": _tokens("output_tokens"),
    "cache_read_tokens": _tokens("cache_read.input_tokens"),
    "cache_write_tokens": _tokens("cache_write.input_tokens"),
    "reasoning_tokens": _tokens("reasoning.output_tokens"),
}
_SUM_OF_COSTS: Final = {
    "cost": attribute(names.SUM_COST),
    "cost_unknown_calls": attribute(names.SUM_COST_UNKNOWN),
}
_VARIANTS: Final = {"experiments": _under(names.EXPERIMENT_PREFIX), "tags": _under(names.TAG_PREFIX)}
_INDEX: Final = {"iteration": attribute(names.ITERATION_INDEX)}

INVOCATION: Final = {
    "kind": "s.role",
    "name": f"""coalesce(
        CASE s.role WHEN '{role.AGENT}' THEN {attribute(names.AGENT_NAME)}
        WHEN '{role.WORKFLOW}' THEN {attribute(names.WORKFLOW_NAME)} END, s.name
    )""",
    "version": attribute(names.AGENT_VERSION),
    "iterations": attribute(names.ITERATIONS),
    "accepted": attribute(names.ACCEPTED),
    "accepted_iteration": attribute(names.ACCEPTED_ITERATION),
    "stop_reason": attribute(names.STOP_REASON),
    "stop_detail": attribute(names.STOP_DETAIL),
    "scores": attribute(names.SCORES),
    "model_calls": attribute(names.SUM_CALLS),
    **_TOKENS,
    **_SUM_OF_COSTS,
    "cost_until_accepted": attribute(names.SUM_COST_UNTIL_ACCEPTED),
    "config": attribute(names.AGENT_CONFIG),
    "config_hash": attribute(names.AGENT_CONFIG_HASH),
    "prompts": _under(names.PROMPTS_PREFIX),
    **_VARIANTS,
    "input": attribute(names.INPUT_VALUE),
    "output": attribute(names.OUTPUT_VALUE),
    "summary": attribute(names.SUMMARY),
}

ITERATION: Final = {
    **_INDEX,
    "inferred": "0",
    "accepted": attribute(names.ACCEPTED),
    "draft": f"""(
        SELECT {attribute(names.OUTPUT_VALUE, "g.attributes")} FROM spans AS g
        WHERE g.trace_id = s.trace_id AND g.parent_id = s.span_id AND g.role = '{role.GENERATOR}'
        ORDER BY g.start_time DESC, g.id DESC LIMIT 1
    )""",  # noqa: S608 - our names
    "score": attribute(names.SCORE),
    "feedback": attribute(names.FEEDBACK),
    **_TOKENS,
    **_SUM_OF_COSTS,
    "summary": attribute(names.SUMMARY),
}

CALL: Final = {
    **_INDEX,
    "operation": attribute(names.OPERATION_NAME),
    "provider": attribute(names.PROVIDER_NAME),
    "model": attribute(names.REQUEST_MODEL),
    "response_model": attribute(names.RESPONSE_MODEL),
    "response_id": attribute(names.RESPONSE_ID),
    "prompt_name": attribute(names.PROMPT_NAME),
    "prompt_version": attribute(names.PROMPT_VERSION),
    "prompt_hash": attribute(names.PROMPT_HASH),
    "few_shot_hash": attribute(names.FEW_SHOT_HASH),
    "temperature": attribute(names.REQUEST_TEMPERATURE),
    "max_tokens": attribute(names.REQUEST_MAX_TOKENS),
    "parameters": attribute(names.REQUEST_PARAMETERS),
    "finish_reasons": attribute(names.RESPONSE_FINISH_REASONS),
    "time_to_first_chunk": attribute(names.RESPONSE_TIME_TO_FIRST_CHUNK),
    "attempts": attribute(names.ATTEMPTS),
    "http_status": attribute(names.HTTP_STATUS),
    **_TOKENS,
    "cost": attribute(names.COST),
    "cost_reason": attribute(names.COST_REASON),
    "cost_source": attribute(names.COST_SOURCE),
    **_VARIANTS,
    "system_instructions": attribute(names.SYSTEM_INSTRUCTIONS),
    "input_messages": attribute(names.INPUT_MESSAGES),
    "output_messages": attribute(names.OUTPUT_MESSAGES),
    "tool_definitions": attribute(names.TOOL_DEFINITIONS),
}


def _evaluation(*of: str) -> dict[str, str]:
    return {
        **_INDEX,
        "name": f"coalesce({attribute(names.EVALUATION_NAME, *of)}, {attribute(names.EVALUATOR_NAME)}, s.name)",
        "score": attribute(names.EVALUATION_SCORE, *of),
        "label": attribute(names.EVALUATION_LABEL, *of),
        "passed": attribute(names.EVALUATION_PASSED, *of),
        "explanation": attribute(names.EVALUATION_EXPLANATION, *of),
        "evaluator": attribute(names.EVALUATOR_NAME),
        "evaluator_version": attribute(names.EVALUATOR_VERSION),
        "evaluator_kind": attribute(names.EVALUATOR_KIND),
        "rubric_hash": attribute(names.EVALUATOR_RUBRIC_HASH),
        **_VARIANTS,
    }


EVALUATION: Final = _evaluation()
"""Where a span has its verdict among its attributes, or none."""

JUDGED: Final = _evaluation("e.value", "$.attributes")
"""Where each verdict is an event `e` of the span."""

OUTCOME: Final = {
    "name": attribute(names.OUTCOME_NAME),
    "value": attribute(names.OUTCOME_VALUE),
    "score": attribute(names.EVALUATION_SCORE),
    "source": attribute(names.OUTCOME_SOURCE),
    "rater": attribute(names.OUTCOME_RATER),
    "comment": attribute(names.OUTCOME_COMMENT),
    "correction": attribute(names.OUTCOME_CORRECTION),
    "at": attribute(names.OUTCOME_AT),
    "corrects": attribute(names.OUTCOME_CORRECTS),
    "corrected": f"""EXISTS (
        SELECT 1 FROM spans AS c WHERE c.trace_id = s.trace_id AND +c.role = '{role.OUTCOME}'
        AND {attribute(names.OUTCOME_CORRECTS, "c.attributes")} = s.span_id
    )""",  # noqa: S608 - our names
    "version": attribute(names.AGENT_VERSION),
    "prompts": _under(names.PROMPTS_PREFIX),
    **_VARIANTS,
}
