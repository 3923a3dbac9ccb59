from __future__ import annotations

import json

from orchestrace.messages import ModelRequest, ModelResponse, Usage, text
from orchestrace.recording.model_attributes import request_attributes, response_attributes, usage_attributes

ASKED = ModelRequest(
    "m",
    [{"role": "user", "parts": [text("é😀?")]}],
    [text("Be brief.")],
    [{"type": "function", "name": "f"}],
    stream=True,
    attributes={"gen_ai.request.temperature": 0.2},
    parameters={"temperature": 0.2},
)


class TestRequestAttributes:
    def test_words_are_json_without_escapes(self) -> None:
        """So that people can read them."""
        written = request_attributes(ASKED, content=True)

        assert '[{"role":"user","parts":[{"type":"text","content":"é😀?"}]}]' == written["gen_ai.input.messages"]
        assert [
            '[{"type":"text","content":"Be brief."}]',
            '[{"type":"function","name":"f"}]',
            '{"temperature":0.2}',
        ] == [
            written[name]
            for name in ("gen_ai.system_instructions", "gen_ai.tool.definitions", "orchestrace.request.parameters")
        ]

    def test_without_content_there_are_no_words(self) -> None:
        """Numbers and names stay."""
        assert {
            "gen_ai.request.model": "m",
            "gen_ai.request.stream": True,
            "gen_ai.request.temperature": 0.2,
        } == request_attributes(ASKED, content=False)

    def test_what_was_cut_is_named(self) -> None:
        """The document stays valid, and the span says which one is not whole."""
        long = ModelRequest(messages=[{"role": "user", "parts": [text("x" * 3_000_000)]}])
        written = request_attributes(long, content=True)
        [message] = json.loads(str(written["gen_ai.input.messages"]))

        assert ["gen_ai.input.messages"] == written["orchestrace.truncated"]
        assert 3_000_000 == message["parts"][0]["size"]


class TestResponseAttributes:
    def test_what_came(self) -> None:
        """Id, model, reasons mapped and raw, messages and tokens."""
        answer = ModelResponse(
            "r", "m-1", [{"role": "assistant", "parts": [text("Hi")]}], ["tool_call"], ["tool_calls"], Usage(5, 2)
        )

        assert {
            "gen_ai.response.id": "r",
            "gen_ai.response.model": "m-1",
            "gen_ai.response.finish_reasons": ["tool_call"],
            "orchestrace.response.finish_reasons": ["tool_calls"],
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]',
            "gen_ai.usage.input_tokens": 5,
            "gen_ai.usage.output_tokens": 2,
        } == response_attributes(answer, content=True)

    def test_nothing_known_is_nothing_said(self) -> None:
        """No empty list, no None, no 0."""
        assert {} == response_attributes(ModelResponse(), content=True)


class TestUsageAttributes:
    def test_cache_writes_have_both_names(self) -> None:
        """The present one, and the one that Jaeger reads; what is 0 was said to be 0."""
        assert {
            "gen_ai.usage.cache_read.input_tokens": 0,
            "gen_ai.usage.cache_write.input_tokens": 7,
            "gen_ai.usage.cache_creation.input_tokens": 7,
            "gen_ai.usage.reasoning.output_tokens": 1,
        } == usage_attributes(Usage(cache_read=0, cache_write=7, reasoning=1))
