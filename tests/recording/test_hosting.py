from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Tracer

from orchestrace.messages import ModelRequest, ModelResponse, Usage, text
from orchestrace.recording import hosting
from orchestrace.recording.ending import RETURNED, End
from orchestrace.recording.model_call import Answer, Callee, ModelCall
from orchestrace.testing import capture

CHAT = {"gen_ai.operation.name": "chat"}
ANSWER = Answer(ModelResponse("r1", "m", [{"role": "assistant", "parts": [text("Hi")]}], usage=Usage(1, 2)))


def foreign() -> Tracer:
    """Return another library's tracer."""
    return trace.get_tracer("another.library")


class TestCurrentHost:
    @pytest.mark.parametrize(
        ("kind", "attributes", "is_host"),
        [
            (SpanKind.CLIENT, CHAT, True),
            (SpanKind.CLIENT, {"gen_ai.operation.name": "embeddings"}, True),
            (SpanKind.INTERNAL, {"openinference.span.kind": "LLM"}, True),
            (SpanKind.INTERNAL, CHAT, False),
            (SpanKind.CLIENT, {"gen_ai.operation.name": "invoke_agent"}, False),
            (SpanKind.CLIENT, {}, False),
        ],
    )
    def test_is_known_by_operation_and_kind(self, kind: SpanKind, attributes: dict[str, Any], *, is_host: bool) -> None:
        """Never by its name."""
        with capture(as_global=True), foreign().start_as_current_span("x", kind=kind, attributes=attributes) as span:
            assert (span if is_host else None) is hosting.current_host()

    def test_hosts_one_call_only(self) -> None:
        """A second one under it has a span of its own."""
        with capture(as_global=True) as spans:
            with foreign().start_as_current_span("host", kind=SpanKind.CLIENT, attributes=CHAT):
                for _ in range(2):
                    ModelCall(Callee("chat"), ModelRequest("m")).end(End(RETURNED, 1))

            assert ["host", "chat m"] == [span.name for span in sorted(spans, key=lambda one: one.start)] or [
                "chat m",
                "host",
            ] == [span.name for span in spans]


class TestCompleted:
    def test_a_host_that_ended_first_has_what_came_later_known(self) -> None:
        """The copy that we keep is complete, though an ended span takes no attributes."""
        with capture(as_global=True) as spans:
            with foreign().start_as_current_span("host", kind=SpanKind.CLIENT, attributes=CHAT):
                call = ModelCall(Callee("chat", "p"), ModelRequest("m", [{"role": "user", "parts": [text("Hello?")]}]))
                call.answered(lambda: ANSWER)
            [span] = spans

        assert not call.is_open
        assert {
            "gen_ai.request.model": "m",
            "gen_ai.response.id": "r1",
            "gen_ai.usage.output_tokens": 2,
            "orchestrace.ending": "returned",
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]',
        }.items() <= span.attributes.items()
