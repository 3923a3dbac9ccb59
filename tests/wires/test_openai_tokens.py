from __future__ import annotations

from orchestrace.wires.openai_tokens import WIRE, read_response


class TestReadResponse:
    def test_the_number_is_no_usage(self) -> None:
        """What would be used is not used."""
        response = read_response({"object": "response.input_tokens", "input_tokens": 11})

        assert ({"orchestrace.response.input_tokens": 11}, None) == (response.attributes, response.usage)


class TestWire:
    def test_is_no_inference(self) -> None:
        """Tokens are counted, and none generated."""
        assert "count_tokens" == WIRE.operation
