"""Read Anthropic's content blocks, asked or answered, into parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from orchestrace.messages import Part, blob, file, generic, reasoning, text, tool_call, tool_call_response
from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import (
    arguments_from,
    data_or_uri,
    object_at,
    rest_of,
    text_at,
    unread,
    with_further,
)

__all__ = ["read_content"]

_Reader: TypeAlias = "Callable[[JSONObject], Part | None]"
"""How to read a block of one type; None if it lacks what its type must have."""

_RESULT: Final = "_tool_result"


def read_content(content: JSON) -> list[Part]:
    """
    Read a content, which is a text or a list of blocks; an empty text is no part.

    What a block says beyond its part (citations, a signature, cache marks) stands in further keys. A block of a type
    that the conventions do not have is a part of its own type, as it is: the ciphers of `redacted_thinking` too, which
    the next request has to bring back.
    """
    if isinstance(content, list):
        return [_part(block) for block in content]
    return [] if content is None or content == "" else [text(content) if isinstance(content, str) else unread(content)]


def _part(block: JSON) -> Part:
    kind = text_at(block, "type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not kind:
        return unread(block)
    read, keys = _BLOCKS.get(kind) or (_SERVER_RESULT if kind.endswith(_RESULT) else (unread, {*block}))
    part = read(block)
    return unread(block) if part is None else with_further(part, rest_of(block, {"type", *keys}))


def _text(block: JSONObject) -> Part | None:
    words = text_at(block, "text")
    return None if words is None else text(words)


def _thinking(block: JSONObject) -> Part | None:
    words = text_at(block, "thinking")
    return None if words is None else reasoning(words)


def _source(modality: str, block: JSONObject) -> Part | None:
    """Read where a medium comes from; a document whose words stand in the block itself stays as it is, readable."""
    source = object_at(block, "source")
    kind, mime_type = text_at(source, "type"), text_at(source, "media_type")
    if kind == "base64" and (data := text_at(source, "data")):
        return blob(modality, data, mime_type)
    if kind == "url" and (address := text_at(source, "url")):
        return data_or_uri(address, modality)
    if kind == "file" and (file_id := text_at(source, "file_id")):
        return file(modality, file_id)
    return None


def _tool_use(block: JSONObject) -> Part | None:
    name = text_at(block, "name")
    return tool_call(name, arguments_from(block.get("input")), text_at(block, "id")) if name else None


def _tool_result(block: JSONObject) -> Part:
    return tool_call_response(_result(block), text_at(block, "tool_use_id"))


def _server_use(block: JSONObject) -> Part | None:
    """Read the call of a tool that runs at the provider; one of an MCP server says beside it which server."""
    name = text_at(block, "name")
    if not name:
        return None
    kind = "mcp" if text_at(block, "type") == "mcp_tool_use" else name
    call: JSON = {"type": kind, **rest_of({"input": arguments_from(block.get("input"))}, ())}
    return generic("server_tool_call", **rest_of({"id": text_at(block, "id")}, ()), name=name, server_tool_call=call)


def _server_result(block: JSONObject) -> Part:
    """Read what such a tool gave back, as the provider sent it."""
    kind = (text_at(block, "type") or "").removesuffix(_RESULT)
    response: JSON = {"type": kind, **rest_of({"content": block.get("content")}, ())}
    identity = rest_of({"id": text_at(block, "tool_use_id")}, ())
    return generic("server_tool_call_response", **identity, server_tool_call_response=response)


def _result(block: JSONObject) -> JSON:
    content = block.get("content")
    return [*read_content(content)] if isinstance(content, list) else "" if content is None else content


_BLOCKS: Final[dict[str, tuple[_Reader, set[str]]]] = {
    "text": (_text, {"text"}),
    "thinking": (_thinking, {"thinking"}),
    "image": (partial(_source, "image"), {"source"}),
    "document": (partial(_source, "document"), {"source"}),
    "tool_use": (_tool_use, {"id", "name", "input"}),
    "tool_result": (_tool_result, {"content", "tool_use_id"}),
    "server_tool_use": (_server_use, {"id", "name", "input"}),
    "mcp_tool_use": (_server_use, {"id", "name", "input"}),
}
"""How to read a block of each type, and which of its keys then stand in the part."""

_SERVER_RESULT: Final[tuple[_Reader, set[str]]] = (_server_result, {"content", "tool_use_id"})
"""The same for the result of whichever tool of the provider."""
