"""
Read Anthropic's text completions (`POST …/v1/complete`), which came before its messages.

Fields are those of Anthropic's API reference and of recorded traffic.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrace.conventions import (
    REQUEST_MAX_TOKENS,
    REQUEST_STOP_SEQUENCES,
    REQUEST_STREAM,
)
from orchestrace.messages import ModelRequest, ModelResponse, text
from orchestrace.typing import AttributeValue, JSONObject
from orchestrace.wires.anthropic_error import read_failure
from orchestrace.wires.reading import (
    Table,
    attributes_from,
    finish_reasons,
    flag_at,
    integer_at,
    message_from,
    rest_of,
    text_at,
    texts_at,
)
from orchestrace.wires.sampling import SAMPLING
from orchestrace.wires.server_sent_events import json_events, split_events
from orchestrace.wires.wire import Wire

__all__ = ["WIRE", "is_call", "read_request", "read_response", "read_stream"]

_REQUEST: Final[Table] = {
    **SAMPLING,
    "max_tokens_to_sample": (REQUEST_MAX_TOKENS, integer_at),
    "stop_sequences": (REQUEST_STOP_SEQUENCES, texts_at),
}
_FINISH_REASONS: Final = {"stop_sequence": "stop", "max_tokens": "length"}
_ENVELOPE: Final = {"completion", "error", "id", "log_id", "model", "stop_reason", "type"}


def is_call(body: JSONObject) -> bool:
    """Tell whether a body names a model and holds a prompt, with a limit of a name that nobody else has."""
    return bool(text_at(body, "model") and text_at(body, "prompt")) and "max_tokens_to_sample" in body


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request; its prompt, which holds the whole conversation, is one message of the user's."""
    prompt = text_at(body, "prompt")
    attributes: dict[str, AttributeValue] = attributes_from(body, _REQUEST)
    if flag_at(body, "stream"):
        attributes[REQUEST_STREAM] = True
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=[message_from("user", [text(prompt)], {})] if prompt else [],
        stream=flag_at(body, "stream"),
        attributes=attributes,
        parameters={key: value for key, value in body.items() if key != "prompt"},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer; where it holds an `error`, that is its failure."""
    raw, words = text_at(body, "stop_reason"), text_at(body, "completion")
    failure = read_failure(body)
    parts = [text(words)] if words else []
    return ModelResponse(
        id=text_at(body, "id") or None,
        model=text_at(body, "model") or None,
        messages=[] if words is None else [message_from("assistant", parts, rest_of(body, _ENVELOPE))],
        finish_reasons=finish_reasons([raw], _FINISH_REASONS, failed=failure is not None),
        raw_finish_reasons=[raw] if raw else [],
        failure=failure,
    )


def read_stream(body: bytes) -> ModelResponse:
    """Fold a stream and read it like a whole answer; no event of its own ends it, but a reason to stop."""
    whole: JSONObject = {}
    pieces: list[str] = []
    for _, event in json_events(split_events(body).events):
        if isinstance(piece := event.get("completion"), str):
            pieces.append(piece)
        whole |= rest_of(event, ())
    if pieces:
        whole["completion"] = "".join(pieces)
    return replace(read_response(whole), complete=text_at(whole, "stop_reason") is not None)


WIRE: Final = Wire(
    name="anthropic_completions",
    operation="text_completion",
    provider="anthropic",
    is_call=is_call,
    read_request=read_request,
    read_response=read_response,
    read_stream=read_stream,
    read_failure=read_failure,
)
