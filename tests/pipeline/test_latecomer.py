from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orchestrace.pipeline.latecomer import DISTRIBUTION, watch
from orchestrace.pipeline.processor import Processor
from orchestrace.testing import Memory


@pytest.fixture
def memory() -> Memory:
    """Return a sink that keeps everything."""
    return Memory()


@pytest.fixture
def own(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> TracerProvider:
    """Return a provider of ours that is the global one, for OpenTelemetry refuses every other."""
    own = TracerProvider(resource=Resource(DISTRIBUTION), shutdown_on_exit=False)
    processor = Processor([memory])
    own.add_span_processor(processor)
    monkeypatch.setattr(trace, "_set_tracer_provider", lambda _, log: None)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: own)
    watch(own, processor)
    return own


def newcomer() -> tuple[TracerProvider, InMemorySpanExporter]:
    """Return a provider with an exporter."""
    provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


class TestWatch:
    def test_both_get_everything_once(self, own: TracerProvider, memory: Memory) -> None:
        """Spans of the first are exported by the second, spans of the second are recorded."""
        provider, exporter = newcomer()
        trace.set_tracer_provider(provider)
        own.get_tracer("t").start_span("ours").end()
        provider.get_tracer("t").start_span("theirs").end()

        assert ["ours", "theirs"] == [span.name for span in exporter.get_finished_spans()]
        assert ["ours", "theirs"] == [span.name for span in memory.spans]

    def test_a_second_time_changes_nothing(self, own: TracerProvider, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is exported twice, and one line is logged."""
        provider, exporter = newcomer()
        trace.set_tracer_provider(provider)
        trace.set_tracer_provider(provider)
        own.get_tracer("t").start_span("ours").end()

        assert 1 == len(exporter.get_finished_spans())
        assert 1 == caplog.text.count("was set after configure()")

    def test_our_own_is_no_newcomer(self, own: TracerProvider, caplog: pytest.LogCaptureFixture) -> None:
        """Whoever sets the global provider to itself gets no span twice."""
        trace.set_tracer_provider(own)

        assert "" == caplog.text

    @pytest.mark.usefixtures("own")
    def test_one_without_processors_is_told(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is lost in silence."""
        trace.set_tracer_provider(trace.NoOpTracerProvider())

        assert "a NoOpTracerProvider was set after configure(): it gets no spans. Set it before" in caplog.text
