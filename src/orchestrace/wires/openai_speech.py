"""
Read OpenAI's speech (`POST …/audio/speech`), as OpenAI and compatible hosts speak it.

Of the sound its size and SHA-256 are kept. Fields are those of OpenAI's API reference.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final

from orchestrace.conventions import OUTPUT_TYPE, REQUEST_STREAM
from orchestrace.messages import ModelRequest, ModelResponse, text
from orchestrace.typing import AttributeValue, JSONObject
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.openai_usage import read_usage
from orchestrace.wires.reading import message_from, object_at, text_at, unkept
from orchestrace.wires.server_sent_events import json_events, split_events
from orchestrace.wires.wire import Wire, unproven

__all__ = ["WIRE", "read_other", "read_request", "read_response", "read_stream"]


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request: what is to be said is a message, how it is to be said are instructions."""
    words, manner = text_at(body, "input"), text_at(body, "instructions")
    streams = text_at(body, "stream_format") == "sse"
    attributes: dict[str, AttributeValue] = {OUTPUT_TYPE: "speech"}
    if streams:
        attributes[REQUEST_STREAM] = True
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=[message_from("user", [text(words)], {})] if words else [],
        system=[text(manner)] if manner else [],
        stream=streams,
        attributes=attributes,
        parameters={key: value for key, value in body.items() if key not in {"input", "instructions"}},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read an answer in JSON, which holds no sound; an `error` in it is its failure."""
    return ModelResponse(failure=read_failure({"error": body.get("error")}))


def read_stream(body: bytes) -> ModelResponse:
    """Fold a stream; it is complete if `speech.audio.done` came."""
    sound: list[bytes] = []
    last: JSONObject = {}
    error: JSONObject = {}
    for name, event in json_events(split_events(body).events):
        kind = text_at(event, "type") or name
        if kind == "speech.audio.delta":
            sound.append(_bytes(text_at(event, "audio") or ""))
        elif kind == "speech.audio.done":
            last = event
        elif kind == "error" or event.get("error"):
            error = object_at(event, "error") or event
    return ModelResponse(
        messages=read_other(b"".join(sound), "").messages,
        usage=read_usage(object_at(last, "usage")),
        failure=read_failure({"error": error or None}),
        complete=bool(last),
    )


def read_other(body: bytes, content_type: str) -> ModelResponse:
    """Read the sound itself, as far as it came: nothing in it says where it ends."""
    kind = content_type.partition(";")[0].strip() or None
    heard = [message_from("assistant", [unkept("audio", body, kind)], {})] if body else []
    return ModelResponse(messages=heard, complete=False)


def _bytes(data: str) -> bytes:
    try:
        return b64decode(data)
    except ValueError:
        return b""


WIRE: Final = Wire(
    name="openai_speech",
    operation="generate_content",
    provider="openai",
    is_call=unproven,
    read_request=read_request,
    read_response=read_response,
    read_stream=read_stream,
    read_failure=read_failure,
    read_other=read_other,
)
