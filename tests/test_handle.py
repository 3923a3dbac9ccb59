from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

import orchestrace
from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.processor import Processor
from orchestrace.pipeline.provider import Provider
from orchestrace.recording import tracer
from orchestrace.testing import Memory, Spans

REFERENCE = re.compile(r"[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{8}")


@pytest.fixture(params=[Provider, TracerProvider])
def kept(request: pytest.FixtureRequest) -> Iterator[Memory]:
    """Return what is kept of the spans of a provider: one of ours, or another's."""
    memory = Memory()
    provider = request.param(active_span_processor=Fence(), shutdown_on_exit=False)  # type: ignore[no-untyped-call]
    provider.add_span_processor(Processor([memory]))
    tracer.use(provider)
    yield memory
    tracer.use(None)


class TestOutside:
    def test_it_does_nothing(self, orchestrace_spans: Spans) -> None:
        """Outside of a run every method of the handle can be called, and no span comes of it."""
        handle = orchestrace.current()
        handle.set_key("k")
        handle.set_output("x")
        handle.evaluation(score=1.0)
        handle.tag("t")

        assert "" == handle.reference
        assert orchestrace.reference() is None
        assert [] == list(orchestrace_spans)


class TestReference:
    def test_it_names_the_run(self, orchestrace_spans: Spans) -> None:
        """58 characters: trace, span and second of the innermost agent, also from inside a role."""
        with orchestrace.agent(name="Crafter") as run, orchestrace.generator(name="draft") as role:
            references = {run.reference, role.reference, orchestrace.reference(), orchestrace.current().reference}
        span = orchestrace_spans.one("invoke_agent Crafter")

        assert {f"{span.trace_id}-{span.span_id}-{span.start // 10**9:08x}"} == references
        assert all(reference and REFERENCE.fullmatch(reference) and len(reference) == 58 for reference in references)


class TestWhileItRuns:
    """What is said of a run is known before it is over, whoever made its span: it may be killed."""

    @pytest.mark.parametrize(
        ("say", "name", "value"),
        [
            (lambda run: run.set_key("job-1"), "orchestrace.key", "job-1"),
            (lambda run: run.tag("trial"), "orchestrace.tag.trial", True),
            (lambda run: run.evaluation(score=0.9), "gen_ai.evaluation.score.value", 0.9),
        ],
    )
    def test_it_is_kept_when_it_is_said(
        self, kept: Memory, say: Callable[[orchestrace.Handle], object], name: str, value: object
    ) -> None:
        """A key, a tag, a verdict."""
        with orchestrace.agent(name="Crafter") as run:
            say(run)
            (known,) = kept.running

        assert value == known.attributes[name]

    def test_what_was_said_before_is_not_kept_again(self, kept: Memory) -> None:
        """A program may say it in every iteration."""
        with orchestrace.agent(name="Crafter") as run:
            run.set_key("job-1")
            (known,) = kept.running
            run.set_key("job-1")

            assert known is kept.running[0]


class TestSetKey:
    def test_it_stands_on_the_run_and_on_what_follows(self, orchestrace_spans: Spans) -> None:
        """A key that is known later reaches the agent's own span and every span that starts from then on."""
        with orchestrace.agent(name="Crafter"):
            with orchestrace.tool(name="before"):
                pass
            with orchestrace.generator(name="draft"):
                orchestrace.current().set_key("job-1")
                with orchestrace.tool(name="after"):
                    pass
        names = ["execute_tool before", "execute_tool after", "invoke_agent Crafter"]

        assert [None, "job-1", "job-1"] == [orchestrace_spans.attributes(name).get("orchestrace.key") for name in names]

    def test_a_key_can_be_any_value(self, orchestrace_spans: Spans) -> None:
        """It becomes a text of at most 256 characters."""
        with orchestrace.agent(name="Crafter") as run:
            run.set_key(417)
        with orchestrace.agent(name="Long") as run:
            run.set_key("x" * 1000)

        assert "417" == orchestrace_spans.attributes("invoke_agent Crafter")["orchestrace.key"]
        assert 256 == len(str(orchestrace_spans.attributes("invoke_agent Long")["orchestrace.key"]))


class TestSetOutput:
    def test_it_is_recorded_instead_of_the_result(self, orchestrace_spans: Spans) -> None:
        """What is set wins over what the function returns."""

        @orchestrace.generator
        def draft() -> str:
            orchestrace.current().set_output({"subject": "Hi"})
            return "raw"

        assert "raw" == draft()
        assert '{"subject":"Hi"}' == orchestrace_spans.attributes("generate draft")["output.value"]


class TestEvaluation:
    def test_it_counts_as_an_evaluators_verdict(self, orchestrace_spans: Spans) -> None:
        """The iteration in which it is given is accepted by it."""
        with orchestrace.agent(name="Crafter") as run:
            for _ in orchestrace.iterations(limit=1):
                run.evaluation(score=0.9, passed=True, name="brevity")
        agent = orchestrace_spans.attributes("invoke_agent Crafter")

        assert (True, "accepted", 1) == (
            agent["orchestrace.accepted"],
            agent["orchestrace.stop_reason"],
            agent["orchestrace.accepted_iteration"],
        )
        assert ("brevity", 0.9) == (agent["gen_ai.evaluation.name"], agent["gen_ai.evaluation.score.value"])


class TestTag:
    @pytest.mark.parametrize("name", ["invoke_agent Crafter", "execute_tool send"])
    def test_it_stands_on_the_run_and_on_what_follows(self, orchestrace_spans: Spans, name: str) -> None:
        """A tag is an attribute of its own, so that it can be searched for."""
        with orchestrace.agent(name="Crafter") as run:
            run.tag("trial", "eu")
            with orchestrace.tool(name="send"):
                pass

        tags = {key: value for key, value in orchestrace_spans.attributes(name).items() if ".tag." in key}
        assert {"orchestrace.tag.trial": True, "orchestrace.tag.eu": True} == tags


class TestElsewhere:
    def test_a_worker_says_more_of_the_run_that_it_works_for(self, orchestrace_spans: Spans) -> None:
        """Its reference is known there; a key and a tag stand on what follows there."""
        with orchestrace.agent(name="Crafter") as run:
            carrier = orchestrace.inject({})
        with orchestrace.extract(carrier):
            reference = orchestrace.reference()
            orchestrace.current().set_key("job-1")
            orchestrace.current().tag("sent")
            orchestrace.current().set_output("nothing that this process could write")
            orchestrace.current().evaluation(score=1.0)
            with orchestrace.tool(name="send"):
                pass
        told = orchestrace_spans.attributes("execute_tool send")

        assert run.reference == reference
        assert ("job-1", True) == (told["orchestrace.key"], told["orchestrace.tag.sent"])
        assert "orchestrace.key" not in orchestrace_spans.attributes("invoke_agent Crafter")
