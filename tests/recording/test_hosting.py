from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
from opentelemetry import trace
from opentelemetry.context import attach, detach, set_value
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

import orchestrace
from orchestrace.journal.reader import Reader
from orchestrace.messages import Failure, ModelRequest, ModelResponse, Usage, text
from orchestrace.pipeline.processor import Processor
from orchestrace.recording import hosting, tracer
from orchestrace.recording.answer import Answer
from orchestrace.recording.callee import Callee
from orchestrace.recording.ending import ABANDONED, DRAINED, ERROR, INTERRUPTED, RETURNED, End
from orchestrace.recording.hosting import complete, current_host, start_of
from orchestrace.recording.model_call import ModelCall
from orchestrace.records import SpanRecord
from orchestrace.testing import Memory, Spans

CHAT = {"gen_ai.operation.name": "chat"}
LLM = {"openinference.span.kind": "LLM"}
ASKED = ModelRequest("m", stream=True)
ANSWERED = ModelResponse(messages=[{"role": "assistant", "parts": [text("Hello")]}], usage=Usage(3, 2))


@pytest.fixture
def provider(orchestrace_spans: Spans) -> TracerProvider:
    """Return the provider that makes all spans: another library's come from it as well."""
    assert isinstance(tracer._provider, TracerProvider)
    return tracer._provider


@pytest.fixture
def foreign(provider: TracerProvider) -> trace.Tracer:
    """Return the tracer of another library."""
    return provider.get_tracer("elsewhere")


@pytest.fixture(autouse=True)
def _nobody_is_left(little_to_collect: None) -> Iterator[None]:
    """Hold every test to leave nothing behind."""
    gc.collect()
    before = len(hosting._hosted), len(hosting._clients)
    yield
    gc.collect()
    assert before >= (len(hosting._hosted), len(hosting._clients))


def called(request: ModelRequest = ASKED) -> ModelCall:
    """Begin a call to a model."""
    return ModelCall(Callee("chat", "openai"), request)


class TestCurrentHost:
    @pytest.mark.parametrize(
        ("kind", "attributes", "hosts"),
        [
            (SpanKind.CLIENT, CHAT, True),
            (SpanKind.CLIENT, {"gen_ai.operation.name": "text_completion"}, True),
            (SpanKind.CLIENT, {"gen_ai.operation.name": "generate_content"}, True),
            (SpanKind.CLIENT, {"gen_ai.operation.name": "embeddings"}, True),
            (SpanKind.INTERNAL, LLM, True),
            (SpanKind.INTERNAL, {"openinference.span.kind": "EMBEDDING"}, True),
            (SpanKind.CLIENT, {**CHAT, **LLM}, True),
            (SpanKind.INTERNAL, CHAT, False),
            (SpanKind.CLIENT, {"gen_ai.operation.name": "invoke_agent"}, False),
            (SpanKind.CLIENT, {}, False),
            (SpanKind.INTERNAL, {"openinference.span.kind": "CHAIN"}, False),
        ],
    )
    def test_is_known_by_what_it_says_it_is(
        self, foreign: trace.Tracer, kind: SpanKind, attributes: dict[str, str], *, hosts: bool
    ) -> None:
        """Operation and kind, or OpenInference's kind; never a name."""
        with foreign.start_as_current_span("chat", kind=kind, attributes=attributes) as span:
            assert (span if hosts else None) is current_host()

    @pytest.mark.parametrize(
        ("key", "kind", "attributes", "hosts"),
        [
            (key, kind, attributes, hosts)
            for key in ("inference", "embedding")
            for kind, attributes, hosts in [
                (SpanKind.CLIENT, {}, True),
                (SpanKind.INTERNAL, {}, False),
                (SpanKind.CLIENT, {"gen_ai.operation.name": "execute_tool"}, False),
            ]
        ],
    )
    def test_is_known_by_the_context_where_it_says_nothing(
        self, foreign: trace.Tracer, key: str, kind: SpanKind, attributes: dict[str, str], *, hosts: bool
    ) -> None:
        """OpenTelemetry's GenAI utilities keep there what they know of the call that is being made."""
        with foreign.start_as_current_span("call", kind=kind, attributes=attributes) as span:
            token = attach(set_value(f"opentelemetry.genai.client.{key}.context", object()))
            try:
                assert (span if hosts else None) is current_host()
            finally:
                detach(token)

    def test_outside_of_all_spans_there_is_none(self) -> None:
        """The invalid span hosts nothing."""
        assert current_host() is None

    def test_one_that_has_ended_hosts_nothing(self, foreign: trace.Tracer) -> None:
        """It takes no attributes any more."""
        span = foreign.start_span("chat", kind=SpanKind.CLIENT, attributes=CHAT)
        span.end()
        with trace.use_span(span):
            assert current_host() is None

    def test_one_that_has_a_call_takes_no_other(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """The second call under it has a span of its own, inside."""
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT):
            for _ in range(2):
                call = called()
                call.end(End(RETURNED, call.started + 1))

        assert "theirs\n  chat m" == orchestrace_spans.tree()

    def test_a_span_that_tells_nothing_hosts_nothing(self) -> None:
        """The API has no way to read a span: one that is none of the SDK's is left alone."""

        class Opaque(trace.NonRecordingSpan):
            def is_recording(self) -> bool:
                return True

        with trace.use_span(Opaque(trace.INVALID_SPAN_CONTEXT)):
            assert current_host() is None


