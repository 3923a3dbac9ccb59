"""
Read Anthropic's counting of tokens (`POST …/v1/messages/count_tokens`).

The request is that of a message. Nothing is generated, and the number is no usage: it stands in an attribute of ours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrace.conventions import RESPONSE_INPUT_TOKENS
from orchestrace.messages import ModelResponse
from orchestrace.typing import JSONObject
from orchestrace.wires import anthropic_messages
from orchestrace.wires.anthropic_error import read_failure
from orchestrace.wires.reading import count_at
from orchestrace.wires.wire import unproven, unstreamed

__all__ = ["WIRE", "read_response"]


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer: the number."""
    counted = count_at(body, "input_tokens")
    return ModelResponse(
        failure=read_failure(body),
        attributes={} if counted is None else {RESPONSE_INPUT_TOKENS: counted},
    )


WIRE: Final = replace(
    anthropic_messages.WIRE,
    name="anthropic_tokens",
    operation="count_tokens",
    is_call=unproven,
    read_response=read_response,
    read_stream=unstreamed,
)
