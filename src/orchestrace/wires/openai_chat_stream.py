"""Fold the chunks of a streamed chat completion into the body that the same answer has without a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Final, TypeAlias

from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import integer_at, object_at, objects_at, text_at
from orchestrace.wires.server_sent_events import json_events, plain_objects, split_events

__all__ = ["fold_chunks"]

_GROW: Final = {
    "arguments",
    "content",
    "data",
    "input",
    "reasoning",
    "reasoning_content",
    "refusal",
    "summary",
    "text",
    "transcript",
}
"""The texts that come in pieces. Every other one comes whole, by some hosts with each chunk anew."""

_DONE: Final = "[DONE]"
_LAST: Final = b"data: [DONE]\n\n"

_Told: TypeAlias = "tuple[JSONObject, list[JSONObject]]"
"""What the chunks say of the whole, and its choices."""


def fold_chunks(body: bytes) -> tuple[JSONObject, bool]:
    """
    Return the whole body, and whether the stream is complete.

    It is complete if `[DONE]` came, or if every choice that was seen has a finish reason and the bytes do not end
    inside an event. An `error` that comes among the chunks stands in the body. Chunks without an index, empty deltas,
    nulls, keep-alives and events that nobody knows do no harm.
    """
    chunks = plain_objects(body.removesuffix(_LAST))
    if chunks is not None:  # nearly all bodies
        head, folded = _folded(zip(repeat(""), chunks))
        done, cut = body.endswith(_LAST), False
    else:
        stream = split_events(body)
        head, folded = _folded(json_events(stream.events))
        done = any(event and event[1] == _DONE for event in (stream.rest, *reversed(stream.events)))
        cut = stream.rest is not None
    finished = bool(folded) and not cut and all(choice["finish_reason"] for choice in folded)
    head["choices"] = [*folded]
    return head, done or finished


def _folded(events: Iterable[tuple[str, JSONObject]]) -> _Told:
    choices: dict[int, list[JSONObject]] = {}
    head: JSONObject = {}
    usage: JSON = None
    error: JSON = None
    begun = False
    for name, chunk in events:
        if not begun:
            head, begun = chunk, bool(chunk.get("id"))  # Azure's first chunk has an empty one
        usage = chunk.get("usage") or usage
        error = error or chunk.get("error") or (chunk if name == "error" else None)
        for place, piece in enumerate(objects_at(chunk, "choices")):
            index = piece.get("index")
            if type(index) is not int:
                index = place
            if index in choices:
                choices[index].append(piece)
            else:
                choices[index] = [piece]
    return head | {"usage": usage, "error": error}, [_choice(choices[index]) for index in sorted(choices)]


def _choice(pieces: list[JSONObject]) -> JSONObject:
    """Return a choice as it is without a stream; the last reason that is given counts."""
    return {
        "message": _merged([delta for piece in pieces if type(delta := piece.get("delta")) is dict]),
        "finish_reason": next(filter(None, (text_at(piece, "finish_reason") for piece in reversed(pieces))), None),
        "error": next((error for piece in pieces if "error" in piece and (error := piece["error"])), None),
    }


def _merged(pieces: list[JSONObject]) -> JSONObject:
    """Put an object together whose fields came in pieces; null says nothing."""
    columns: dict[str, list[JSON]] = {}
    for piece in pieces:
        for key, value in piece.items():
            if value is None:
                continue
            if key in columns:
                columns[key].append(value)
            else:
                columns[key] = [value]
    return {key: _field(key, values) for key, values in columns.items()}


def _field(key: str, values: list[JSON]) -> JSON:
    """Put one field together: texts and lists grow, objects merge, of anything else the last counts."""
    texts = [value for value in values if type(value) is str]
    if len(texts) == len(values):
        return "".join(texts) if key in _GROW else next(filter(None, reversed(texts)), "")
    objects = [value for value in values if isinstance(value, dict)]
    if len(objects) == len(values):
        return _merged(objects)
    return [*_items(values)] if any(isinstance(value, list) for value in values) else values[-1]


def _items(values: list[JSON]) -> Iterator[JSON]:
    """Put a list together whose items came in pieces: tool calls, details of reasoning, blocks of a content."""
    items: list[list[JSONObject]] = []
    known: dict[int | str, list[JSONObject]] = {}
    for piece in _blocks(values):
        index, name = integer_at(piece, "index"), text_at(piece, "id")
        item = known.get(index if index is not None else name or "")
        if item is None and index is None and items and _goes_on(items[-1][0], piece):
            item = items[-1]
        if item is None or _is_another(item[0], piece):
            item = []
            items.append(item)
        item.append(piece)
        if index is not None:
            known[index] = item
        if name:
            known[name] = item
    return (_merged(item) for item in items)


def _blocks(values: list[JSON]) -> Iterator[JSONObject]:
    """Return the objects of several lists; a text between them is a block of text."""
    for value in values:
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict))
        elif isinstance(value, str) and value:
            yield {"type": "text", "text": value}


def _goes_on(first: JSONObject, piece: JSONObject) -> bool:
    """Tell whether a piece that names no item belongs to the last one: some hosts count nothing."""
    if "function" in piece or "custom" in piece:
        return not _called(piece)
    kind = text_at(piece, "type")
    return kind in {"text", "thinking"} and kind == first.get("type")


def _is_another(first: JSONObject, piece: JSONObject) -> bool:
    """Tell whether an index that is known now stands for something else: some hosts count every call as 0."""
    name, kind = text_at(piece, "id"), text_at(piece, "type")
    renamed = name and _called(piece) and (first.get("id") or name) != name
    return bool(renamed or (kind and (first.get("type") or kind) != kind))


def _called(piece: JSONObject) -> str | None:
    return text_at(object_at(piece, "function"), "name") or text_at(object_at(piece, "custom"), "name")
