from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import ref

import pytest

import orchestrace
from orchestrace.recording import lineage
from orchestrace.recording.recording import Recording
from orchestrace.testing import Spans


@dataclass
class Settings:
    """Some settings."""

    model: str = "m"
    api_key: str = "of-no-use"


class TestAgent:
    def test_says_who_it_is(self, orchestrace_spans: Spans) -> None:
        """Name, version, description, operation and kind."""

        @orchestrace.agent(version="1.4")
        def crafter() -> str:
            """Write an e-mail."""
            return "Hi"

        crafter()
        said = orchestrace_spans.attributes("invoke_agent crafter")

        assert {
            "gen_ai.operation.name": "invoke_agent",
            "openinference.span.kind": "AGENT",
            "gen_ai.agent.name": "crafter",
            "gen_ai.agent.version": "1.4",
            "gen_ai.agent.description": "Write an e-mail.",
            "orchestrace.role": "agent",
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]',
        }.items() <= said.items()

    def test_configuration_has_a_hash_and_no_secrets(self, orchestrace_spans: Spans) -> None:
        """Equal settings, equal hash; a key is masked before anything is hashed."""
        for config in (Settings(), Settings(), Settings("n")):
            with orchestrace.agent(name="A", config=config):
                pass
        said = [span.attributes for span in orchestrace_spans]
        hashes = [one["orchestrace.agent.config_hash"] for one in said]

        assert {"model": "m", "api_key": "[masked:secret]"} == json.loads(str(said[0]["orchestrace.agent.config"]))
        assert (True, False) == (hashes[0] == hashes[1], hashes[0] == hashes[2])

    def test_sums_what_happened_inside(self, orchestrace_spans: Spans) -> None:
        """Tokens and calls of every depth; a kind that no call reported is absent."""
        with orchestrace.agent(name="A"), orchestrace.generator(name="g"):
            for tokens in (3, 4):
                with orchestrace.llm_call(model="m") as call:
                    call.response("x", usage={"input_tokens": tokens, "output_tokens": 1})
        said = orchestrace_spans.attributes("invoke_agent A")
        sums = {key: value for key, value in said.items() if ".usage." in key and ".cost." not in key}
        took = sum(span.end - span.start for span in orchestrace_spans.named("chat m") if span.end) / 1e9

        assert took == pytest.approx(sums.pop("orchestrace.usage.duration"))
        assert {
            "orchestrace.usage.calls": 2,
            "orchestrace.usage.input_tokens": 7,
            "orchestrace.usage.output_tokens": 2,
        } == sums

    def test_the_summary_is_one_line_for_the_night(self, orchestrace_spans: Spans) -> None:
        """Iterations, why it stopped, the last verdicts, tokens."""
        with orchestrace.agent(name="A") as run:
            for _ in orchestrace.iterations(limit=2):
                run.evaluation(score=0.4, passed=False, feedback="too formal", name="tone")

        said = orchestrace_spans.attributes("invoke_agent A")
        assert "2 iterations, limit; tone 0.4 'too formal'" == said["orchestrace.summary"]

    def test_an_error_is_in_the_summary(self, orchestrace_spans: Spans) -> None:
        """By its type; the words are the status."""

        @orchestrace.agent(name="A")
        def fail() -> None:
            msg = "no luck"
            raise ValueError(msg)

        with pytest.raises(ValueError, match="no luck"):
            fail()
        span = orchestrace_spans.one("invoke_agent A")

        assert "error ValueError" == span.attributes["orchestrace.summary"]
        assert ("ERROR", "no luck", "error") == (
            span.status,
            span.status_message,
            span.attributes["orchestrace.stop_reason"],
        )


class TestWorkflow:
    def test_holds_agents(self, orchestrace_spans: Spans) -> None:
        """It sums them up, and what they are called is theirs."""
        with orchestrace.workflow(name="W"), orchestrace.agent(name="A"), orchestrace.llm_call(model="m"):
            pass
        said = orchestrace_spans.attributes("invoke_workflow W")

        assert ("W", "CHAIN", 1) == (
            said["gen_ai.workflow.name"],
            said["openinference.span.kind"],
            said["orchestrace.usage.calls"],
        )
        assert "gen_ai.agent.name" not in said


class TestHeldIterations:
    def test_loops_inside_of_loops_end_as_they_are_left(self, orchestrace_spans: Spans) -> None:
        """Each at its own place, whichever began last."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=2):
                for _ in orchestrace.iterations(limit=2):
                    break
                with orchestrace.tool(name="t"):
                    pass
                break

        assert (
            "invoke_agent A orchestrace.ending=returned\n"
            "  iteration 1 orchestrace.ending=returned\n"
            "    iteration 2 orchestrace.ending=returned\n"
            "    execute_tool t orchestrace.ending=returned"
        ) == orchestrace_spans.tree("orchestrace.ending")

    def test_all_that_are_held_end_with_the_run(self, orchestrace_spans: Spans) -> None:
        """Innermost first, and as the run did."""
        held: list[Iterator[object]] = []

        @orchestrace.agent(name="A")
        def run() -> None:
            for _ in range(2):
                held.append(orchestrace.iterations(limit=2))
                next(held[-1])
            raise KeyError

        with pytest.raises(KeyError):
            run()
        ended = [(span.name, span.attributes["orchestrace.ending"]) for span in orchestrace_spans]

        assert [("iteration 2", "error"), ("iteration 1", "error"), ("invoke_agent A", "error")] == ended

    def test_a_run_that_is_over_is_let_go_of(self, orchestrace_spans: Spans) -> None:
        """No cycle of a run and its iterations waits for the collector."""
        alive: list[ref[Recording]] = []

        @orchestrace.agent(name="A")
        def run() -> None:
            for _ in orchestrace.iterations(limit=2):
                recording = lineage.current()
                assert recording is not None
                alive.extend(ref(one) for one in lineage.upwards(recording))

        gc.collect()
        gc.disable()
        try:
            run()
            assert [None] * 4 == [one() for one in alive]
        finally:
            gc.enable()
