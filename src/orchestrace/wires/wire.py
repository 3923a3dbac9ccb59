"""What a wire is: how to read one format of requests and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrace.messages import Failure, ModelRequest, ModelResponse
from orchestrace.typing import JSONObject

__all__ = ["Wire"]


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
    read_response: Callable[[JSONObject], ModelResponse]
    """Read the whole body of an answer that was no stream, and no HTTP error."""
    read_stream: Callable[[bytes], ModelResponse]
    """Fold a streamed body, or as much of it as there was; `complete` says whether the format's last event is in it."""
    read_failure: Callable[[JSONObject], Failure | None]
    """Read the body of an HTTP error; None if it is none of this format's."""
