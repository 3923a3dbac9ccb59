from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import orchestrace
from orchestrace import conventions
from orchestrace.messages import Usage
from orchestrace.testing import Spans

if TYPE_CHECKING:
    from tests.recording.conftest import Measured


def ask() -> None:
    """Call a model."""
    with orchestrace.llm_call("m", "openai") as call:
        call.request("hi")
        call.response("ho", usage=Usage(3, 1))


@orchestrace.tool
def search(what: str) -> str:
    """Find nothing."""
    if what == "nothing":
        raise LookupError(what)
    return what


@orchestrace.evaluator(name="tone")
def judge(score: float) -> dict[str, Any]:
    """Judge by the number."""
    return {"score": score, "passed": score > 0.5, "label": f"rated {score}", "feedback": "shorter"}


@orchestrace.agent(name="Inner")
def inner() -> None:
    """Call a model and a tool of its own."""
    ask()
    search("x")


@orchestrace.agent(name="Outer", version="2", key="job", session="job")
def outer(job: str) -> str:
    """Draft twice, and have another agent do something."""
    for turn in orchestrace.iterations(limit=3):
        ask()
        judge(turn.index / 3)
        if turn.index == 2:
            break
    search("y")
    inner()
    return job


class TestAgent:
    def test_calls_are_its_own(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """What an agent inside of it calls is that agent's; the sums on spans are those of everything inside."""
        outer("job-1")

        own = {
            (point.attributes["gen_ai.agent.name"], name.rpartition(".")[2]): point.sum
            for name in ("gen_ai.invoke_agent.inference_calls", "gen_ai.invoke_agent.tool_calls")
            for point in measured.points(name)
        }
        assert {
            ("Outer", "inference_calls"): 2,
            ("Outer", "tool_calls"): 1,
            ("Inner", "inference_calls"): 1,
            ("Inner", "tool_calls"): 1,
        } == own
        assert 3 == orchestrace_spans.attributes("invoke_agent Outer")["orchestrace.usage.calls"]

    def test_runs_are_told_apart_by_how_they_ended(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """The counter says what an alert is made of: agent, version, ending, stop reason, accepted or not."""
        outer("job-1")

        points = measured.points("orchestrace.invocations")
        [point] = [one for one in points if "gen_ai.agent.version" in one.attributes]
        assert 1 == point.value
        assert {
            "gen_ai.agent.name": "Outer",
            "gen_ai.agent.version": "2",
            "orchestrace.ending": "returned",
            "orchestrace.stop_reason": "accepted",
            "orchestrace.accepted": True,
        } == dict(point.attributes)

    def test_iterations_are_spread(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """An agent without a loop has none."""
        outer("job-1")

        [point] = measured.points("orchestrace.invocation.iterations")
        assert ({"gen_ai.agent.name": "Outer"}, 2) == (dict(point.attributes), point.sum)

    def test_a_failure_has_its_type(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """The same as the span's."""
        with pytest.raises(LookupError), orchestrace.agent(name="A"):
            search("nothing")

        [point] = measured.points("gen_ai.invoke_agent.duration")
        assert {"gen_ai.agent.name": "A", "error.type": "LookupError"} == dict(point.attributes)
        assert "LookupError" == orchestrace_spans.attributes("invoke_agent A")["error.type"]


class TestWorkflow:
    def test_has_its_duration(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """By its name, which is low in cardinality."""
        with orchestrace.workflow(name="hiring"):
            pass

        [point] = measured.points("gen_ai.invoke_workflow.duration")
        assert ({"gen_ai.workflow.name": "hiring"}, 1) == (dict(point.attributes), point.count)


class TestTool:
    def test_says_whose_it_is(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """Its agent's name stands beside its own, where it has one."""
        inner()
        search("z")

        assert [
            {"gen_ai.tool.name": "search", "gen_ai.tool.type": "function", "gen_ai.agent.name": "Inner"},
            {"gen_ai.tool.name": "search", "gen_ai.tool.type": "function"},
        ] == [dict(point.attributes) for point in measured.points("gen_ai.execute_tool.duration")]


class TestVerdict:
    def test_its_score_is_spread(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """By what was judged, in which agent, and whether it passed; a label can be any text, so it is left out."""
        outer("job-1")

        said = {
            point.attributes["orchestrace.evaluation.passed"]: dict(point.attributes)
            for point in measured.points("orchestrace.evaluation.score")
        }
        assert {"gen_ai.evaluation.name": "tone", "gen_ai.agent.name": "Outer"}.items() <= said[True].items()
        assert {True, False} == said.keys()


class TestEverything:
    def test_no_content_and_nothing_that_there_is_much_of(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """No key, session, user, id or text is on any metric, so that each stays a few lines long."""
        outer("job-1")

        points = [point for metric in measured.metrics.values() for point in metric.data.data_points]
        keys = {key for point in points for key in point.attributes}
        assert not [key for key in keys if conventions.NAMES[key].content]
        assert not [key for key in keys if key.endswith((".id", ".key", ".tenant", "hash"))]
        assert "job-1" not in {value for point in points for value in point.attributes.values()}
