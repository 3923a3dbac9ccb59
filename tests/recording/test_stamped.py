from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBasedTraceIdRatio
from opentelemetry.trace import NonRecordingSpan, NoOpTracerProvider

from orchestrace.recording import tracer
from orchestrace.recording.stamped import Stamp, would_sample

TRACE, SPAN, PARENT = "a" * 32, "b" * 16, "c" * 16
Provide = Callable[..., Any]


@pytest.fixture
def provide() -> Iterator[Provide]:
    """Return what puts a provider into use."""
    before = tracer._provider

    def use(provider: Any = None, **settings: Any) -> Any:
        made = provider or TracerProvider(shutdown_on_exit=False, **settings)
        tracer.use(made)
        return made

    yield use
    tracer.use(before)


class TestStart:
    def test_has_the_ids_that_are_given(self, provide: Provide) -> None:
        """Its own, its trace's and its parent's; and the time."""
        provide()
        span = Stamp(TRACE, SPAN, PARENT).start("outcome n", {"a": 1}, 5)
        span.end(9)

        assert isinstance(span, ReadableSpan)
        context = span.get_span_context()
        assert (int(TRACE, 16), int(SPAN, 16)) == (context.trace_id, context.span_id)
        assert int(PARENT, 16) == (span.parent.span_id if span.parent else 0)
        assert (5, 9, {"a": 1}) == (span.start_time, span.end_time, dict(span.attributes or {}))

    def test_alone_it_is_the_root_of_its_trace(self, provide: Provide) -> None:
        """With the trace's id as given."""
        provide()
        span: Any = Stamp(TRACE, SPAN).start("outcome n", {}, 5)

        assert (None, int(TRACE, 16)) == (span.parent, span.get_span_context().trace_id)

    def test_no_other_span_gets_these_ids(self, provide: Provide) -> None:
        """The tracer that everybody uses stays as it is."""
        provide()
        Stamp(TRACE, SPAN).start("outcome n", {}, 5)
        ids = {tracer.tracer().start_span("x").get_span_context().span_id for _ in range(3)}

        assert (3, False) == (len(ids), int(SPAN, 16) in ids)

    def test_what_is_current_has_no_part_in_it(self, provide: Provide) -> None:
        """An outcome is of the run that it names, wherever it is reported."""
        provide()
        with tracer.tracer().start_as_current_span("request"):
            span: Any = Stamp(TRACE, SPAN).start("outcome n", {}, 5)

        assert span.parent is None

    @pytest.mark.parametrize("sampled", [True, False])
    def test_is_sampled_as_what_it_stands_under(self, provide: Provide, *, sampled: bool) -> None:
        """Also where the sampler would say something else of a trace that begins here."""
        provide(sampler=ParentBasedTraceIdRatio(0.5))
        span = Stamp(TRACE, SPAN, PARENT, sampled, "vendor=x").start("outcome n", {}, 5)

        assert sampled is span.get_span_context().trace_flags.sampled
        assert "x" == span.get_span_context().trace_state.get("vendor")

    def test_a_tracer_of_another_kind_makes_its_own_ids(self, provide: Provide) -> None:
        """Nothing fails."""
        provide(NoOpTracerProvider())

        assert False is Stamp(TRACE, SPAN).start("outcome n", {}, 5).is_recording()


class TestParent:
    def test_is_the_span_around(self) -> None:
        """Or the span itself, where it stands alone: an event has to stand somewhere."""
        parents = [Stamp(TRACE, SPAN, PARENT).parent, Stamp(TRACE, SPAN).parent]

        assert [PARENT, SPAN] == [trace.format_span_id(one.get_span_context().span_id) for one in parents]
        assert all(isinstance(one, NonRecordingSpan) for one in parents)


class TestWouldSample:
    def test_decides_as_for_a_run_with_this_id(self, provide: Provide) -> None:
        """A ratio decides by the id of the trace, so in every process alike."""
        sampler = ParentBasedTraceIdRatio(0.5)
        provide(sampler=sampler)
        ids = [f"{number:032x}" for number in (1, 2**62, 2**63 + 1, 2**64 - 1)]
        runs = [sampler.should_sample(None, int(one, 16), "run").decision.is_sampled() for one in ids]

        assert [True, True, False, False] == runs == [would_sample(one, "outcome n") for one in ids]

    def test_as_the_sampler_says(self, provide: Provide) -> None:
        """Always, or never; where there is none, always."""
        answers = []
        for provider in ({"sampler": ALWAYS_ON}, {"sampler": ALWAYS_OFF}, {"provider": NoOpTracerProvider()}):
            provide(**provider)
            answers.append(would_sample(TRACE, "outcome n"))

        assert [True, False, True] == answers