class TestWhileItRuns:
    """What is known of a host that never ends, because its process does."""

    def test_what_is_asked_is_known_before_it_is(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """The host has started before the request was there."""
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT):
            before = [record.attributes for record in orchestrace_spans.running]
            called(ModelRequest("m", [{"role": "user", "parts": [text("Hi")]}]))
            (known,) = orchestrace_spans.running

        assert [CHAT] == before
        assert "Hi" in str(known.attributes["gen_ai.input.messages"])

    def test_what_was_answered_so_far_is_known_when_the_program_leaves(
        self, foreign: trace.Tracer, orchestrace_spans: Spans
    ) -> None:
        """Its library need not end its span then."""
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT):
            call = called()
            call.answered(lambda: Answer(ANSWERED))
            call.end(End(INTERRUPTED, call.started + 1))
            (known,) = orchestrace_spans.running

        assert INTERRUPTED == known.attributes["orchestrace.ending"]
        assert "Hello" in str(known.attributes["gen_ai.output.messages"])


class TestMerged:
    def test_into_the_host_while_it_runs(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """One call is one span, which has what its library set and what crossed the wire."""
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT | {"own": 1}):
            call = called()
            call.answered(lambda: Answer(ANSWERED))
            call.end(End(DRAINED, call.started + 1))
        (span,) = orchestrace_spans

        assert ("theirs", "elsewhere") == (span.name, span.scope)
        assert {
            "own": 1,
            "orchestrace.ending": DRAINED,
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hello"}]}]',
        }.items() <= span.attributes.items()

    def test_into_the_copy_of_one_that_ended_first(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """The host ends while the answer still comes: its copy waits, and has all of it."""
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT):
            call = called()
        waiting = list(orchestrace_spans)
        call.answered(lambda: Answer(ANSWERED))
        call.end(End(DRAINED, 2**61))
        (span,) = orchestrace_spans

        assert ([], DRAINED) == (waiting, span.attributes["orchestrace.ending"])
        assert "Hello" in str(span.attributes["gen_ai.output.messages"])
        assert span.end is not None
        assert span.end < 2**61

    def test_an_answer_that_is_whole_stands_there_at_once(
        self, foreign: trace.Tracer, orchestrace_spans: Spans
    ) -> None:
        """Others' exporters get what was there when the host ended."""
        host: Any
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT) as host:
            call = called()
            call.answered(lambda: Answer(ANSWERED), whole=True)
        call.end(End(DRAINED, 2**61))

        assert (3, RETURNED) == (host.attributes["gen_ai.usage.input_tokens"], host.attributes["orchestrace.ending"])
        assert DRAINED == orchestrace_spans.attributes("theirs")["orchestrace.ending"]

    def test_an_exception_after_the_host_has_ended(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """It is the call's all the same; what its library has made of it stays."""
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT):
            call = called()
        call.end(End(ERROR, 2**61, error=LookupError("nobody there")))
        span = orchestrace_spans.one("theirs")

        assert ("ERROR", "nobody there", "LookupError", ERROR) == (
            span.status,
            span.status_message,
            span.attributes["error.type"],
            span.attributes["orchestrace.ending"],
        )

    @pytest.mark.parametrize(
        ("kind", "status", "ending"), [("_OTHER", "UNSET", ABANDONED), ("ValueError", "ERROR", ERROR)]
    )
    def test_a_stream_that_nobody_read_to_its_end(
        self, foreign: trace.Tracer, orchestrace_spans: Spans, kind: str, status: str, ending: str
    ) -> None:
        """Is no error, though its library says so: unless it can name one."""
        span: Any
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT) as span:
            call = called()
            call.end(End(ABANDONED, call.started + 1))
            span.set_attribute("error.type", kind)
            span.set_status(trace.StatusCode.ERROR, "abandoned stream")

        kept = orchestrace_spans.one("theirs")
        assert (status, ending) == (kept.status, kept.attributes["orchestrace.ending"])

    def test_a_failure_is_the_hosts(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """Also one that its library has not seen."""
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT):
            call = called()
            call.answered(lambda: Answer(failure=Failure("overloaded", "too busy")))
        call.end(End(RETURNED, 2**61))
        (span,) = orchestrace_spans

        assert ("ERROR", "too busy", "overloaded", ERROR) == (
            span.status,
            span.status_message,
            span.attributes["error.type"],
            span.attributes["orchestrace.ending"],
        )

    def test_what_failed_afterwards_is_an_error(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """The library could not use what was answered well."""
        span: Any
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT) as span:
            call = called()
            call.answered(lambda: Answer(ANSWERED))
            call.end(End(DRAINED, call.started + 1))
            span.set_status(trace.StatusCode.ERROR)

        assert ERROR == orchestrace_spans.attributes("theirs")["orchestrace.ending"]

    def test_the_run_around_counts_it_once(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """Tokens are summed where they were seen."""
        with (
            orchestrace.agent(name="A"),
            foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT),
        ):
            call = called()
            call.answered(lambda: Answer(ANSWERED))
            call.end(End(DRAINED, call.started + 1))

        assert (1, 3) == (
            orchestrace_spans.attributes("invoke_agent A")["orchestrace.usage.calls"],
            orchestrace_spans.attributes("invoke_agent A")["orchestrace.usage.input_tokens"],
        )


