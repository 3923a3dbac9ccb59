from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrace.messages import ModelResponse
from orchestrace.wires.openai_completions import is_call, read_request, read_response, read_stream


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is of text completions as OpenAI makes them."""
    return bool(recording["operation"] == "completions" and recording["provider"] != "anthropic")


def words(response: ModelResponse) -> list[str]:
    """Return what each choice says."""
    return ["".join(str(part["content"]) for part in message["parts"]) for message in response.messages]


class TestIsCall:
    @pytest.mark.parametrize("prompt", ["Hi", ["Hi", "you"], [1, 2], [[1, 2]]])
    def test_a_model_and_a_prompt(self, prompt: object) -> None:
        """A body that names a model and holds a prompt is one, whatever the prompt is made of."""
        assert is_call({"model": "m", "prompt": prompt})

    @pytest.mark.parametrize("body", [{}, {"model": "m"}, {"prompt": "Hi"}, {"model": "m", "prompt": {"id": "p"}}])
    def test_anything_else(self, body: dict[str, Any]) -> None:
        """A body that lacks one of them is somebody else's."""
        assert not is_call(body)


class TestRecordings:
    def test_request(self, recording: dict[str, Any]) -> None:
        """The model, the limit and each prompt are read."""
        body = recording["request"]["body"]
        request = read_request(body)
        prompts = body["prompt"] if isinstance(body["prompt"], list) and isinstance(body["prompt"][0], str) else [0]

        assert (body["model"], len(prompts), body["max_tokens"]) == (
            request.model,
            len(request.messages),
            request.attributes["gen_ai.request.max_tokens"],
        )

    def test_answer(self, recording: dict[str, Any]) -> None:
        """Every choice is read with its reason, whole or from a stream."""
        answer = recording["response"]
        if answer["status"] != 200:
            return
        if recording["streaming"]:
            lines = [line[6:] for line in answer["body"].splitlines() if line.startswith("data: {")]
            choices = [json.loads(line)["choices"][0] for line in lines]
            expected = ["".join(choice["text"] for choice in choices)], [choices[-1]["finish_reason"]]
            response = read_stream(answer["body"].encode())
        else:
            choices = answer["body"]["choices"]
            expected = [choice["text"] for choice in choices], [choice["finish_reason"] for choice in choices]
            response = read_response(answer["body"])

        assert (*expected, True) == (words(response), response.finish_reasons, response.complete)
