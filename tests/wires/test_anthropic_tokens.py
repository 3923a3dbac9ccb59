from __future__ import annotations

from typing import Any

from orchestrace.wires.anthropic_tokens import WIRE, read_response


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is of a count of tokens."""
    return str(recording["operation"]) == "messages.count_tokens"


class TestRecordings:
    def test_count(self, recording: dict[str, Any]) -> None:
        """The request is read as that of a message; the number is no usage."""
        asked, answered = recording["request"]["body"], recording["response"]["body"]
        request, response = WIRE.read_request(asked), read_response(answered)

        assert (asked["model"], len(asked["messages"])) == (request.model, len(request.messages))
        assert {"orchestrace.response.input_tokens": answered["input_tokens"]} == response.attributes
        assert response.usage is None
