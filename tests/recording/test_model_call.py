from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

import pytest

import orchestrace
from orchestrace.messages import Failure, ModelRequest, ModelResponse, Usage, text
from orchestrace.recording.answer import Answer
from orchestrace.recording.callee import Callee
from orchestrace.recording.document import LIMIT
from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, RETURNED, End
from orchestrace.recording.model_call import ModelCall
from orchestrace.testing import Spans, StepClock, capture

if TYPE_CHECKING:
    from tests.recording.conftest import Heard, Measured

WHOLE = Answer(ModelResponse("r", "m", [{"role": "assistant", "parts": [text("Hi")]}], usage=Usage(3, 1)))
CUT = Answer(ModelResponse(complete=False))
REFUSED = Answer(status=429, failure=Failure("rate_limit", "slow down"), body='{"error": …}')


def ended(answer: Answer | None, end: End, *, stream: bool = False) -> ModelCall:
    """Return a call that has ended."""
    call = ModelCall(Callee("chat", "p", "host", 443), ModelRequest("m", stream=stream))
    if answer is not None:
        call.answered(lambda: answer)
    call.end(end)
    return call


class RefusalError(Exception):
    """An error that can be watched."""


class TestEnding:
    @pytest.mark.parametrize(
        ("answer", "end", "stream", "ending"),
        [
            (WHOLE, RETURNED, False, "returned"),
            (WHOLE, ABANDONED, True, "drained"),
            (WHOLE, ABANDONED, False, "returned"),
            (CUT, ABANDONED, True, "abandoned"),
            (CUT, DRAINED, True, "drained"),
            (None, ABANDONED, True, "abandoned"),
            (REFUSED, RETURNED, False, "error"),
            (WHOLE, CANCELLED, True, "cancelled"),
            (None, ERROR, False, "error"),
        ],
    )
    def test_is_told_by_what_came(
        self, orchestrace_spans: Spans, answer: Answer | None, end: str, ending: str, *, stream: bool
    ) -> None:
        """A stream that is closed after its last event was drained, whoever closed it."""
        ended(answer, End(end, 10**18), stream=stream)

        assert ending == orchestrace_spans.attributes("chat m")["orchestrace.ending"]


class TestModelCall:
    def test_who_was_asked_stands_on_it_from_the_start(self, orchestrace_spans: Spans) -> None:
        """A sampler sees it, and a killed process leaves it."""
        call = ModelCall(Callee("chat", "p", "host", 443), ModelRequest("m", [{"role": "user", "parts": [text("?")]}]))
        [running] = orchestrace_spans.running

        assert {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "p",
            "server.address": "host",
            "server.port": 443,
            "gen_ai.request.model": "m",
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"?"}]}]',
        }.items() <= running.attributes.items()
        assert call.is_open

    def test_a_refusal_has_the_providers_words(self, orchestrace_spans: Spans) -> None:
        """Type, message, HTTP status and body."""
        ended(REFUSED, End(RETURNED, 10**18))
        span = orchestrace_spans.one("chat m")

        assert ("ERROR", "slow down", "rate_limit", 429, '{"error": …}') == (
            span.status,
            span.status_message,
            span.attributes["error.type"],
            span.attributes["http.response.status_code"],
            span.attributes["orchestrace.response.body"],
        )

    def test_attempts_are_one_call(self, orchestrace_spans: Spans) -> None:
        """What came of the last one is the answer, and tokens are counted once."""
        with orchestrace.agent(name="A"):
            call = ModelCall(Callee("chat"), ModelRequest("m"))
            call.answered(lambda: REFUSED, refused=True)
            assert call.may_retry
            call.attempt()
            call.answered(lambda: WHOLE)
            call.end(End(RETURNED, 10**18))

        assert (2, "UNSET") == (
            orchestrace_spans.attributes("chat m")["orchestrace.attempts"],
            orchestrace_spans.one("chat m").status,
        )
        assert 3 == orchestrace_spans.attributes("invoke_agent A")["orchestrace.usage.input_tokens"]

    def test_time_to_first_chunk_is_in_seconds(self) -> None:
        """From the start of the call."""
        clock = StepClock(0, 0)
        with capture(clock=clock) as spans:
            call = ModelCall(Callee("chat"), ModelRequest("m", stream=True))
            clock.advance(250_000_000)
            call.first_chunk()
            call.answered(lambda: CUT)
            call.end(End(ABANDONED, 10**9))

        assert 0.25 == spans.attributes("chat m")["gen_ai.response.time_to_first_chunk"]

    def test_a_reader_that_fails_costs_the_answer_only(self, orchestrace_spans: Spans) -> None:
        """The span ends all the same."""

        def read() -> Answer:
            raise LookupError

        call = ModelCall(Callee("chat"), ModelRequest("m"))
        call.answered(read)
        call.end(End(RETURNED, 10**18))

        assert "returned" == orchestrace_spans.attributes("chat m")["orchestrace.ending"]


