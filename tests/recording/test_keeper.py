from __future__ import annotations

import threading
from typing import Any
from weakref import ref

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider

from orchestrace.pipeline.processor import Processor
from orchestrace.recording.keeper import announce, keep
from orchestrace.testing import Memory


class Around(SpanProcessor):
    """A processor of the program's, which passes on what it hears."""

    def __init__(self, inner: SpanProcessor) -> None:
        self._inner = inner

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        self._inner.on_start(span, parent_context)


def running(*processors: SpanProcessor) -> Any:
    """Return a span of a provider that is not ours."""
    provider = TracerProvider(shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider.get_tracer("test").start_span("one", attributes={"a": 1})


class TestAnnounce:
    @pytest.mark.parametrize("around", [lambda inner: inner, Around], ids=["alone", "behind another"])
    def test_whoever_keeps_a_span_hears_what_was_said_since(self, around: Any) -> None:
        """Wherever it stands."""
        memories = Memory(), Memory()
        span = running(*(around(Processor([memory])) for memory in memories))
        span.set_attribute("b", 2)
        announce(span)

        assert [{"a": 1, "b": 2}] * 2 == [memory.running[0].attributes for memory in memories]

    def test_of_a_span_that_has_ended_nobody_hears(self) -> None:
        """It is kept already, complete."""
        memory = Memory()
        span = running(Processor([memory]))
        span.end()
        announce(span)

        assert ([], ["one"]) == (memory.running, [record.name for record in memory.spans])

    def test_threads_do_so_one_after_the_other(self) -> None:
        """Else what was said first could be kept last, and the end, which leaves out what is kept, would lack some."""
        heard: list[int] = []

        class Slow(Processor):
            def again(self, span: Any) -> None:
                heard.append(1)
                if len(heard) == 1:
                    another.start()
                    another.join(0.05)
                heard.append(-1)

        span = running()
        keep(span, Slow([]))
        another = threading.Thread(target=announce, args=(span,))
        announce(span)
        another.join()

        assert [1, -1, 1, -1] == heard

    def test_one_that_nobody_keeps_stays_as_it_is(self) -> None:
        """Another vendor's, or one that is not recorded."""
        span = running()
        announce(span)
        announce(trace.INVALID_SPAN)

        assert {"a": 1} == span.attributes


class TestKeep:
    def test_who_has_a_span_already_has_it_once(self) -> None:
        """It may be told twice that it started."""
        heard: list[Any] = []

        class Listening(Processor):
            def again(self, span: Any) -> None:
                heard.append(span)

        processor = Listening([])
        span = running(processor)
        keep(span, processor)
        announce(span)

        assert [span] == heard

    def test_nothing_is_left_of_a_span_that_is_dropped(self) -> None:
        """It holds who keeps it, and nobody holds it."""
        span = running(Processor([]))
        keep(span, Processor([]))
        dropped = ref(span)
        del span

        assert dropped() is None
