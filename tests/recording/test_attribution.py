from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import orchestrace
from orchestrace.pipeline.sampler import KeepRuns
from orchestrace.recording import lineage
from orchestrace.recording.attribution import Attribution, attributed
from orchestrace.recording.ending import RETURNED, End
from orchestrace.recording.run_field import identity_of
from orchestrace.recording.selectors import MISSING
from orchestrace.testing import Spans

ANY = st.none() | st.text() | st.integers() | st.lists(st.text(), max_size=3)


class TestAttributed:
    def test_says_what_is_known(self) -> None:
        """What is missing, None or blank is absent."""
        assert {"orchestrace.key": "7", "orchestrace.tag.vip": True} == attributed(
            key=7, session=MISSING, user=None, tenant=" ", tags=["vip", "", None]
        )

    def test_secrets_are_masked(self) -> None:
        """As everywhere."""
        key = "sk-" + "proj-" + "a1B2" * 10

        assert key not in str(attributed(key=key, session=key, tags=[key]))

    @given(ANY, ANY, st.lists(ANY, max_size=3))
    def test_all_of_it_can_travel(self, session: object, tenant: object, tags: list[object]) -> None:
        """Nothing is said here that another process would not take."""
        said = attributed(session=session, tenant=tenant, tags=tags)

        assert said == identity_of(said)


class TestAttribution:
    def test_is_no_call(self, orchestrace_spans: Spans) -> None:
        """The call around is the one that things happen in."""
        with orchestrace.agent(name="A"):
            around = lineage.current()
            block = Attribution({"user.id": "ada"})
            with block.scope:
                assert block is lineage.current()
                assert around is lineage.call(lineage.current())
                assert around is not None
                assert around.span is block.span
        assert 1 == len(orchestrace_spans)

    def test_what_is_passed_on_is_not_the_calls_around(self, orchestrace_spans: Spans) -> None:
        """The run's own span is of the whole run, not of the block."""
        with orchestrace.agent(name="A"):
            block = Attribution({})
            with block.scope:
                block.pass_on({"user.id": "ada"})
                with orchestrace.tool(name="t"):
                    pass
            block.end(End(RETURNED, 1))

        assert ["ada", None] == [span.attributes.get("user.id") for span in orchestrace_spans]

    def test_verdicts_reach_the_call_around(self, orchestrace_spans: Spans) -> None:
        """An evaluator in a block judges what the block stands in."""
        with orchestrace.agent(name="A") as run, orchestrace.session("s"), orchestrace.evaluator(name="e"):
            evaluator = lineage.current()

        assert evaluator is not None
        assert run.reference.split("-")[1] == f"{evaluator.judged.get_span_context().span_id:016x}"
        assert 2 == len(orchestrace_spans)

    def test_an_evaluator_outside_of_calls_is_judged_itself(self, orchestrace_spans: Spans) -> None:
        """A session has no span that a verdict could stand by."""
        with orchestrace.session("s"), orchestrace.evaluator(name="e"):
            evaluator = lineage.current()
            orchestrace.current().evaluation(score=1.0)

        assert evaluator is not None
        assert evaluator.span is evaluator.judged
        assert "s" == orchestrace_spans.attributes("evaluate e")["session.id"]

    def test_sums_pass_it_by(self, orchestrace_spans: Spans) -> None:
        """They count for what is around, and a session that lives for ever keeps none."""
        with orchestrace.agent(name="A"), orchestrace.session("s"):
            block = lineage.current()
            with orchestrace.llm_call(model="m", provider="local") as call:
                call.response("Hi", usage={"input_tokens": 3, "output_tokens": 2})

        assert block is not None
        assert 0 == block.totals.calls
        assert 1 == orchestrace_spans.attributes("invoke_agent A")["orchestrace.usage.calls"]

    def test_is_no_run_for_a_sampler(self) -> None:
        """What others trace in a session is sampled as they want; the journal keeps runs."""
        provider = TracerProvider(sampler=KeepRuns(ALWAYS_OFF))
        with orchestrace.session("s"):
            span = provider.get_tracer("another.library").start_span("GET /")

        assert isinstance(span, trace.NonRecordingSpan)
