"""
Read OpenAI's text completions (`POST …/completions`), as OpenAI and compatible hosts speak them.

Fields are those of OpenAI's API reference and, where compatible hosts go beyond it, of recorded traffic; Mistral's
completions in the middle of a text (`…/fim/completions`) answer in a chat's words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrace.conventions import (
    OPENAI_SYSTEM_FINGERPRINT,
    REQUEST_CHOICE_COUNT,
    REQUEST_STREAM,
)
from orchestrace.messages import Message, ModelRequest, ModelResponse, text
from orchestrace.typing import JSON, AttributeValue, JSONObject
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.openai_finish_reasons import FINISH_REASONS
from orchestrace.wires.openai_input import read_inputs
from orchestrace.wires.openai_usage import read_usage
from orchestrace.wires.reading import (
    Table,
    attributes_from,
    finish_reasons,
    flag_at,
    integer_at,
    message_from,
    object_at,
    objects_at,
    text_at,
)
from orchestrace.wires.sampling import SAMPLING
from orchestrace.wires.server_sent_events import json_events, split_events
from orchestrace.wires.wire import Wire

__all__ = ["WIRE", "is_call", "read_request", "read_response", "read_stream"]

_REQUEST: Final[Table] = {
    **SAMPLING,
    "n": (REQUEST_CHOICE_COUNT, integer_at),
}
_RESPONSE: Final[Table] = {"system_fingerprint": (OPENAI_SYSTEM_FINGERPRINT, text_at)}
_DONE: Final = "[DONE]"


def is_call(body: JSONObject) -> bool:
    """Tell whether a body names a model and holds a prompt: a text or a list."""
    return bool(text_at(body, "model") and body.get("prompt")) and isinstance(body.get("prompt"), (str, list))


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request; each of its prompts is a message."""
    attributes: dict[str, AttributeValue] = attributes_from(body, _REQUEST)
    if attributes.get(REQUEST_CHOICE_COUNT) == 1:  # the conventions leave out what is so ordinary
        del attributes[REQUEST_CHOICE_COUNT]
    if flag_at(body, "stream"):
        attributes[REQUEST_STREAM] = True
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=read_inputs(body.get("prompt")),
        stream=flag_at(body, "stream"),
        attributes=attributes,
        parameters={key: value for key, value in body.items() if key != "prompt"},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer; an `error` in it, or in one of its choices, is its failure."""
    choices = sorted(objects_at(body, "choices"), key=lambda choice: integer_at(choice, "index") or 0)
    failures = (read_failure({"error": said.get("error")}) for said in (body, *choices))
    failure = next(filter(None, failures), None)
    raw = [text_at(choice, "finish_reason") for choice in choices]
    return ModelResponse(
        id=text_at(body, "id") or None,
        model=text_at(body, "model") or None,
        messages=[_message(choice) for choice in choices],
        finish_reasons=finish_reasons(raw, FINISH_REASONS, failed=failure is not None),
        raw_finish_reasons=[word for word in raw if word],
        usage=read_usage(object_at(body, "usage")),
        failure=failure,
        attributes=attributes_from(body, _RESPONSE),
    )


def read_stream(body: bytes) -> ModelResponse:
    """
    Fold a stream and read it like a whole answer.

    It is complete if `[DONE]` came, or if every choice that was seen has a finish reason and the bytes do not end
    inside an event.
    """
    stream = split_events(body)
    head: JSONObject = {}
    usage: JSON = None
    error: JSON = None
    choices: dict[int, _Choice] = {}
    for name, chunk in json_events(stream.events):
        head = head if head.get("id") else chunk
        usage = chunk.get("usage") or usage
        error = error or chunk.get("error") or (chunk if name == "error" else None)
        for place, piece in enumerate(objects_at(chunk, "choices")):
            index = integer_at(piece, "index")
            choices.setdefault(place if index is None else index, _Choice()).add(piece)
    folded = [choices[index].whole() for index in sorted(choices)]
    done = any(event and event[1] == _DONE for event in (stream.rest, *reversed(stream.events)))
    finished = bool(folded) and stream.rest is None and all(choice["finish_reason"] for choice in folded)
    whole: JSONObject = head | {"choices": [*folded], "usage": usage, "error": error}
    return replace(read_response(whole), complete=done or finished)


class _Choice:
    """One choice of a stream, as far as it came."""

    __slots__ = ("_error", "_finish_reason", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._finish_reason: str | None = None
        self._error: JSON = None

    def add(self, piece: JSONObject) -> None:
        """Add what one chunk says of this choice; texts are joined once, in the end."""
        self._pieces.append(_words(piece, "delta"))
        self._finish_reason = text_at(piece, "finish_reason") or self._finish_reason
        self._error = self._error or piece.get("error")

    def whole(self) -> JSONObject:
        """Return the choice as it is without a stream."""
        return {"text": "".join(self._pieces), "finish_reason": self._finish_reason, "error": self._error}


def _message(choice: JSONObject) -> Message:
    words = _words(choice, "message")
    return message_from("assistant", [text(words)] if words else [], {})


def _words(choice: JSONObject, otherwise: str) -> str:
    return text_at(choice, "text") or text_at(object_at(choice, otherwise), "content") or ""


WIRE: Final = Wire(
    name="openai_completions",
    operation="text_completion",
    provider="openai",
    is_call=is_call,
    read_request=read_request,
    read_response=read_response,
    read_stream=read_stream,
    read_failure=read_failure,
)
