from __future__ import annotations

import asyncio

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from orchestrace.exceptions import ConfigurationError
from orchestrace.pipeline.processor import Processor
from orchestrace.testing import Memory
from orchestrace.testing.global_provider import as_global
from orchestrace.testing.private_provider import private_provider


class Capturing:
    """A provider with what it captured."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.processor = Processor([self.memory])
        self.provider = private_provider(self.processor)

    @property
    def names(self) -> list[str]:
        """Return the names of the spans that ended."""
        return [span.name for span in self.memory.spans]


@pytest.mark.usefixtures("no_global_provider")
class TestNoGlobalProvider:
    def test_spans_of_others_are_captured(self) -> None:
        """A library that asks OpenTelemetry for a tracer is captured, whether it asked before or inside."""
        early, capturing = trace.get_tracer("early"), Capturing()
        with as_global(capturing.provider, capturing.processor) as maker:
            early.start_span("a").end()
            trace.get_tracer("late").start_span("b").end()

        assert (["a", "b"], capturing.provider) == (capturing.names, maker)

    def test_innermost_captures(self) -> None:
        """Of two captures the inner one gets the spans, and then the outer one again."""
        outer, inner, tracer = Capturing(), Capturing(), trace.get_tracer("test")
        with as_global(outer.provider, outer.processor):
            with as_global(inner.provider, inner.processor):
                tracer.start_span("inner").end()
            tracer.start_span("outer").end()

        assert (["outer"], ["inner"]) == (outer.names, inner.names)

    def test_nothing_is_recorded_outside(self) -> None:
        """After the block a library's span is again none at all: no test depends on an earlier one."""
        capturing, tracer = Capturing(), trace.get_tracer("test")
        with as_global(capturing.provider, capturing.processor):
            pass
        span = tracer.start_span("a")

        assert (False, trace.INVALID_SPAN_CONTEXT, []) == (
            span.is_recording(),
            span.get_span_context(),
            capturing.names,
        )

    def test_current_spans_nest(self) -> None:
        """A span that is made current is the parent of the next."""
        capturing, tracer = Capturing(), trace.get_tracer("test")
        with as_global(capturing.provider, capturing.processor), tracer.start_as_current_span("outer") as outer:
            tracer.start_span("inner").end()

        assert f"{outer.get_span_context().span_id:016x}" == capturing.memory.spans[0].parent_id

    def test_decorates_functions_of_either_colour(self) -> None:
        """Tracers of libraries decorate functions at import, long before a capture."""
        capturing, tracer = Capturing(), trace.get_tracer("test")

        @tracer.start_as_current_span("plain")
        def plain() -> bool:
            return trace.get_current_span().is_recording()

        @tracer.start_as_current_span("async")
        async def asynchronous() -> bool:
            await asyncio.sleep(0)
            return trace.get_current_span().is_recording()

        with as_global(capturing.provider, capturing.processor):
            recording = [plain(), asyncio.run(asynchronous())]

        assert ([True, True], ["plain", "async"]) == (recording, capturing.names)


class TestGlobalProviderOfTheProgram:
    def test_its_spans_are_passed_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The program's own provider makes the spans, and the innermost capture gets them too."""
        own, capturing = TracerProvider(shutdown_on_exit=False), Capturing()
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", own)
        tracer = trace.get_tracer("test")
        with as_global(capturing.provider, capturing.processor) as maker:
            tracer.start_span("a").end()
        tracer.start_span("b").end()

        assert (["a"], own) == (capturing.names, maker)

    def test_gets_one_processor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Captures one after the other leave one processor behind, not one each: no span is captured twice."""
        own, captured = TracerProvider(shutdown_on_exit=False), [Capturing(), Capturing()]
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", own)
        for capturing in captured:
            with as_global(capturing.provider, capturing.processor):
                own.get_tracer("test").start_span("a").end()

        assert [["a"], ["a"]] == [capturing.names for capturing in captured]
        assert 1 == len(own._active_span_processor._span_processors)

    def test_has_to_take_processors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A provider that is not OpenTelemetry's cannot be listened to, and the message says what to do."""
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", trace.NoOpTracerProvider())
        capturing = Capturing()
        with (
            pytest.raises(ConfigurationError, match=r"is a NoOpTracerProvider, which takes no span processors\. Leave"),
            as_global(capturing.provider, capturing.processor),
        ):
            pass
