"""
Read OpenAI's chat completions (`POST …/chat/completions`), as OpenAI and all compatible hosts speak them.

Fields are those of OpenAI's API reference and, where compatible hosts go beyond it, of recorded traffic.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrace.conventions import (
    OPENAI_API_TYPE,
    OPENAI_REQUEST_SERVICE_TIER,
    OPENAI_RESPONSE_SERVICE_TIER,
    OPENAI_SYSTEM_FINGERPRINT,
    OUTPUT_TYPE,
    REQUEST_CHOICE_COUNT,
    REQUEST_MAX_TOKENS,
    REQUEST_REASONING_LEVEL,
    REQUEST_STREAM,
)
from orchestrace.messages import Failure, ModelRequest, ModelResponse
from orchestrace.typing import JSONObject
from orchestrace.wires.openai_chat_message import read_message
from orchestrace.wires.openai_chat_stream import fold_chunks
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.openai_finish_reasons import FINISH_REASONS
from orchestrace.wires.openai_usage import read_usage
from orchestrace.wires.reading import (
    Table,
    attributes_from,
    finish_reasons,
    flag_at,
    integer_at,
    object_at,
    objects_at,
    rest_of,
    text_at,
    texts_at,
    with_further,
)
from orchestrace.wires.sampling import SAMPLING
from orchestrace.wires.wire import Wire

__all__ = ["WIRE", "is_call", "read_request", "read_response", "read_stream"]

_OUTPUT_TYPES: Final = {"json_object": "json", "json_schema": "json", "text": "text"}
_REQUEST: Final[Table] = {
    **SAMPLING,
    "max_completion_tokens": (REQUEST_MAX_TOKENS, integer_at),
    "n": (REQUEST_CHOICE_COUNT, lambda body, key: None if body[key] == 1 else integer_at(body, key)),
    "reasoning_effort": (REQUEST_REASONING_LEVEL, text_at),
    "reasoning": (REQUEST_REASONING_LEVEL, lambda body, key: text_at(object_at(body, key), "effort") or None),
    "service_tier": (
        OPENAI_REQUEST_SERVICE_TIER,
        lambda body, key: text_at(body, key) if body[key] != "auto" else None,
    ),
    "stream": (REQUEST_STREAM, lambda body, key: flag_at(body, key) or None),
    "response_format": (OUTPUT_TYPE, lambda body, key: _OUTPUT_TYPES.get(text_at(object_at(body, key), "type") or "")),
    "modalities": (OUTPUT_TYPE, lambda body, key: "speech" if "audio" in (texts_at(body, key) or []) else None),
}
"""A single choice and the automatic tier are so ordinary that the conventions leave them out."""

_RESPONSE: Final[Table] = {
    "service_tier": (OPENAI_RESPONSE_SERVICE_TIER, text_at),
    "system_fingerprint": (OPENAI_SYSTEM_FINGERPRINT, text_at),
}
_APART: Final = {"messages", "tools", "functions"}
"""What of a request is no parameter."""


def is_call(body: JSONObject) -> bool:
    """Tell whether a body names a model and holds messages that all have a role."""
    messages = objects_at(body, "messages")
    return bool(text_at(body, "model") and messages) and all(text_at(message, "role") for message in messages)


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request; what a system or developer role says stays in the history, where it was sent."""
    attributes = attributes_from(body, _REQUEST)
    attributes[OPENAI_API_TYPE] = "chat_completions"
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=[read_message(message, "unknown") for message in objects_at(body, "messages")],
        tools=_tools(body) if "tools" in body or "functions" in body else [],
        stream=REQUEST_STREAM in attributes,
        attributes=attributes,
        parameters={key: value for key, value in body.items() if key not in _APART},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer; an `error` in it, or in one of its choices, is its failure."""
    choices = objects_at(body, "choices")
    if len(choices) > 1:
        choices.sort(key=lambda choice: integer_at(choice, "index") or 0)
    raw = [text_at(choice, "finish_reason") for choice in choices]
    failure = _failure([body, *choices])
    return ModelResponse(
        id=text_at(body, "id") or None,
        model=text_at(body, "model") or None,
        messages=[read_message(object_at(choice, "message"), "assistant") for choice in choices],
        finish_reasons=finish_reasons(raw, FINISH_REASONS, failed=failure is not None),
        raw_finish_reasons=[word for word in raw if word],
        usage=read_usage(object_at(body, "usage")),
        failure=failure,
        attributes=attributes_from(body, _RESPONSE),
    )


def read_stream(body: bytes) -> ModelResponse:
    """Fold a stream and read it like a whole answer; `fold_chunks` says when it is complete."""
    whole, complete = fold_chunks(body)
    return replace(read_response(whole), complete=complete)


def _failure(said: list[JSONObject]) -> Failure | None:
    for one in said:
        if (error := one.get("error")) is not None and (failure := read_failure({"error": error})) is not None:
            return failure
    return None


def _tools(body: JSONObject) -> list[JSONObject]:
    """Return the tools that are offered, those of the legacy `functions` among them."""
    legacy: list[JSONObject] = [
        {"type": "function", "function": function} for function in objects_at(body, "functions")
    ]
    return [tool for given in [*objects_at(body, "tools"), *legacy] if (tool := _tool(given))]


def _tool(given: JSONObject) -> JSONObject | None:
    """Return a definition with the fields of its inner object beside its type; a function without a name is none."""
    kind = text_at(given, "type") or "function"
    inner = object_at(given, kind)
    name = text_at(inner, "name") or text_at(given, "name") or (None if kind == "function" else kind)
    further = rest_of(inner, ()) | rest_of(given, {kind})
    return with_further({"type": kind, "name": name}, further) if name else None


WIRE: Final = Wire(
    name="openai_chat",
    operation="chat",
    provider="openai",
    is_call=is_call,
    read_request=read_request,
    read_response=read_response,
    read_stream=read_stream,
    read_failure=read_failure,
)
