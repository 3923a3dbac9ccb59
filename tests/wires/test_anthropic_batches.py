from __future__ import annotations

from orchestrace.wires.anthropic_batches import WIRE, read_request


class TestReadRequest:
    def test_what_is_asked_is_not_copied(self) -> None:
        """A batch may hold ten thousand messages: how many, and of which model, is all that is kept."""
        params = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "A secret."}]}
        request = read_request({"requests": [{"custom_id": str(n), "params": params} for n in range(10_000)]})

        assert ("m", 10_000) == (request.model, request.attributes["orchestrace.request.batch_size"])
        assert "secret" not in repr(request)


class TestWire:
    def test_is_no_inference(self) -> None:
        """A batch is made, and nothing is generated."""
        assert "create_batch" == WIRE.operation
