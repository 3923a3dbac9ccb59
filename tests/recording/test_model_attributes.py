from __future__ import annotations

import json

import pytest

from orchestrace import conventions as names
from orchestrace.messages import ModelRequest, ModelResponse, Usage, text
from orchestrace.recording.document import LIMIT
from orchestrace.recording.masking import SECRET
from orchestrace.recording.model_attributes import request_attributes, response_attributes, usage_attributes
from orchestrace.typing import JSONObject

ASKED = ModelRequest(
    model="m",
    messages=[{"role": "user", "parts": [text("Hi")]}],
    system=[text("Be kind.")],
    tools=[{"type": "function", "name": "f"}],
    stream=True,
    attributes={names.REQUEST_SEED: 7},
    parameters={"seed": 7},
)
ANSWERED = ModelResponse(
    id="r",
    model="m-1",
    messages=[{"role": "assistant", "parts": [text("Hello")]}],
    finish_reasons=["stop"],
    raw_finish_reasons=["eos"],
    usage=Usage(3, 2),
    attributes={names.OPENAI_SYSTEM_FINGERPRINT: "f"},
)
CONTENT = {key for key, name in names.NAMES.items() if name.content}


class TestRequestAttributes:
    def test_all_that_was_asked(self) -> None:
        """Names and numbers as they are, messages and the like as JSON."""
        assert {
            "gen_ai.request.model": "m",
            "gen_ai.request.stream": True,
            "gen_ai.request.seed": 7,
            "gen_ai.system_instructions": '[{"type":"text","content":"Be kind."}]',
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
            "gen_ai.tool.definitions": '[{"type":"function","name":"f"}]',
            "orchestrace.request.parameters": '{"seed":7}',
        } == request_attributes(ASKED, content=True)

    def test_what_was_not_said_is_absent(self) -> None:
        """No stream is not said, and no model is no empty one."""
        assert {} == request_attributes(ModelRequest(), content=True)

    def test_without_content_no_words(self) -> None:
        """What is switched off is never serialised."""
        assert {
            "gen_ai.request.model": "m",
            "gen_ai.request.stream": True,
            "gen_ai.request.seed": 7,
        } == request_attributes(ASKED, content=False)

    def test_how_to_get_into_a_server_is_a_secret(self) -> None:
        """What a request says of MCP servers holds keys, wherever it stands; a function's schema holds none."""
        function: JSONObject = {"type": "function", "name": "f", "parameters": {"default": {"password": "x"}}}
        server: JSONObject = {"type": "mcp", "name": "s", "authorization": "abc", "headers": {"X-Api-Key": "abc"}}
        asked = ModelRequest(
            tools=[function, server], parameters={"mcp_servers": [{"url": "u", "authorization_token": "abc"}]}
        )
        told = request_attributes(asked, content=True)
        tools = json.loads(str(told["gen_ai.tool.definitions"]))

        assert "abc" not in repr(told)
        assert function == tools[0]
        assert {"mcp_servers": [{"url": "u", "authorization_token": SECRET}]} == json.loads(
            str(told["orchestrace.request.parameters"])
        )


class TestResponseAttributes:
    def test_all_that_was_answered(self) -> None:
        """The mapped reasons, and the provider's own words."""
        assert {
            "gen_ai.response.id": "r",
            "gen_ai.response.model": "m-1",
            "openai.response.system_fingerprint": "f",
            "gen_ai.response.finish_reasons": ["stop"],
            "orchestrace.response.finish_reasons": ["eos"],
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hello"}]}]',
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.usage.output_tokens": 2,
        } == response_attributes(ANSWERED, content=True)

    def test_what_did_not_come_is_absent(self) -> None:
        """A stream that broke at once has answered nothing."""
        assert {} == response_attributes(ModelResponse(), content=True)

    def test_without_content_no_words(self) -> None:
        """Numbers are no content."""
        told = response_attributes(ANSWERED, content=False)

        assert set() == CONTENT & told.keys()
        assert 3 == told["gen_ai.usage.input_tokens"]


class TestUsageAttributes:
    def test_what_is_written_into_a_cache_has_two_names(self) -> None:
        """The conventions' own, and the one that readers know."""
        assert {
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.usage.cache_read.input_tokens": 4,
            "gen_ai.usage.cache_write.input_tokens": 3,
            "gen_ai.usage.cache_creation.input_tokens": 3,
            "gen_ai.usage.reasoning.output_tokens": 2,
        } == usage_attributes(Usage(10, 5, cache_read=4, cache_write=3, reasoning=2))

    def test_what_a_provider_counts_beyond_is_kept(self) -> None:
        """A price may depend on it: searches, tiers, how long a cache lives."""
        further: JSONObject = {"service_tier": "batch", "server_tool_use": {"web_search_requests": 2}}
        told = usage_attributes(Usage(1, further=further))

        assert further == json.loads(str(told["orchestrace.response.usage"]))

    @pytest.mark.parametrize(
        ("usage", "told"), [(None, {}), (Usage(), {}), (Usage(0), {"gen_ai.usage.input_tokens": 0})]
    )
    def test_unknown_is_absent(self, usage: Usage | None, told: dict[str, int]) -> None:
        """And 0 is known."""
        assert told == usage_attributes(usage)


class TestTruncated:
    def test_names_what_was_cut(self) -> None:
        """Whoever reads a cut document knows that it is one."""
        long = ModelRequest(
            model="m", messages=[{"role": "user", "parts": [text("x" * 2 * LIMIT)]}], system=[text("y")]
        )
        told = request_attributes(long, content=True)

        assert ["gen_ai.input.messages"] == told["orchestrace.truncated"]
        assert 2 * LIMIT == json.loads(str(told["gen_ai.input.messages"]))[0]["parts"][0]["size"]
