from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from orchestrace.messages import ModelRequest
from orchestrace.pipeline.processor import Processor
from orchestrace.recording.callee import Callee
from orchestrace.recording.ending import DRAINED, End
from orchestrace.recording.guard import faults
from orchestrace.recording.model_call import ModelCall
from orchestrace.records import SpanRecord
from orchestrace.testing import Memory


class Broken:
    """A sink that fails."""

    def started(self, record: SpanRecord) -> None:
        """Fail."""
        raise OSError(record.name)

    def ended(self, record: SpanRecord) -> None:
        """Fail."""
        raise OSError(record.name)


@pytest.fixture
def memory() -> Memory:
    """Return a sink that keeps everything."""
    return Memory()


def tracer_into(*sinks: Memory | Broken) -> trace.Tracer:
    """Return a tracer whose spans go to some sinks."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Processor(sinks))
    return provider.get_tracer("test")


class TestProcessor:
    def test_a_span_is_there_when_it_starts_and_when_it_has_ended(self, memory: Memory) -> None:
        """A sink hears of a span twice."""
        span = tracer_into(memory).start_span("one", attributes={"a": 1})
        running = [(record.name, record.end, record.attributes) for record in memory.running]
        span.end()

        assert [("one", None, {"a": 1})] == running
        assert ["one"] == [record.name for record in memory.spans]

    def test_a_failing_sink_hurts_nobody(self) -> None:
        """It is counted, and the program goes on."""
        before = faults()
        tracer_into(Broken()).start_span("one").end()
        after = faults()

        assert [1, 1] == [after[place] - before.get(place, 0) for place in ("start of a span", "end of a span")]

    def test_the_end_of_a_host_waits_for_the_end_of_its_call(self, memory: Memory) -> None:
        """A sink that fails then is counted, and hurts neither the call nor the sinks of others."""
        provider = TracerProvider(shutdown_on_exit=False)
        for sinks in ([Broken()], [memory]):
            provider.add_span_processor(Processor(sinks))
        chat = {"gen_ai.operation.name": "chat"}
        with provider.get_tracer("test").start_as_current_span("host", kind=trace.SpanKind.CLIENT, attributes=chat):
            call = ModelCall(Callee("chat"), ModelRequest("m"))
        before, waiting = faults(), [*memory.running]
        call.end(End(DRAINED, 2**61))

        assert (["host"], ["host"]) == ([span.name for span in waiting], [span.name for span in memory.spans])
        assert 1 == faults()["end of a span"] - before.get("end of a span", 0)
