from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrace.wires.anthropic_completions import WIRE, is_call, read_request, read_response, read_stream


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is one of Anthropic's text completions."""
    return (recording["provider"], recording["operation"]) == ("anthropic", "completions")


class TestRecordings:
    def test_say_what_was_sent_and_came(self, recording: dict[str, Any]) -> None:
        """The prompt, the limit, and all pieces of the completion are read."""
        asked, answer = recording["request"]["body"], recording["response"]["body"]
        events = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: ")]
        request, response = read_request(asked), read_stream(answer.encode())

        assert is_call(asked)
        assert asked["prompt"] == request.messages[0]["parts"][0]["content"]
        assert "".join(event.get("completion", "") for event in events) == response.messages[0]["parts"][0]["content"]
        assert (["max_tokens"], True) == (response.raw_finish_reasons, response.complete)


class TestIsCall:
    @pytest.mark.parametrize("missing", ["model", "prompt", "max_tokens_to_sample"])
    def test_a_call_has_a_model_a_prompt_and_a_limit(self, missing: str) -> None:
        """Anybody may have a path that ends so; only Anthropic's bodies have a limit of this name."""
        body: dict[str, Any] = {"model": "m", "prompt": "p", "max_tokens_to_sample": 1}

        assert [True, False] == [is_call(body), is_call({key: body[key] for key in body if key != missing})]


class TestWire:
    def test_reads_text_completions(self) -> None:
        """It is an operation of its own, and no chat."""
        assert ("text_completion", "anthropic") == (WIRE.operation, WIRE.provider)

    def test_an_empty_completion_is_an_answer(self) -> None:
        """Who says nothing has answered all the same."""
        (message,) = read_response({"completion": "", "stop_reason": "stop_sequence"}).messages

        assert {"role": "assistant", "parts": []} == message
