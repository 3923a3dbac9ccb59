"""
Read OpenAI's responses (`POST …/responses`), as OpenAI and all compatible hosts speak them.

The same answers are fetched (`GET …/responses/{id}`), and histories compacted (`POST …/responses/compact`). Fields are
those of OpenAI's API reference and, where compatible hosts go beyond it, of recorded traffic.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrace.conventions import REQUEST_STREAM
from orchestrace.messages import Failure, ModelRequest, ModelResponse, Part
from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.openai_responses_attributes import (
    conversation_of,
    fetch_attributes,
    request_attributes,
    response_attributes,
)
from orchestrace.wires.openai_responses_item import read_input, read_output
from orchestrace.wires.openai_responses_stream import fold_events
from orchestrace.wires.openai_usage import read_usage
from orchestrace.wires.reading import (
    finish_reasons,
    flag_at,
    message_from,
    object_at,
    objects_at,
    rest_of,
    text_at,
    with_further,
)
from orchestrace.wires.wire import Wire, unproven

__all__ = ["COMPACT", "FETCH", "WIRE", "is_call", "read_request", "read_response", "read_stream"]

_APART: Final = {"input", "instructions", "tools"}

_FINISH_REASONS: Final = {
    "complete": "stop",
    "completed": "stop",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "failed": "error",
    "cancelled": "error",
}
_COMPACTION: Final = "compaction"
_FAILED: Final = "failed"
_UNFINISHED: Final = {"queued", "in_progress"}


def is_call(body: JSONObject) -> bool:
    """Tell whether a body asks a model something, goes on with what was said before, or names a stored prompt."""
    asks = _is_input(body.get("input")) or text_at(body, "previous_response_id") or conversation_of(body)
    return bool(text_at(body, "model") and asks) or (text_at(object_at(body, "prompt"), "id") or "").startswith("pmpt_")


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request; the instructions that stand apart from the history are its `system`."""
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=read_input(body.get("input")),
        system=_instructions(body.get("instructions")),
        tools=[tool for given in objects_at(body, "tools") if (tool := _tool(given))],
        stream=flag_at(body, "stream"),
        attributes=request_attributes(body),
        parameters={key: value for key, value in body.items() if key not in _APART},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer, which is one choice; where it holds an `error`, or has failed, that is its failure."""
    output = objects_at(body, "output")
    parts = read_output(output)
    failure = _failure(body)
    raw = _reason(body)
    reasons = finish_reasons([raw], _FINISH_REASONS, failed=failure is not None)
    if reasons == ["stop"] and any(part["type"] == "tool_call" for part in parts):
        reasons = ["tool_call"]
    return ModelResponse(
        id=text_at(body, "id") or None,
        model=text_at(body, "model") or None,
        messages=[message_from("assistant", parts, {})] if output else [],
        finish_reasons=reasons,
        raw_finish_reasons=[raw] if raw else [],
        usage=read_usage(object_at(body, "usage")),
        failure=failure,
        attributes=response_attributes(body),
    )


def read_stream(body: bytes) -> ModelResponse:
    """Fold a stream and read it like a whole answer; `fold_events` says when it is complete."""
    whole, complete = fold_events(body)
    return replace(read_response(whole), complete=complete)


def _failure(body: JSONObject) -> Failure | None:
    """Read what went wrong with an answer that HTTP calls good."""
    failure = read_failure({"error": body.get("error")})
    return failure or (Failure("_OTHER") if text_at(body, "status") == _FAILED else None)


# -- a request --------------------------------------------------------------------------------------------------------
def _is_input(given: JSON) -> bool:
    """Tell whether something is an input: a text, or items that all have a type or a role."""
    if isinstance(given, str):
        return bool(given)
    items = given if isinstance(given, list) else []
    return bool(items) and all(
        isinstance(item, dict) and not item.keys().isdisjoint({"type", "role"}) for item in items
    )


def _instructions(given: JSON) -> list[Part]:
    """Return instructions, which are a text, or items where they come from a stored prompt."""
    return [part for message in read_input(given) for part in message["parts"]] if given else []


def _tool(given: JSONObject) -> JSONObject | None:
    """Return a definition: a function's, or the provider's own tool under the name of its type."""
    kind = text_at(given, "type") or "function"
    inner = object_at(given, kind)  # as chat completions have it, which lenient hosts take too
    name = text_at(given, "name") or text_at(inner, "name") or (None if kind == "function" else kind)
    return with_further({"type": kind, "name": name}, rest_of(inner, ()) | rest_of(given, {kind})) if name else None


# -- an answer --------------------------------------------------------------------------------------------------------
def _reason(body: JSONObject) -> str | None:
    """Return the provider's word for why an answer ended: its status, or what made it incomplete."""
    status = text_at(body, "status")
    return text_at(object_at(body, "incomplete_details"), "reason") or (None if status in _UNFINISHED else status)


# -- an answer that is fetched ----------------------------------------------------------------------------------------
def _read_query(query: JSONObject) -> ModelRequest:
    attributes = fetch_attributes(query)
    return ModelRequest(stream=REQUEST_STREAM in attributes, attributes=attributes, parameters=query)


def _read_fetched(body: JSONObject) -> ModelResponse:
    """
    Read an answer as it is fetched: how far it is, and no tokens, which the call counts that made it.

    To fetch an answer that failed is no failure.
    """
    response = replace(read_response(body), usage=None, attributes=response_attributes(body, fetched=True))
    return replace(response, failure=None) if text_at(body, "status") == _FAILED else response


def _read_fetched_stream(body: bytes) -> ModelResponse:
    whole, complete = fold_events(body)
    return replace(_read_fetched(whole), complete=complete)


# -- a history that is compacted --------------------------------------------------------------------------------------
def _read_compacted(body: JSONObject) -> ModelResponse:
    """Read a history that was made short: what the model made of it, and not what people said, which comes back."""
    made: list[JSON] = [item for item in objects_at(body, "output") if text_at(item, "role") in {"assistant", None}]
    response = read_response({**body, "output": made})
    is_made = any(text_at(item, "type") == _COMPACTION for item in objects_at(body, "output"))
    return replace(response, finish_reasons=[_COMPACTION]) if is_made else response


WIRE: Final = Wire(
    name="openai_responses",
    operation="chat",
    provider="openai",
    is_call=is_call,
    read_request=read_request,
    read_response=read_response,
    read_stream=read_stream,
    read_failure=read_failure,
)
FETCH: Final = Wire(
    name="openai_responses_fetch",
    operation="fetch_response",
    provider="openai",
    is_call=unproven,
    read_request=_read_query,
    read_response=_read_fetched,
    read_stream=_read_fetched_stream,
    read_failure=read_failure,
)
"""The same answer, asked for again by its name (`GET …/responses/{id}`): no inference."""

COMPACT: Final = Wire(
    name="openai_responses_compact",
    operation="compact",
    provider="openai",
    is_call=is_call,
    read_request=read_request,
    read_response=_read_compacted,
    read_stream=read_stream,
    read_failure=read_failure,
)
"""A history that a model makes short (`POST …/responses/compact`): it takes tokens, and says nothing."""
