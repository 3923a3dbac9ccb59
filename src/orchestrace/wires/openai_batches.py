"""
Read the making of a batch at OpenAI (`POST …/batches`): calls that a file holds, and that are made some time later.

Nothing is generated, so no model is named and no token counted.
"""

from __future__ import annotations

from typing import Final

from orchestrace.messages import ModelRequest, ModelResponse
from orchestrace.typing import JSONObject
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.reading import text_at
from orchestrace.wires.wire import Wire, unproven, unstreamed

__all__ = ["WIRE", "read_request", "read_response"]


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request: which file, and what it is to be sent to."""
    return ModelRequest(model=text_at(body, "model") or None, parameters=body)


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer; a batch has `errors` of its own, which are not this request's."""
    return ModelResponse(id=text_at(body, "id") or None, failure=read_failure({"error": body.get("error")}))


WIRE: Final = Wire(
    name="openai_batches",
    operation="create_batch",
    provider="openai",
    is_call=unproven,
    read_request=read_request,
    read_response=read_response,
    read_stream=unstreamed,
    read_failure=read_failure,
)