class TestTruncated:
    def test_all_that_was_cut_is_named(self, orchestrace_spans: Spans) -> None:
        """What was asked, also where it was said later, and what was answered."""
        said = text("x" * 2 * LIMIT)
        call = ModelCall(Callee("chat"), ModelRequest("m"))
        call.asked(ModelRequest("m", messages=[{"role": "user", "parts": [said]}]))
        call.answered(lambda: Answer(ModelResponse(messages=[{"role": "assistant", "parts": [said]}])))
        call.end(End(RETURNED, 10**18))

        assert ("gen_ai.input.messages", "gen_ai.output.messages") == orchestrace_spans.attributes("chat m")[
            "orchestrace.truncated"
        ]


class TestMeasured:
    def test_it_is_who_was_asked_for_what_and_who_answered(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """With all its attempts a call is one; its duration is the span's."""
        call = ModelCall(Callee("chat", "p", "host", 443), ModelRequest("m"), start=10**18)
        call.answered(lambda: REFUSED, refused=True)
        call.attempt()
        call.answered(lambda: Answer(ModelResponse(model="m-1")))
        call.end(End(RETURNED, 10**18 + 3 * 10**9))

        [point] = measured.points("gen_ai.client.inference.duration")
        assert (1, 3.0) == (point.count, point.sum)
        assert {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "p",
            "gen_ai.request.model": "m",
            "gen_ai.response.model": "m-1",
            "server.address": "host",
            "server.port": 443,
        } == dict(point.attributes)

    def test_a_failure_has_its_type(self, orchestrace_spans: Spans, measured: Measured) -> None:
        """The provider's own word, as on the span."""
        ended(REFUSED, End(RETURNED, 10**18))

        [point] = measured.points("gen_ai.client.inference.duration")
        assert "rate_limit" == point.attributes["error.type"]

    def test_the_waits_of_a_stream_are_those_of_its_last_attempt(
        self, orchestrace_spans: Spans, measured: Measured
    ) -> None:
        """What an attempt before it began to say is no part of the answer."""
        call = ModelCall(Callee("chat"), ModelRequest("m", stream=True))
        for _ in range(2):
            call.attempt()
            further = call.first_chunk()
            assert further is not None
            further()
            further()
        call.end(End(DRAINED, 10**18))

        assert [1, 2] == [
            measured.points(f"gen_ai.client.inference.{name}")[0].count
            for name in ("time_to_first_chunk", "time_per_output_chunk")
        ]

    def test_one_by_hand_around_one_at_the_wire_is_not_measured(
        self, orchestrace_spans: Spans, measured: Measured
    ) -> None:
        """The call inside has told everything."""
        with orchestrace.llm_call("m"):
            ended(WHOLE, End(RETURNED, 10**18))

        assert [1] == [point.count for point in measured.points("gen_ai.client.inference.duration")]

    def test_nobody_hears_of_chunks_where_nothing_is_measured(self, orchestrace_spans: Spans) -> None:
        """A chunk then costs what it did."""
        assert ModelCall(Callee("chat"), ModelRequest("m", stream=True)).first_chunk() is None


class TestExceptionEvent:
    def test_an_exception_is_a_log_record(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """A warning in the context of the call, with what the span event says."""
        ended(None, End(ERROR, 10**18, error=ValueError("no")))

        [record] = heard.events("gen_ai.client.operation.exception")
        span = orchestrace_spans.one("chat m")
        assert (13, span.span_id) == (record.severity_number.value, f"{record.span_id:016x}")
        assert [dict(record.attributes)] == [event.attributes for event in span.events]

    def test_a_refusal_that_nobody_raised_is_one_too(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """An error inside of a stream that was 200."""
        ended(REFUSED, End(DRAINED, 10**18), stream=True)

        [record] = heard.events("gen_ai.client.operation.exception")
        assert {"exception.type": "rate_limit", "exception.message": "slow down"} == dict(record.attributes)

    def test_what_went_well_or_was_cancelled_is_none(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """Neither failed."""
        ended(WHOLE, End(RETURNED, 10**18))
        ended(None, End(CANCELLED, 10**18, error=KeyboardInterrupt()))

        assert [] == heard.records


class TestMemory:
    def test_an_error_is_not_held(self, orchestrace_spans: Spans) -> None:
        """Its traceback holds frames of the program, and these hold what the program waits to be rid of."""
        error = RefusalError()
        kept = ref(error)
        call = ModelCall(Callee("chat"), ModelRequest("m"))
        call.failed(error)
        call.end(End(ERROR, 10**18, error=error))
        del error

        assert kept() is None
        assert not call.is_open


class TestCallee:
    def test_what_is_not_known_is_absent(self) -> None:
        """No None stands anywhere."""
        assert {"gen_ai.operation.name": "chat"} == Callee("chat").attributes()
