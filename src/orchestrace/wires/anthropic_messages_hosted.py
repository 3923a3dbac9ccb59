"""
Read Anthropic's messages where Amazon and Google host them.

The bodies are Anthropic's own, but for the model, which stands in the path; at Amazon the path says too whether the
answer streams. Models of other makers have the same paths.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrace.conventions import REQUEST_STREAM
from orchestrace.messages import ModelRequest
from orchestrace.typing import JSONObject
from orchestrace.wires import anthropic_messages
from orchestrace.wires.anthropic_error import read_hosted_failure
from orchestrace.wires.reading import integer_at, objects_at, text_at

__all__ = ["STREAM", "WIRE", "is_call", "read_streamed_request"]


def is_call(body: JSONObject) -> bool:
    """Tell whether a body says that it is Anthropic's, with a limit, and holds messages that have a role."""
    messages = objects_at(body, "messages")
    named = text_at(body, "anthropic_version") and integer_at(body, "max_tokens") is not None
    return bool(named and messages) and all(text_at(message, "role") for message in messages)


def read_streamed_request(body: JSONObject) -> ModelRequest:
    """Read a request whose path says that the answer shall stream."""
    request = anthropic_messages.read_request(body)
    return replace(request, stream=True, attributes={**request.attributes, REQUEST_STREAM: True})


WIRE: Final = replace(
    anthropic_messages.WIRE,
    name="anthropic_messages_hosted",
    is_call=is_call,
    read_failure=read_hosted_failure,
    shares_paths=True,
)
STREAM: Final = replace(WIRE, name="anthropic_messages_hosted_stream", read_request=read_streamed_request)
"""The same where the path asks for a stream."""
