"""
Read Anthropic's messages (`POST …/v1/messages`).

Fields are those of Anthropic's API reference and of recorded traffic.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrace.conventions import (
    OUTPUT_TYPE,
    REQUEST_REASONING_LEVEL,
    REQUEST_STOP_SEQUENCES,
    REQUEST_STREAM,
)
from orchestrace.messages import Message, ModelRequest, ModelResponse, Usage
from orchestrace.typing import AttributeValue, JSONObject
from orchestrace.wires.anthropic_error import read_failure
from orchestrace.wires.anthropic_messages_content import read_content
from orchestrace.wires.anthropic_messages_stream import fold_events
from orchestrace.wires.reading import (
    Table,
    attributes_from,
    count_at,
    finish_reasons,
    flag_at,
    integer_at,
    message_from,
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

_REQUEST: Final[Table] = {
    **SAMPLING,
    "stop_sequences": (REQUEST_STOP_SEQUENCES, texts_at),
}
_FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "refusal": "content_filter",
    "compaction": "compaction",  # the conventions have this word too
}
_ENVELOPE: Final = {"content", "error", "id", "model", "role", "stop_reason", "type", "usage"}
"""What an answer says of itself; the rest of it goes with its one message."""
_COUNTED: Final = {
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "input_tokens",
    "output_tokens",
    "output_tokens_details",
}


def is_call(body: JSONObject) -> bool:
    """Tell whether a body names a model and a limit, which Anthropic demands, and holds messages that have a role."""
    messages = objects_at(body, "messages")
    named = text_at(body, "model") and integer_at(body, "max_tokens") is not None
    return bool(named and messages) and all(text_at(message, "role") for message in messages)


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request; the instructions that stand apart from the history are its `system`."""
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=[_message(message, "unknown", {"content", "role"}) for message in objects_at(body, "messages")],
        system=read_content(body.get("system")),
        tools=[tool for given in objects_at(body, "tools") if (tool := _tool(given))],
        stream=flag_at(body, "stream"),
        attributes=_request_attributes(body),
        parameters={key: value for key, value in body.items() if key not in {"messages", "system", "tools"}},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer; where it holds an `error`, that is its failure."""
    raw = text_at(body, "stop_reason")
    failure = read_failure(body)
    return ModelResponse(
        id=text_at(body, "id") or None,
        model=text_at(body, "model") or None,
        messages=[_message(body, "assistant", _ENVELOPE)] if "content" in body else [],
        finish_reasons=finish_reasons([raw], _FINISH_REASONS, failed=failure is not None),
        raw_finish_reasons=[raw] if raw else [],
        usage=_usage(object_at(body, "usage")),
        failure=failure,
    )


def read_stream(body: bytes) -> ModelResponse:
    """Fold a stream and read it like a whole answer; it is complete if `message_stop` came."""
    whole, complete = fold_events(body)
    return replace(read_response(whole), complete=complete)


def _message(said: JSONObject, role: str, read: set[str]) -> Message:
    return message_from(text_at(said, "role") or role, read_content(said.get("content")), rest_of(said, read))


def _request_attributes(body: JSONObject) -> dict[str, AttributeValue]:
    attributes = attributes_from(body, _REQUEST)
    if flag_at(body, "stream"):
        attributes[REQUEST_STREAM] = True
    asked = object_at(body, "output_config")
    if effort := text_at(asked, "effort"):
        attributes[REQUEST_REASONING_LEVEL] = effort
    if "json_schema" in (
        text_at(object_at(asked, "format"), "type"),
        text_at(object_at(body, "output_format"), "type"),
    ):
        attributes[OUTPUT_TYPE] = "json"
    return attributes


def _tool(given: JSONObject) -> JSONObject | None:
    """Return a definition: a tool of the program's is a function, one of Anthropic's keeps its type."""
    kind = text_at(given, "type") or "custom"
    name = text_at(given, "name") or (None if kind == "custom" else kind)
    if not name:
        return None
    described = rest_of({"description": given.get("description"), "parameters": given.get("input_schema")}, ())
    further = rest_of(given, {"description", "input_schema"})
    return with_further({"type": "function" if kind == "custom" else kind, "name": name}, described | further)


def _usage(said: JSONObject) -> Usage | None:
    """Read the tokens; Anthropic's own input leaves out what came from the cache or went into it."""
    asked = count_at(said, "input_tokens")
    cache_read, cache_write = count_at(said, "cache_read_input_tokens"), _cache_write(said)
    usage = Usage(
        input_tokens=None if asked is None else asked + (cache_read or 0) + (cache_write or 0),
        output_tokens=count_at(said, "output_tokens"),
        cache_read=cache_read,
        cache_write=cache_write,
        reasoning=count_at(object_at(said, "output_tokens_details"), "thinking_tokens"),
        further=rest_of(said, _COUNTED),
    )
    return None if usage == Usage() else usage


def _cache_write(said: JSONObject) -> int | None:
    """Read what went into the cache: all of it, or the sum over how long it is kept."""
    by_age = object_at(said, "cache_creation")
    counts = [count for key in by_age if (count := count_at(by_age, key)) is not None]
    written = count_at(said, "cache_creation_input_tokens")
    return sum(counts) if written is None and counts else written


WIRE: Final = Wire(
    name="anthropic_messages",
    operation="chat",
    provider="anthropic",
    is_call=is_call,
    read_request=read_request,
    read_response=read_response,
    read_stream=read_stream,
    read_failure=read_failure,
)
