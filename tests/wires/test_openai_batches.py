from __future__ import annotations

from orchestrace.wires.openai_batches import WIRE, read_response


class TestReadResponse:
    def test_errors_of_a_batch_are_not_those_of_its_making(self) -> None:
        """A batch that lists what is wrong with its file was made all the same."""
        response = read_response({"id": "batch_1", "errors": {"data": [{"code": "invalid_json_line", "message": "x"}]}})

        assert ("batch_1", None) == (response.id, response.failure)


class TestWire:
    def test_is_no_inference(self) -> None:
        """A batch is made, and nothing is generated."""
        assert "create_batch" == WIRE.operation
