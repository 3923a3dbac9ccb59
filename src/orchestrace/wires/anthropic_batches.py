"""
Read the making of a batch at Anthropic (`POST …/v1/messages/batches`): messages that are asked for some time later.

Nothing is generated, so no token is counted. What is asked is not copied: it may be ten thousand messages.
"""

from __future__ import annotations

from typing import Final

from orchestrace.conventions import REQUEST_BATCH_SIZE
from orchestrace.messages import ModelRequest, ModelResponse
from orchestrace.typing import JSONObject
from orchestrace.wires.anthropic_error import read_failure
from orchestrace.wires.reading import object_at, objects_at, text_at
from orchestrace.wires.wire import Wire, unproven, unstreamed

__all__ = ["WIRE", "read_request", "read_response"]


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request: how much is asked, and the model where it is one."""
    asked = [object_at(one, "params") for one in objects_at(body, "requests")]
    models = {text_at(params, "model") for params in asked}
    return ModelRequest(
        model=(models.pop() or None) if len(models) == 1 else None,
        attributes={REQUEST_BATCH_SIZE: len(asked)} if asked else {},
        parameters={key: value for key, value in body.items() if key != "requests"},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer: which batch it is."""
    return ModelResponse(id=text_at(body, "id") or None, failure=read_failure(body))


WIRE: Final = Wire(
    name="anthropic_batches",
    operation="create_batch",
    provider="anthropic",
    is_call=unproven,
    read_request=read_request,
    read_response=read_response,
    read_stream=unstreamed,
    read_failure=read_failure,
)
