"""What a wire is: how to read one format of requests and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrace.messages import Failure, ModelRequest, ModelResponse
from orchestrace.typing import JSONObject

__all__ = ["Wire", "unproven", "unstreamed"]


@dataclass(frozen=True, slots=True)
class Wire:
    """
    One wire format, as pure functions from what crossed the wire to our records.

    `operation` is the `gen_ai.operation.name` of its calls, `provider` the `gen_ai.provider.name` of a host that the
    table does not know. Bodies come decompressed. The functions read as far as they can and leave out what they do not
    understand; what they raise all the same is caught, counted and costs that one reading.
    """

    name: str
    operation: str
    provider: str
    is_call: Callable[[JSONObject], bool]
    """Tell by its shape whether a request body, sent to a host that nobody knows, is a model call."""
    read_request: Callable[[JSONObject], ModelRequest]
    """Read the body of a request; an empty one where there is none, or none that we may read."""
    read_response: Callable[[JSONObject], ModelResponse]
    """Read the whole body of an answer that was no stream, and no HTTP error."""
    read_stream: Callable[[bytes], ModelResponse]
    """Fold a streamed body, or as much of it as there was; `complete` says whether the format's last event is in it."""
    read_failure: Callable[[JSONObject], Failure | None]
    """Read the body of an HTTP error; None if it is none of this format's."""
    read_other: Callable[[bytes, str], ModelResponse] | None = None
    """Read an answer that is no JSON object, by its content type: sound, plain text. None if this format has none."""
    shares_paths: bool = False
    """Whether other formats have the same paths: then a host that is known does not prove a call either."""


def unproven(_body: JSONObject) -> bool:
    """Say that no shape of a body proves a call: only a host that is known does, or the SDK that sends it."""
    return False


def unstreamed(_body: bytes) -> ModelResponse:
    """Read nothing of a stream, where the format has none."""
    return ModelResponse(complete=False)