class TestComplete:
    def test_a_span_that_hosts_nothing_is_as_it_was(self) -> None:
        """Nearly every span."""
        record = SpanRecord("0" * 32, "0" * 16, None, "s", 0, 1, 2)
        passed: list[SpanRecord] = []
        complete(record, passed.append)

        assert [record] == passed
        assert {} == record.attributes

    def test_each_pipeline_gets_it(
        self, foreign: trace.Tracer, provider: TracerProvider, orchestrace_spans: Spans
    ) -> None:
        """A provider may have two of ours: what one has asked for, the other gets as well."""
        memory = Memory()
        provider.add_span_processor(Processor([memory]))
        with foreign.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT):
            call = called()
            call.answered(lambda: Answer(ANSWERED))
            call.end(End(DRAINED, call.started + 1))

        assert [DRAINED] * 2 == [
            spans[0].attributes["orchestrace.ending"] for spans in (orchestrace_spans, memory.spans)
        ]


class TestOuter:
    """Two spans of other libraries, one inside the other, for one call."""

    def test_the_inner_one_hosts(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """The outer one says that it is the outer, and leaves the tokens to the inner one."""
        used = CHAT | {"gen_ai.usage.input_tokens": 3, "gen_ai.usage.reasoning.output_tokens": 1}
        with (
            foreign.start_as_current_span("outer", kind=SpanKind.CLIENT, attributes=used),
            foreign.start_as_current_span("inner", kind=SpanKind.CLIENT, attributes=CHAT),
        ):
            call = called()
            call.answered(lambda: Answer(ANSWERED))
            call.end(End(DRAINED, call.started + 1))
        outer, inner = (orchestrace_spans.attributes(name) for name in ("outer", "inner"))

        assert (DRAINED, 3, None) == (
            inner["orchestrace.ending"],
            inner["gen_ai.usage.input_tokens"],
            inner.get("orchestrace.role"),
        )
        assert CHAT | {"gen_ai.usage.reasoning.output_tokens": 1, "orchestrace.role": "outer_call"} == outer

    def test_it_waits_for_the_end_of_the_call(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """Else nobody knew which tokens the inner one has."""
        with foreign.start_as_current_span("outer", kind=SpanKind.CLIENT, attributes=CHAT):
            inner = foreign.start_span("inner", kind=SpanKind.CLIENT, attributes=CHAT)
            with trace.use_span(inner):
                call = called()
        assert [] == list(orchestrace_spans)
        call.end(End(DRAINED, call.started + 1))
        inner.end()

        assert ["outer", "inner"] == [span.name for span in orchestrace_spans]

    def test_a_span_around_that_is_no_call_is_as_it_was(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """An HTTP request of somebody else, for one."""
        with (
            foreign.start_as_current_span("GET", kind=SpanKind.CLIENT),
            foreign.start_as_current_span("inner", kind=SpanKind.CLIENT, attributes=CHAT),
        ):
            called().end(End(DRAINED, 2**61))

        assert {} == orchestrace_spans.attributes("GET")

    def test_made_by_hand(self, foreign: trace.Tracer, orchestrace_spans: Spans) -> None:
        """Around a call that has a span of another library, too."""
        with (
            orchestrace.agent(name="A"),
            orchestrace.llm_call("m") as by_hand,
            foreign.start_as_current_span("inner", kind=SpanKind.CLIENT, attributes=CHAT),
        ):
            call = called()
            call.answered(lambda: Answer(ANSWERED))
            call.end(End(DRAINED, call.started + 1))
            by_hand.response("Hello", usage={"input_tokens": 3})

        assert "outer_call" == orchestrace_spans.attributes("chat m")["orchestrace.role"]
        assert 3 == orchestrace_spans.attributes("invoke_agent A")["orchestrace.usage.input_tokens"]


class TestMemory:
    def test_a_call_lives_no_longer_than_its_host(self, orchestrace_spans: Spans) -> None:
        """Where no pipeline of ours asks for it, nothing is kept."""
        elsewhere = TracerProvider(shutdown_on_exit=False).get_tracer("elsewhere")
        with elsewhere.start_as_current_span("theirs", kind=SpanKind.CLIENT, attributes=CHAT):
            call = called()
            call.end(End(DRAINED, call.started + 1))
            kept = ref(call)
            del call
        gc.collect()

        assert kept() is None


FORKS = """
import os, sys
import orchestrace
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from orchestrace.messages import ModelRequest
from orchestrace.recording.callee import Callee
from orchestrace.recording.ending import RETURNED, End
from orchestrace.recording.model_call import ModelCall

if sys.argv[2] == "joined":
    trace.set_tracer_provider(TracerProvider())
orchestrace.configure(journal=sys.argv[1])
known = {"gen_ai.operation.name": "chat"}
hosts = {
    "theirs": lambda: trace.get_tracer("x").start_as_current_span("h", kind=trace.SpanKind.CLIENT, attributes=known),
    "ours": lambda: orchestrace.llm_call("by hand"),
}
with hosts[sys.argv[3]]():
    child = os.fork()
    if child == 0:
        call = ModelCall(Callee("chat"), ModelRequest("child"))
        call.end(End(RETURNED, call.started + 1000))
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
class TestFork:
    @pytest.mark.parametrize("provider", ["joined", "made"])
    @pytest.mark.parametrize(("host", "name"), [("theirs", "h"), ("ours", "chat by hand")])
    def test_a_span_of_the_parent_hosts_no_call_of_the_child(
        self, host: str, name: str, provider: str, tmp_path: Path
    ) -> None:
        """It is the parent that ends it, and knows nothing of that call: this one has a span of its own, below."""
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS, str(tmp_path), provider, host]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our words
        spans = {span.name: span for span in Reader(tmp_path).trace("last")}

        assert ("", "", 0) == (done.stdout, done.stderr, done.returncode)
        assert {"chat child", name} == spans.keys()
        assert spans[name].span_id == spans["chat child"].parent_id


class TestStartOf:
    def test_is_when_the_host_started(self, foreign: trace.Tracer) -> None:
        """0 for one that does not say."""
        span = foreign.start_span("s", start_time=7)
        span.end()

        assert (7, 0) == (start_of(span), start_of(trace.INVALID_SPAN))
