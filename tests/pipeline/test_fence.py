from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from orchestrace.pipeline.fence import Fence
from orchestrace.recording.guard import faults


class Broken(SpanProcessor):
    """Raise wherever it is called."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        raise RuntimeError(span.name)

    def _on_ending(self, span: Span) -> None:
        raise RuntimeError(span.name)

    def on_end(self, span: ReadableSpan) -> None:
        raise RuntimeError(span.name)


class Listening(SpanProcessor):
    """Keep what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.heard.append("start")

    def on_end(self, span: ReadableSpan) -> None:
        self.heard.append("end")

    def shutdown(self) -> None:
        self.heard.append("shutdown")

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.heard.append(f"flush {timeout_millis > 0}")
        return False


def provider_with(*processors: SpanProcessor) -> TracerProvider:
    """Return a provider with a fence and processors, in this order."""
    provider = TracerProvider(shutdown_on_exit=False, active_span_processor=Fence())
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


class TestFence:
    def test_what_one_raises_costs_the_next_nothing(self) -> None:
        """Nor the code that makes the span; it is counted by its class."""
        listening, place = Listening(), "span processor Broken"
        before = faults().get(place, 0)
        provider_with(Broken(), listening).get_tracer("t").start_span("one").end()

        assert ["start", "end"] == listening.heard
        assert faults()[place] - before >= 2

    def test_everything_else_is_passed_on(self) -> None:
        """A flush that did not succeed says so."""
        listening = Listening()
        provider = provider_with(listening)
        flushed = provider.force_flush()
        provider.shutdown()

        assert (False, ["flush True", "shutdown"]) == (flushed, listening.heard)

    def test_who_is_alone_is_known(self) -> None:
        """As long as there is one, and nobody has put another into its place."""
        one, fence = Listening(), Fence()
        nobody = fence.alone
        fence.add_span_processor(one)
        alone = fence.alone
        fence.add_span_processor(Listening())
        among_others = fence.alone
        fence._span_processors = (Listening(),)

        assert [None, one, None, None] == [nobody, alone, among_others, fence.alone]
