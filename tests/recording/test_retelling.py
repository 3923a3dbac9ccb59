from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

import orchestrace
from orchestrace.messages import ModelRequest
from orchestrace.recording import tracer
from orchestrace.recording.callee import Callee
from orchestrace.recording.ending import RETURNED, End
from orchestrace.recording.model_call import ModelCall
from orchestrace.recording.retelling import retold
from orchestrace.testing import Spans


@pytest.fixture
def foreign(orchestrace_spans: Spans) -> trace.Tracer:
    """Return the tracer of another library, whose spans go where ours go."""
    assert isinstance(tracer._provider, TracerProvider)
    return tracer._provider.get_tracer("elsewhere")


def called() -> ModelCall:
    """Make a call to a model."""
    call = ModelCall(Callee("chat", "openai"), ModelRequest("m"))
    call.end(End(RETURNED, call.started + 1))
    return call


def made_afterwards(foreign: trace.Tracer, call: ModelCall, **facts: Any) -> None:
    """Make a span as OpenLLMetry does, of a call that began a moment before ours."""
    attributes = {"gen_ai.request.model": facts.pop("model", "m"), "theirs": 1}
    span = foreign.start_span("openai.response", **{"kind": SpanKind.CLIENT, "start_time": call.started - 1, **facts})
    span.set_attributes(attributes)
    span.end()


class TestRetold:
    def test_a_span_that_was_made_afterwards_is_not_kept(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """Ours tells everything already, and the call is one."""
        with orchestrace.agent(name="A"):
            made_afterwards(foreign, called())

        assert "invoke_agent A\n  chat m" == orchestrace_spans.tree()
        assert [] == orchestrace_spans.running

    @pytest.mark.parametrize(
        "facts",
        [{"kind": SpanKind.INTERNAL}, {"start_time": 2**62}, {"model": "another"}, {"context": trace.Context()}],
        ids=["no client", "after it", "another model", "elsewhere"],
    )
    def test_any_other_span_is(self, foreign: trace.Tracer, orchestrace_spans: Spans, facts: dict[str, Any]) -> None:
        """A request of somebody else's to whatever, beside the call."""
        with orchestrace.agent(name="A"):
            made_afterwards(foreign, called(), **facts)

        assert 1 == len(orchestrace_spans.named("openai.response"))

    def test_there_is_one_for_a_call(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """A second one is about something else."""
        with orchestrace.agent(name="A"):
            call = called()
            made_afterwards(foreign, call)
            made_afterwards(foreign, call)

        assert 1 == len(orchestrace_spans.named("openai.response"))

    def test_a_span_of_ours_is_none(self, orchestrace_spans: Spans) -> None:
        """A call that began before another, and was sent after it."""
        with orchestrace.agent(name="A"):
            first = called()
            ModelCall(Callee("chat", "openai"), ModelRequest("m"), start=first.started - 1).end(End(RETURNED, 2**61))

        assert 2 == len(orchestrace_spans.named("chat m"))

    def test_without_a_call_before(self, foreign: trace.Tracer) -> None:
        """Nothing was told yet in this context."""
        span = foreign.start_span("GET", kind=SpanKind.CLIENT)

        assert retold(span) is None


class TestTold:
    def test_a_call_with_a_host_is_told_there(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """So a span that is made afterwards is something else."""
        with orchestrace.agent(name="A"):
            with foreign.start_as_current_span(
                "host", kind=SpanKind.CLIENT, attributes={"gen_ai.operation.name": "chat"}
            ):
                call = called()
            made_afterwards(foreign, call)

        assert ["host", "openai.response", "invoke_agent A"] == [span.name for span in orchestrace_spans]
