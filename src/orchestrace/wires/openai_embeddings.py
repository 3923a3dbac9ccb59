"""
Read OpenAI's embeddings (`POST …/embeddings`), as OpenAI and all compatible hosts speak them.

Of the vectors nothing is kept but how long they are. Fields are those of OpenAI's API reference and, where compatible
hosts go beyond it, of recorded traffic.
"""

from __future__ import annotations

from typing import Final

from orchestrace.conventions import EMBEDDINGS_DIMENSION_COUNT, REQUEST_ENCODING_FORMATS
from orchestrace.messages import ModelRequest, ModelResponse, Usage
from orchestrace.typing import AttributeValue, JSONObject
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.openai_input import read_inputs
from orchestrace.wires.reading import (
    Table,
    attributes_from,
    count_at,
    integer_at,
    object_at,
    objects_at,
    text_at,
    texts_at,
)
from orchestrace.wires.wire import Wire, unstreamed

__all__ = ["WIRE", "is_call", "read_request", "read_response"]

_REQUEST: Final[Table] = {
    "embedding_types": (REQUEST_ENCODING_FORMATS, texts_at),  # Cohere's
    "encoding_format": (REQUEST_ENCODING_FORMATS, texts_at),
    "output_dimension": (EMBEDDINGS_DIMENSION_COUNT, integer_at),  # Mistral's and Voyage's
    "dimensions": (EMBEDDINGS_DIMENSION_COUNT, integer_at),
}
_FLOAT: Final = 4
"""Bytes of one number of a vector that comes in base64."""


def is_call(body: JSONObject) -> bool:
    """Tell whether a body names a model and holds an input: a text or a list."""
    return bool(text_at(body, "model") and body.get("input")) and isinstance(body.get("input"), (str, list))


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request; each of its inputs is a message."""
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=read_inputs(body.get("input")),
        attributes=attributes_from(body, _REQUEST),
        parameters={key: value for key, value in body.items() if key != "input"},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer; an `error` in it is its failure."""
    usage = object_at(body, "usage")
    asked = count_at(usage, "prompt_tokens", "total_tokens")  # Voyage knows the total alone
    return ModelResponse(
        id=text_at(body, "id") or None,
        model=text_at(body, "model") or None,
        usage=None if asked is None else Usage(input_tokens=asked),
        failure=read_failure({"error": body.get("error")}),
        attributes=_dimension(objects_at(body, "data")),
    )


def _dimension(data: list[JSONObject]) -> dict[str, AttributeValue]:
    """Return how long a vector is, by the first; one in base64 is made of 32-bit numbers."""
    vector = data[0].get("embedding") if data else None
    if isinstance(vector, list) and vector:
        return {EMBEDDINGS_DIMENSION_COUNT: len(vector)}
    size = len(vector.rstrip("=")) * 3 // 4 if isinstance(vector, str) else 0
    return {EMBEDDINGS_DIMENSION_COUNT: size // _FLOAT} if size and size % _FLOAT == 0 else {}


WIRE: Final = Wire(
    name="openai_embeddings",
    operation="embeddings",
    provider="openai",
    is_call=is_call,
    read_request=read_request,
    read_response=read_response,
    read_stream=unstreamed,
    read_failure=read_failure,
)
