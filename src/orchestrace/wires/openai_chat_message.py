"""Read one message of OpenAI's chat completions, asked or answered, into parts."""

from __future__ import annotations

from typing import Final

from orchestrace.messages import Message, Part, blob, file, generic, reasoning, text, tool_call, tool_call_response
from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import (
    arguments_from,
    data_or_uri,
    message_from,
    object_at,
    objects_at,
    rest_of,
    text_at,
    unread,
    with_further,
)

__all__ = ["read_message"]

_READ: Final = {
    "audio",
    "content",
    "function_call",
    "reasoning",
    "reasoning_content",
    "refusal",
    "role",
    "tool_call_id",
    "tool_calls",
}
_ALWAYS: Final = ("role", "content")
_ADDRESSED: Final = {
    "audio_url": "audio",
    "document_url": "document",
    "file_url": "document",
    "image_url": "image",
    "video_url": "video",
}
_AUDIO_TYPES: Final = {"mp3": "audio/mpeg"}
_ANSWERING: Final = {"tool", "function"}
"""The roles of a tool's answer."""


def read_message(said: JSONObject, role: str) -> Message:
    """
    Read a message; `role` is what a message is that names none.

    A tool's answer is one part, whatever it is made of. What compatible hosts add to a message (annotations,
    reasoning details, cache marks) stands in further keys beside the parts.
    """
    words = said.get("content")
    role = text_at(said, "role") or role
    if words and type(words) is str and role not in _ANSWERING and _says_no_more(said):
        return {"role": role, "parts": [{"type": "text", "content": words}]}
    parts = [_tool_answer(said)] if role in _ANSWERING else _parts(said)
    further = {key: value for key, value in rest_of(said, _READ).items() if value != []}
    return message_from(role, parts, further)


def _says_no_more(said: JSONObject) -> bool:
    """Tell whether a message has a role and a content alone, as nearly all of a long conversation have."""
    if len(said) == 2 and "role" in said:  # noqa: PLR2004 - role and content
        return True
    for key, value in said.items():  # noqa: SIM110 - a generator takes as long again
        if value is not None and value != [] and key not in _ALWAYS:
            return False
    return True


def _parts(said: JSONObject) -> list[Part]:
    """Return what a person or a model says, in the order in which a model comes to say it."""
    words = text_at(said, "reasoning_content") or text_at(said, "reasoning")
    refusal = text_at(said, "refusal")
    called = object_at(said, "function_call")
    audio = object_at(said, "audio")
    return [
        *([reasoning(words)] if words else []),
        *_content(said.get("content")),
        *([_refusal(refusal)] if refusal else []),
        *([_audio(audio)] if audio else []),
        *(_tool_call(call) for call in objects_at(said, "tool_calls")),
        *([_tool_call({"function": called})] if called else []),
    ]


def _content(content: JSON) -> list[Part]:
    """Return the parts of a content; an empty text is none."""
    if isinstance(content, list):
        return [_block(block) for block in content]
    return [] if content is None or content == "" else [text(content) if isinstance(content, str) else unread(content)]


def _block(block: JSON) -> Part:
    """Return the part that a block of a content is; what else the block says goes with it."""
    if not isinstance(block, dict):
        return unread(block)
    kind = text_at(block, "type") or ""
    inner = object_at(block, kind)
    words = text_at(block, kind)
    part: Part | None = None
    if kind == "text" and words is not None:
        part = text(words)
    elif kind == "refusal" and words is not None:
        part = _refusal(words)
    elif kind == "thinking":  # Mistral's
        part = reasoning("".join(text_at(piece, "text") or "" for piece in objects_at(block, kind)))
    elif kind in _ADDRESSED and (address := words or text_at(inner, "url")):
        part = with_further(data_or_uri(address, _ADDRESSED[kind]), rest_of(inner, {"url"}))
    elif kind == "input_audio" and (data := text_at(inner, "data")):
        part = blob("audio", data, _audio_type(text_at(inner, "format")))
    elif kind == "file":
        part = _file(inner)
    return unread(block) if part is None else with_further(part, rest_of(block, {"type", kind}))


def _file(given: JSONObject) -> Part | None:
    file_id, data = text_at(given, "file_id"), text_at(given, "file_data")
    further = rest_of(given, {"file_id", "file_data"})
    if file_id:
        return with_further(file("document", file_id), further)
    if not data:
        return None
    return with_further(data_or_uri(data, "document") if ":" in data[:8] else blob("document", data), further)


def _audio(spoken: JSONObject) -> Part:
    """Return spoken words: the data in an answer; in a later request only the id of what was said before."""
    data, name = text_at(spoken, "data"), text_at(spoken, "id")
    if data:
        return with_further(blob("audio", data), rest_of(spoken, {"data"}))
    return with_further(file("audio", name), rest_of(spoken, {"id"})) if name else unread({"type": "audio", **spoken})


def _audio_type(form: str | None) -> str | None:
    return _AUDIO_TYPES.get(form, f"audio/{form}") if form else None


def _refusal(words: str) -> Part:
    """Build the part of a refusal, which the conventions do not define; its words stand where a text's do."""
    return generic("refusal", content=words)


def _tool_call(call: JSONObject) -> Part:
    """Return the part of a call; the input of a custom tool is a text, whatever it looks like."""
    custom, function = object_at(call, "custom"), object_at(call, "function")
    name = text_at(custom, "name") or text_at(function, "name")
    if not name:
        return unread(call)
    arguments = custom.get("input") if custom else arguments_from(function.get("arguments"))
    further = rest_of(call, {"type", "id", "index", "custom", "function"})
    return with_further(tool_call(name, arguments, text_at(call, "id")), further)


def _tool_answer(said: JSONObject) -> Part:
    content = said.get("content")
    response: JSON = [*_content(content)] if isinstance(content, list) else "" if content is None else content
    return tool_call_response(response, text_at(said, "tool_call_id"))
