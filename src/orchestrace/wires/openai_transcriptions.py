"""
Read OpenAI's transcriptions and translations of speech (`POST …/audio/transcriptions`, `…/audio/translations`).

The speech itself goes up in a form, as a file, which is not read. Fields are those of OpenAI's API reference.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrace.conventions import OUTPUT_TYPE, REQUEST_STREAM, REQUEST_TEMPERATURE
from orchestrace.messages import ModelRequest, ModelResponse, text
from orchestrace.typing import AttributeValue, JSONObject
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.openai_usage import read_usage
from orchestrace.wires.reading import flag_at, message_from, number_at, object_at, text_at
from orchestrace.wires.server_sent_events import json_events, split_events
from orchestrace.wires.wire import Wire, unproven

__all__ = ["WIRE", "read_other", "read_request", "read_response", "read_stream"]


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request; of a form, what stands in it beside the file."""
    prompt = text_at(body, "prompt")
    streams = flag_at(body, "stream")
    attributes: dict[str, AttributeValue] = {OUTPUT_TYPE: "text"}
    if (temperature := number_at(body, "temperature")) is not None:
        attributes[REQUEST_TEMPERATURE] = temperature
    if streams:
        attributes[REQUEST_STREAM] = True
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=[message_from("user", [text(prompt)], {})] if prompt else [],
        stream=streams,
        attributes=attributes,
        parameters={key: value for key, value in body.items() if key != "prompt"},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer: of all that may stand beside it, the text; an `error` in it is its failure."""
    words = text_at(body, "text")
    return ModelResponse(
        model=text_at(body, "model") or None,
        messages=[] if words is None else [message_from("assistant", [text(words)] if words else [], {})],
        usage=read_usage(object_at(body, "usage")),
        failure=read_failure({"error": body.get("error")}),
    )


def read_stream(body: bytes) -> ModelResponse:
    """Fold a stream; it is complete if `transcript.text.done` came, which holds the whole text once more."""
    pieces: list[str] = []
    whole: JSONObject = {}
    complete = False
    for name, event in json_events(split_events(body).events):
        kind = text_at(event, "type") or name
        if kind == "transcript.text.delta":
            pieces.append(text_at(event, "delta") or "")
        elif kind == "transcript.text.done":
            whole |= event
            complete = True
        elif kind == "error" or event.get("error"):
            whole["error"] = event.get("error") or event
    if pieces and text_at(whole, "text") is None:
        whole["text"] = "".join(pieces)
    return replace(read_response(whole), complete=complete)


def read_other(body: bytes, _content_type: str) -> ModelResponse:
    """Read a plain text, or subtitles, as far as it came: nothing in it says where it ends."""
    words = body.decode(errors="replace")
    return ModelResponse(messages=[message_from("assistant", [text(words)], {})] if words else [], complete=False)


WIRE: Final = Wire(
    name="openai_transcriptions",
    operation="generate_content",
    provider="openai",
    is_call=unproven,
    read_request=read_request,
    read_response=read_response,
    read_stream=read_stream,
    read_failure=read_failure,
    read_other=read_other,
)
