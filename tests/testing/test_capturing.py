from __future__ import annotations

from collections.abc import Iterator

import anthropic
import openai
import pytest
from opentelemetry import trace

from orchestrace.instrumentation import instrument, is_instrumented, uninstrument
from orchestrace.recording import clock, finaliser, tracer
from orchestrace.testing import ReplayServer, StepClock, anthropic_message, capture, openai_chat


def record(name: str) -> None:
    """Record a span as the package does."""
    tracer.tracer().start_span(name, start_time=clock.now()).end(clock.now())


def ask(client: openai.OpenAI) -> None:
    """Call a model."""
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])


class TestCapture:
    def test_yields_a_live_view(self) -> None:
        """What ended so far is seen inside of the block, and afterwards."""
        with capture(instrument=False) as spans:
            record("a")
            inside = [span.name for span in spans]
            record("b")

        assert (["a"], ["a", "b"]) == (inside, [span.name for span in spans])

    def test_ids_are_the_same_every_time(self) -> None:
        """Each capture numbers traces and spans from 1."""
        ids = []
        for _ in range(2):
            with capture(instrument=False) as spans:
                record("a")
                record("b")
            ids.append([(int(span.trace_id, 16), int(span.span_id, 16)) for span in spans])

        assert [[(1, 1), (2, 2)]] * 2 == ids

    def test_times_are_those_of_the_clock(self) -> None:
        """With a step clock, times can be compared."""
        with capture(instrument=False, clock=StepClock(start=1_000, step=10)) as spans:
            record("a")
            record("b")

        assert [(1_000, 1_010), (1_020, 1_030)] == [(span.start, span.end) for span in spans]

    def test_innermost_captures(self) -> None:
        """A capture inside of another has its spans for itself."""
        with capture(instrument=False) as outer:
            with capture(instrument=False) as inner:
                record("inner")
            record("outer")

        assert (["outer"], ["inner"]) == ([span.name for span in outer], [span.name for span in inner])

    def test_puts_back_what_was_in_use(self) -> None:
        """Provider and clock are afterwards what they were, also when the block fails."""
        provider = trace.NoOpTracerProvider()
        held = StepClock(start=5, step=0)
        tracer.use(provider)
        clock.use(held)
        try:
            with pytest.raises(ZeroDivisionError), capture(instrument=False, clock=StepClock()):
                raise ZeroDivisionError
            after = (tracer._provider, clock.now())
        finally:
            tracer.use(None)
            clock.use(None)

        assert (provider, 5) == after

    def test_waits_for_what_the_collector_ended(self) -> None:
        """A call dropped at the end of the block is still captured by it."""
        with capture(instrument=False) as spans:
            finaliser.ensure_running()
            finaliser.later(lambda: record("dropped"))

        assert ["dropped"] == [span.name for span in spans._memory.spans]


class TestInstrument:
    @pytest.fixture
    def client(self) -> Iterator[openai.OpenAI]:
        """Return a client whose every call is answered."""
        with (
            ReplayServer() as server,
            openai.OpenAI(base_url=server.url + "/v1", api_key="test", max_retries=0) as client,
        ):
            server.answer(openai_chat(), times=None)
            yield client

    def test_model_calls_are_captured(self, client: openai.OpenAI) -> None:
        """A client that exists already is tapped, for as long as the block lasts."""
        with capture() as spans:
            ask(client)
        ask(client)

        assert ("chat m", False) == (spans.tree(), is_instrumented())

    def test_nested_captures_leave_the_taps_in(self, client: openai.OpenAI) -> None:
        """The end of an inner capture does not blind the outer one."""
        with capture() as outer:
            with capture():
                pass
            ask(client)

        assert "chat m" == outer.tree()

    def test_instrumentation_of_the_program_stays(self) -> None:
        """Whoever called `instrument()` before is still instrumented afterwards."""
        instrument()
        try:
            with capture():
                pass
            after = is_instrumented()
        finally:
            uninstrument()

        assert after

    def test_can_be_left_out(self, client: openai.OpenAI) -> None:
        """Who tests decorators alone needs no taps."""
        with capture(instrument=False) as spans:
            ask(client)

        assert [] == spans


@pytest.mark.usefixtures("no_global_provider")
class TestGlobal:
    def test_sdk_with_spans_of_its_own_is_captured(self) -> None:
        """Anthropic's SDK makes a span for each call, through the global provider."""
        with (
            ReplayServer() as server,
            anthropic.Anthropic(base_url=server.url, api_key="test", max_retries=0) as client,
            capture(instrument=False, as_global=True) as spans,
        ):
            server.answer(anthropic_message())
            record("ours")
            client.messages.create(model="m", max_tokens=1, messages=[])

        assert "ours\nanthropic.messages.create OK" == spans.tree()
        assert [1, 2] == [int(span.span_id, 16) for span in spans]

    def test_is_left_alone_unless_asked_for(self) -> None:
        """Without `as_global` the program's provider is neither set nor listened to."""
        with capture(instrument=False) as spans:
            trace.get_tracer("test").start_span("a").end()

        assert [] == spans
        assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
