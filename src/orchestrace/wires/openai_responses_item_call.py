"""Read the items of OpenAI's responses that call tools: the program's, and those that run at the provider."""

from __future__ import annotations

from typing import Final

from orchestrace.messages import Part, blob, generic, tool_call
from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import arguments_from, object_at, rest_of, text_at, unread, with_further

__all__ = ["further_of", "is_hosted", "read_call"]

_ASKED: Final = {
    "apply_patch_call": "operation",
    "computer_call": "action",
    "custom_tool_call": "input",
    "function_call": "arguments",
    "local_shell_call": "action",
    "shell_call": "action",
    "tool_search_call": "arguments",
}
"""The calls that the program answers, and under which key each says what is to be done."""

_GIVEN: Final = {
    "code_interpreter_call": {"outputs"},
    "file_search_call": {"results"},
    "image_generation_call": {"result"},
    "mcp_call": {"output", "error"},
    "mcp_list_tools": {"tools", "error"},
}
"""The calls that the provider answers in the same item, and under which keys."""

_BARE: Final = {"id", "call_id", "type", "status"}
_IMAGES: Final = {"jpg": "image/jpeg", "svg": "image/svg+xml"}


def is_hosted(item: JSONObject) -> bool:
    """Tell whether the tool of a call runs at the provider: always so, or because the call says it."""
    kind = text_at(item, "type") or ""
    if kind == "tool_search_call":
        return item.get("execution") == "server"
    if kind == "shell_call":
        return (text_at(object_at(item, "environment"), "type") or "").startswith("container")
    return kind not in _ASKED


def read_call(item: JSONObject) -> list[Part]:
    """Return the parts of a call; where the provider answered it in the same item, its answer is a part too."""
    return _hosted(item) if is_hosted(item) else [_asked(item)]


def further_of(item: JSONObject, read: set[str]) -> JSONObject:
    """Return what an item says beyond its parts; a part's `id` is the call's, so the item's own stands beside it."""
    named = rest_of({"item_id": item.get("id")}, ())
    return named | {key: value for key, value in rest_of(item, {"id", "type", *read}).items() if value != []}


def _asked(item: JSONObject) -> Part:
    """Return the call of a tool that the program runs; the input of a custom one is a text, whatever it looks like."""
    kind = text_at(item, "type") or ""
    named = kind in {"function_call", "custom_tool_call"}
    name = text_at(item, "name") if named else kind.removesuffix("_call")
    if not name:
        return unread(item)
    key = _ASKED[kind]
    arguments: JSON = item.get(key) if kind == "custom_tool_call" else arguments_from(item.get(key))
    if arguments is None and (several := item.get("actions")):  # of a computer
        arguments = {"actions": several}
    part = tool_call(name, arguments, text_at(item, "call_id") or text_at(item, "id"))
    sort: JSONObject = {} if kind == "function_call" else {"item_type": kind}
    return with_further(part, sort | further_of(item, {key, "actions", "call_id", *({"name"} if named else ())}))


def _hosted(item: JSONObject) -> list[Part]:
    """Return the call of a tool that runs at the provider and, if it is there, what it gave."""
    kind = text_at(item, "type") or "unknown"
    sort = kind.removesuffix("_call")
    given = _GIVEN.get(kind, set())
    identity = rest_of({"id": text_at(item, "call_id") or text_at(item, "id")}, ())
    name = text_at(item, "name") or sort
    told = {key: _parsed(key, value) for key, value in rest_of(item, {*_BARE, *given, "name"}).items()}
    call = with_further({"type": sort}, told)
    beside = rest_of({"item_id": item.get("id") if item.get("call_id") else None, "status": item.get("status")}, ())
    parts = [with_further(generic("server_tool_call", **identity, name=name, server_tool_call=call), beside)]
    answer = {key: value for key, value in rest_of(item, item.keys() - given).items() if value != []}
    if kind == "image_generation_call":
        return parts + _picture(item)
    if answer:
        response: JSON = {"type": sort, **answer}
        parts.append(generic("server_tool_call_response", **identity, server_tool_call_response=response))
    return parts


def _picture(item: JSONObject) -> list[Part]:
    """Return a picture that was made, as the data that it is."""
    data, form = text_at(item, "result"), text_at(item, "output_format") or "png"
    made = rest_of({"item_id": item.get("id")}, ())
    return [with_further(blob("image", data, _IMAGES.get(form, f"image/{form}")), made)] if data else []


def _parsed(key: str, value: JSON) -> JSON:
    return arguments_from(value) if key == "arguments" else value
