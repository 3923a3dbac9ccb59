"""
Read the items of OpenAI's responses: the input of a request into messages, the output of an answer into parts.

An item is a message, or a thing that stands beside messages: reasoning, a call, a call's answer. The items of one turn
of the model make one message here, as they do in every other format.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from orchestrace.messages import Message, Part, generic, text, tool_call_response
from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.openai_responses_item_call import further_of, is_hosted, read_call
from orchestrace.wires.openai_responses_item_content import read_block, read_content
from orchestrace.wires.reading import message_from, objects_at, rest_of, text_at, unread, with_further

__all__ = ["read_input", "read_output"]

_RESULT: Final = {
    "apply_patch_call_output": "output",
    "computer_call_output": "output",
    "custom_tool_call_output": "output",
    "function_call_output": "output",
    "local_shell_call_output": "output",
    "program_output": "result",
    "shell_call_output": "output",
    "tool_search_output": "tools",
}
"""The items that answer a call, and under which key."""

_CALLS: Final = ("_call", "mcp_list_tools", "program")
"""How the types of calls end."""

_ASSISTANT: Final = "assistant"
_ROLES: Final = {
    "compaction": _ASSISTANT,
    "mcp_approval_request": _ASSISTANT,
    "mcp_approval_response": "user",
    "reasoning": _ASSISTANT,
}
"""Whose turn the items are that neither call nor answer, and do not say."""


def read_input(given: JSON) -> list[Message]:
    """
    Read the input of a request, which is a text or a list of items.

    What says whose turn it is stands as a message of its own; reasoning and calls join the turn of the model around
    them, and each answer to a call is a message of the tool's.
    """
    if isinstance(given, str):
        return [message_from("user", [text(given)], {})] if given else []
    items = _items(given)
    hosted = _hosted(items)
    messages: list[Message] = []
    has_spoken = False
    for item in items:
        role, speaks = _role(item, hosted), _is_message(item)
        parts = _parts(item, hosted)
        if role == _ASSISTANT and messages and messages[-1]["role"] == role and not (speaks and has_spoken):
            messages[-1]["parts"].extend(parts)
            has_spoken = has_spoken or speaks
        else:
            messages.append(message_from(role, parts, _beside(item, role)))
            has_spoken = speaks
    return messages


def read_output(items: Iterable[JSONObject]) -> list[Part]:
    """Return what a model answered, in order: it is one turn."""
    known = [*items]
    hosted = _hosted(known)
    return [part for item in known for part in _parts(item, hosted)]


def _items(given: JSON) -> list[JSONObject]:
    """Return the items of an input; a text among them, which only lenient hosts take, is a message."""
    listed = given if isinstance(given, list) else [given]
    said: list[JSON] = [{"role": "user", "content": item} if isinstance(item, str) else item for item in listed]
    return [item for item in said if isinstance(item, dict)]


def _hosted(items: Iterable[JSONObject]) -> set[str]:
    """Return the ids of the calls that the provider answers."""
    calls = (item for item in items if _is_call(text_at(item, "type") or "") and is_hosted(item))
    return {name for item in calls if (name := text_at(item, "call_id"))}


def _is_call(kind: str) -> bool:
    return kind.endswith(_CALLS)


def _is_message(item: JSONObject) -> bool:
    return text_at(item, "type") in {"message", None} and "content" in item


def _role(item: JSONObject, hosted: Collection[str]) -> str:
    """Return whose turn an item belongs to."""
    kind = text_at(item, "type") or ""
    if kind in _RESULT:
        return _ASSISTANT if _is_served(item, hosted) else "tool"
    said = text_at(item, "role")
    return said or _ROLES.get(kind) or (_ASSISTANT if _is_call(kind) else "unknown")


def _is_served(item: JSONObject, hosted: Collection[str]) -> bool:
    """Tell whether an answer to a call is the provider's own."""
    is_its_own = text_at(item, "type") == "program_output" or item.get("execution") == "server"
    return is_its_own or text_at(item, "call_id") in hosted


def _beside(item: JSONObject, role: str) -> JSONObject:
    """Return what a message says beside its content; the model's own says it with its parts."""
    if role == _ASSISTANT or not _is_message(item):
        return {}
    return rest_of(item, {"content", "role", "type"})


def _parts(item: JSONObject, hosted: Collection[str]) -> list[Part]:
    kind = text_at(item, "type") or ""
    if _is_message(item):
        beside = further_of(item, {"content", "role"}) if text_at(item, "role") in {_ASSISTANT, None} else {}
        return [with_further(part, beside) for part in read_content(item.get("content"))]
    if kind in _RESULT:
        return [_result(item, is_served=_is_served(item, hosted))]
    if kind == "reasoning":
        return _reasoning(item)
    if _is_call(kind):
        return read_call(item)
    return [unread(item if kind else _reference(item))]


def _reference(item: JSONObject) -> JSONObject:
    """Return an item without a type, which is a reference if it names another one."""
    return {**item, "type": "item_reference"} if text_at(item, "id") else item


def _reasoning(item: JSONObject) -> list[Part]:
    """Return what a model thought, as far as one may read it; what one may not is kept, to be sent back as it came."""
    blocks: list[JSON] = [*objects_at(item, "summary"), *objects_at(item, "content")]
    beside = further_of(item, {"summary", "content", "encrypted_content"})
    readable = [with_further(read_block(block), beside) for block in blocks]
    if readable and not item.get("encrypted_content"):
        return readable
    cipher = rest_of(item, item.keys() - {"encrypted_content"})
    return [*readable, generic("redacted_reasoning", **(beside | cipher))]


def _result(item: JSONObject, *, is_served: bool) -> Part:
    """Return the answer to a call."""
    kind = text_at(item, "type") or ""
    key = _RESULT[kind]
    value = item.get(key)
    told: JSON = [_told(block) for block in value] if isinstance(value, list) else "" if value is None else _told(value)
    name = text_at(item, "call_id") or (text_at(item, "id") if kind == "local_shell_call_output" else None)
    sort: JSONObject = {} if kind == "function_call_output" else {"item_type": kind}
    beside = further_of(item, {key, "call_id"})
    if not is_served:
        return with_further(tool_call_response(told, name), sort | beside)
    served: JSON = {"type": kind.removesuffix("_output").removesuffix("_call"), key: told}
    identity = rest_of({"id": name}, ())
    return with_further(generic("server_tool_call_response", **identity, server_tool_call_response=served), beside)


def _told(value: JSON) -> JSON:
    """Return what a tool gave: a block of a content as a part, anything else as it is."""
    return read_block(value) if isinstance(value, dict) and text_at(value, "type") else value
