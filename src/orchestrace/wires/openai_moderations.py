"""
Read OpenAI's moderations (`POST …/moderations`), as OpenAI and compatible hosts speak them.

They judge a content, and generate none: what they found stands in attributes of ours.
"""

from __future__ import annotations

from typing import Final

from orchestrace.conventions import RESPONSE_FLAGGED, RESPONSE_FLAGGED_CATEGORIES
from orchestrace.messages import ModelRequest, ModelResponse
from orchestrace.typing import AttributeValue, JSONObject
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.openai_input import read_inputs
from orchestrace.wires.reading import flag_at, object_at, objects_at, text_at
from orchestrace.wires.wire import Wire, unproven, unstreamed

__all__ = ["WIRE", "read_request", "read_response"]


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request; each of its inputs is a message."""
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=read_inputs(body.get("input")),
        parameters={key: value for key, value in body.items() if key != "input"},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer; an `error` in it is its failure."""
    return ModelResponse(
        id=text_at(body, "id") or None,
        model=text_at(body, "model") or None,
        failure=read_failure({"error": body.get("error")}),
        attributes=_verdict(objects_at(body, "results")),
    )


def _verdict(results: list[JSONObject]) -> dict[str, AttributeValue]:
    """Return whether any input was flagged, and for what; Mistral says only for what."""
    if not results:
        return {}
    found = sorted({name for said in results for name, is_so in object_at(said, "categories").items() if is_so is True})
    flagged: dict[str, AttributeValue] = {
        RESPONSE_FLAGGED: bool(found) or any(flag_at(said, "flagged") for said in results)
    }
    return flagged | ({RESPONSE_FLAGGED_CATEGORIES: found} if found else {})


WIRE: Final = Wire(
    name="openai_moderations",
    operation="moderation",
    provider="openai",
    is_call=unproven,
    read_request=read_request,
    read_response=read_response,
    read_stream=unstreamed,
    read_failure=read_failure,
)
