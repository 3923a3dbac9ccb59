"""What is measured of a run, of its tools, and of what its evaluators say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from orchestrace import conventions as names
from orchestrace.recording import exceptions, lineage
from orchestrace.recording.ending import ERROR, End
from orchestrace.recording.measuring.call import seconds
from orchestrace.recording.measuring.meter import Measurement
from orchestrace.recording.text import label
from orchestrace.recording.usage import INFERENCE_CALL, TOOL_CALL
from orchestrace.typing import AttributeValue

if TYPE_CHECKING:
    from orchestrace.recording.recording import Recording
    from orchestrace.recording.roles.declaration import Verdict

__all__ = ["agent_measurements", "tool_measurements", "verdict_measurements", "workflow_measurements"]


def agent_measurements(
    run: Recording, end: End, *, iterations: int, outcome: Mapping[str, AttributeValue | None]
) -> Iterator[Measurement]:
    """Yield what is measured of an agent's run; `outcome` is what tells runs of one agent apart, in a few words."""
    agent = {names.AGENT_NAME: run.name}
    yield names.INVOKE_AGENT_DURATION, seconds(run.started, end.at), agent | _error(end)
    yield names.INVOKE_AGENT_INFERENCE_CALLS, run.totals.own(INFERENCE_CALL), agent
    yield names.INVOKE_AGENT_TOOL_CALLS, run.totals.own(TOOL_CALL), agent
    yield names.INVOCATIONS, 1, agent | _known({names.ENDING: end.ending, **outcome})
    if iterations:
        yield names.INVOCATION_ITERATIONS, iterations, agent


def workflow_measurements(run: Recording, end: End) -> Iterator[Measurement]:
    """Yield what is measured of a workflow's run."""
    yield names.INVOKE_WORKFLOW_DURATION, seconds(run.started, end.at), {names.WORKFLOW_NAME: run.name} | _error(end)


def tool_measurements(tool: Recording, end: End, kind: str) -> Iterator[Measurement]:
    """Yield what is measured of a tool's execution, whose `kind` is the conventions' word."""
    said = {names.TOOL_NAME: tool.name, names.TOOL_TYPE: kind, **_agent_around(tool)}
    yield names.EXECUTE_TOOL_DURATION, seconds(tool.started, end.at), said | _error(end)


def verdict_measurements(recording: Recording, verdict: Verdict) -> Iterator[Measurement]:
    """Yield the score of a verdict that has one."""
    if verdict.score is None:
        return
    said = {
        names.EVALUATION_NAME: label(verdict.name or recording.name),
        names.EVALUATION_PASSED: verdict.passed,
    }
    yield names.EVALUATION_SCORES, verdict.score, _known(said) | _agent_around(recording)


def _agent_around(recording: Recording) -> dict[str, AttributeValue]:
    run = lineage.nearest(recording, "agent")
    return {} if run is None else {names.AGENT_NAME: run.name}


def _error(end: End) -> dict[str, AttributeValue]:
    failed = end.ending == ERROR and end.error is not None
    return {names.ERROR_TYPE: exceptions.type_of(end.error)} if failed and end.error is not None else {}


def _known(said: Mapping[str, AttributeValue | None]) -> dict[str, AttributeValue]:
    return {name: value for name, value in said.items() if value is not None}
