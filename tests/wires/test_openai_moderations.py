from __future__ import annotations

from typing import Any

from orchestrace.wires.openai_moderations import WIRE, read_request, read_response


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is of a moderation."""
    return str(recording["operation"]) == "moderations"


class TestRecordings:
    def test_verdict(self, recording: dict[str, Any]) -> None:
        """The model, what was judged, and that nothing was found."""
        request = read_request(recording["request"]["body"])
        response = read_response(recording["response"]["body"])

        assert recording["request"]["body"]["model"] == request.model == response.model
        assert "image" == request.messages[0]["parts"][0]["modality"]
        assert {"orchestrace.response.flagged": False} == response.attributes


class TestWire:
    def test_a_body_proves_nothing(self) -> None:
        """An input alone is what anybody may have."""
        assert not WIRE.is_call({"model": "omni-moderation-latest", "input": "Hi"})
