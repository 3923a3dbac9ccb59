"""
Model calls as frozen records, and the parts of their messages in the shape of the GenAI conventions.

A *part* is a JSON object with a `type` (text, reasoning, tool_call, tool_call_response, blob, uri, file, …) and that
type's own required fields; nulls are left out; what a provider says beyond that stands in further keys. The shapes are
those of the GenAI semantic conventions' schemas gen-ai-input-messages and gen-ai-output-messages (October 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypedDict

from orchestrace.typing import JSON, AttributeValue

__all__ = [
    "Failure",
    "Message",
    "ModelRequest",
    "ModelResponse",
    "Part",
    "Usage",
    "blob",
    "file",
    "generic",
    "reasoning",
    "text",
    "tool_call",
    "tool_call_response",
    "uri",
]

Part: TypeAlias = "dict[str, JSON]"
"""One part of a message; build it with the functions below."""


class _Spoken(TypedDict):
    role: str
    parts: list[Part]


class Message(_Spoken, total=False):
    """One message of a conversation: who speaks (`role`), in which `parts`, and under which `name` if any."""

    name: str


@dataclass(frozen=True, slots=True)
class Usage:
    """
    Tokens of one model call; None is unknown, never 0 for it.

    `input_tokens` is everything including what came from or went into a cache; `cache_read`, `cache_write` are parts of
    it and `reasoning` is a part of `output_tokens` (GenAI conventions, usage attributes). `further` is what the
    provider counts beyond that, in its own words: what a price depends on, such as searches, tiers, how long a cache
    lives.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    further: Mapping[str, JSON] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a provider said went wrong: `type` is its own code or type, `message` its own words."""

    type: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """
    What was asked of a model, as it crossed the wire.

    `attributes` are convention names with their values (`gen_ai.request.temperature`, `gen_ai.output.type`, …) that are
    no content. `parameters` is the rest of the body as sent (everything but messages, system instructions and tool
    definitions), so that the request can be rebuilt; it may contain content.
    """

    model: str | None = None
    messages: list[Message] = field(default_factory=list)
    system: list[Part] = field(default_factory=list)
    tools: list[dict[str, JSON]] = field(default_factory=list)
    stream: bool = False
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    parameters: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelResponse:
    """
    What a model answered, as far as it got.

    One message per choice, in order. `finish_reasons` are mapped to stop, length, content_filter, tool_call, error;
    `raw_finish_reasons` are the provider's own words, one per choice. `complete` says that the format's own last event
    (or the whole body) was there. `attributes` are convention names beyond the common ones (service tier, …).
    """

    id: str | None = None
    model: str | None = None
    messages: list[Message] = field(default_factory=list)
    finish_reasons: list[str] = field(default_factory=list)
    raw_finish_reasons: list[str] = field(default_factory=list)
    usage: Usage | None = None
    failure: Failure | None = None
    complete: bool = True
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


def text(content: str) -> Part:
    """Build a text part."""
    return {"type": "text", "content": content}


def reasoning(content: str) -> Part:
    """Build a part that holds a model's visible reasoning."""
    return {"type": "reasoning", "content": content}


def tool_call(name: str, arguments: JSON = None, id: str | None = None) -> Part:  # noqa: A002 - the convention's word
    """Build a model's request to call a tool; `arguments` is the parsed object where it parses, else the raw string."""
    part: Part = {"type": "tool_call"}
    if id is not None:
        part["id"] = id
    part["name"] = name
    if arguments is not None:
        part["arguments"] = arguments
    return part


def tool_call_response(response: JSON, id: str | None = None) -> Part:  # noqa: A002 - the convention's word
    """Build the program's answer to a tool call."""
    part: Part = {"type": "tool_call_response"}
    if id is not None:
        part["id"] = id
    part["response"] = response
    return part


def blob(modality: str, content: str, mime_type: str | None = None) -> Part:
    """Build a part with inline data; `content` is base64."""
    part: Part = {"type": "blob", "modality": modality}
    if mime_type is not None:
        part["mime_type"] = mime_type
    part["content"] = content
    return part


def uri(modality: str, address: str, mime_type: str | None = None) -> Part:
    """Build a part that points to data elsewhere; never a `data:` URL, which is a blob."""
    part: Part = {"type": "uri", "modality": modality}
    if mime_type is not None:
        part["mime_type"] = mime_type
    part["uri"] = address
    return part


def file(modality: str, file_id: str, mime_type: str | None = None) -> Part:
    """Build a part that names a file which the provider already holds."""
    part: Part = {"type": "file", "modality": modality}
    if mime_type is not None:
        part["mime_type"] = mime_type
    part["file_id"] = file_id
    return part


def generic(type: str, **fields: JSON) -> Part:  # noqa: A002 - the convention's word
    """Build a part of a type that the conventions do not define."""
    return {"type": type, **fields}
