from __future__ import annotations

import asyncio

import openai
import pytest

import orchestrace
from orchestrace.messages import Usage
from orchestrace.testing import ReplayServer, Spans, openai_chat


class TestLLMCall:
    def test_it_is_a_model_call_like_any_other(self, orchestrace_spans: Spans) -> None:
        """Kind, names, messages, parameters, tokens and finish reasons are where a tapped call has them."""
        with orchestrace.agent(name="A"), orchestrace.llm_call(model="llama-3", provider="local") as call:
            call.request([{"role": "user", "content": "Hello?"}], temperature=0.2)
            call.response("Hi.", usage={"input_tokens": 3, "output_tokens": 2}, finish_reasons=["stop"])
        span = orchestrace_spans.one("chat llama-3")

        assert 2 == span.kind
        assert {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "local",
            "gen_ai.request.model": "llama-3",
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hello?"}]}]',
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi."}]}]',
            "orchestrace.request.parameters": '{"temperature":0.2}',
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.usage.output_tokens": 2,
            "gen_ai.response.finish_reasons": ("stop",),
            "orchestrace.ending": "returned",
        }.items() <= span.attributes.items()
        assert 5 == sum(
            orchestrace_spans.attributes("invoke_agent A")[f"orchestrace.usage.{kind}_tokens"]
            for kind in ("input", "output")
        )

    def test_chunks_are_the_answer_until_another_is_given(self, orchestrace_spans: Spans) -> None:
        """What had come of a stream is kept, also when it breaks."""
        cut = OSError("cut")

        def stream() -> None:
            with orchestrace.llm_call(model="m") as call:
                call.chunk("Hel")
                call.chunk("lo")
                raise cut

        with pytest.raises(OSError, match="cut"):
            stream()
        span = orchestrace_spans.one("chat m")

        assert (
            '[{"role":"assistant","parts":[{"type":"text","content":"Hello"}]}]'
            == span.attributes["gen_ai.output.messages"]
        )
        assert ("ERROR", "cut", "OSError") == (span.status, span.status_message, span.attributes["error.type"])

    def test_a_call_that_crosses_the_wire_all_the_same_is_counted_once(
        self, orchestrace_spans: Spans, orchestrace_server: ReplayServer
    ) -> None:
        """One span, and the tokens of one call on the agent."""
        orchestrace_server.answer(openai_chat("Hi.", usage=(12, 4)))
        client = openai.OpenAI(base_url=f"{orchestrace_server.url}/v1", api_key="test")
        with orchestrace.agent(name="A"), orchestrace.llm_call(model="gpt"):
            client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "Hello?"}])
        agent = orchestrace_spans.attributes("invoke_agent A")

        assert ["chat gpt", "invoke_agent A"] == [span.name for span in orchestrace_spans]
        assert (1, 12) == (agent["orchestrace.usage.calls"], agent["orchestrace.usage.input_tokens"])
        assert 12 == orchestrace_spans.attributes("chat gpt")["gen_ai.usage.input_tokens"]

    def test_async_blocks_and_records_of_usage(self, orchestrace_spans: Spans) -> None:
        """It works in coroutines, and takes our own record of tokens."""

        async def ask() -> None:
            async with orchestrace.llm_call(model="m", operation="generate_content") as call:
                call.response([{"role": "assistant", "parts": [{"type": "text", "content": "x"}]}], usage=Usage(1, 2))

        asyncio.run(ask())

        assert 2 == orchestrace_spans.attributes("generate_content m")["gen_ai.usage.output_tokens"]

    def test_nonsense_is_recorded_as_far_as_it_goes(self, orchestrace_spans: Spans) -> None:
        """No method of it raises."""
        with orchestrace.llm_call(model="m") as call:
            call.request(3)  # type: ignore[arg-type]
            call.request([None, {"role": 1}, "x"])  # type: ignore[list-item]
            call.response(object(), usage={"input_tokens": "many"})  # type: ignore[arg-type, dict-item]

        assert "returned" == orchestrace_spans.attributes("chat m")["orchestrace.ending"]
