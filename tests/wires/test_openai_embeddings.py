from __future__ import annotations

from typing import Any

import pytest

from orchestrace.messages import Usage
from orchestrace.wires.openai_embeddings import is_call, read_request, read_response


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is of embeddings as OpenAI makes them."""
    return bool(recording["operation"] == "embeddings" and recording["response"]["status"] == 200)


class TestIsCall:
    @pytest.mark.parametrize("given", ["Hi", ["Hi", "you"], [1, 2], [[1, 2]], [{"text": "Hi"}]])
    def test_a_model_and_an_input(self, given: object) -> None:
        """A body that names a model and holds an input is one, whatever the input is made of."""
        assert is_call({"model": "m", "input": given})

    @pytest.mark.parametrize("body", [{}, {"model": "m"}, {"input": "Hi"}, {"model": "m", "input": {"text": "Hi"}}])
    def test_anything_else(self, body: dict[str, Any]) -> None:
        """A body that lacks one of them is somebody else's."""
        assert not is_call(body)


class TestRecordings:
    def test_request(self, recording: dict[str, Any]) -> None:
        """The model and each input are read."""
        body = recording["request"]["body"]
        request = read_request(body)

        assert (body["model"], len(body["input"])) == (request.model, len(request.messages))

    def test_response(self, recording: dict[str, Any]) -> None:
        """The model and its tokens are read, and how long a vector is; the vectors are not."""
        body = recording["response"]["body"]
        response = read_response(body)
        asked = body["usage"].get("prompt_tokens", body["usage"]["total_tokens"])

        assert (body["model"], Usage(input_tokens=asked), []) == (response.model, response.usage, response.messages)
        assert response.attributes["gen_ai.embeddings.dimension.count"] in {512, 1024, 1536}
