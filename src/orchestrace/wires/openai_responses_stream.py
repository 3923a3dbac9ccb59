"""Fold the events of a streamed response of OpenAI's into the body that the same answer has without a stream."""

from __future__ import annotations

from typing import Final

from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import integer_at, object_at, objects_at, rest_of, text_at
from orchestrace.wires.server_sent_events import json_events, split_events

__all__ = ["fold_events"]

_ERROR: Final = "error"
_DONE: Final = "done"
_LAST: Final = {"cancelled", "completed", "failed", "incomplete"}
"""The events that end a stream, each of which holds the whole answer."""

_TEXTS: Final = {
    "code_interpreter_call_code": ("code_interpreter_call", "code"),
    "custom_tool_call_input": ("custom_tool_call", "input"),
    "function_call_arguments": ("function_call", "arguments"),
    "mcp_call_arguments": ("mcp_call", "arguments"),
}
"""Texts of items that come in pieces: the type of the item, and the key of its text."""

_BLOCKS: Final = {
    "output_text": ("message", "content", "output_text", "text"),
    "reasoning": ("reasoning", "content", "reasoning_text", "text"),  # OpenRouter's
    "reasoning_summary_text": ("reasoning", "summary", "summary_text", "text"),
    "reasoning_text": ("reasoning", "content", "reasoning_text", "text"),
    "refusal": ("message", "content", "refusal", "refusal"),
}
"""Texts of blocks: the type of the item, its list of blocks, the type of the block, and the key of its text."""

_PARTS: Final = {
    "content_part": ("message", "content"),
    "reasoning_part": ("reasoning", "content"),  # vLLM's
    "reasoning_summary_part": ("reasoning", "summary"),
}
"""What comes before and after the texts of a block: the type of the item, and its list of blocks."""

_PLACES: Final = {"content": "content_index", "summary": "summary_index"}


def fold_events(body: bytes) -> tuple[JSONObject, bool]:
    """
    Return the whole body, and whether the stream is complete: whether one of its last events came.

    The last event holds everything. Where it is missing, or holds no output, the output is put together from the events
    before it, as far as they go. An `error` that comes among them stands in the body. Pings, events that nobody knows,
    and pieces that do not say where they belong do no harm.
    """
    whole: JSONObject = {}
    output = _Output()
    complete = False
    for name, event in json_events(split_events(body).events):
        kind = text_at(event, "type") or name
        prefix, _, said = kind.partition(".")
        if prefix != "response":
            if _ERROR in {kind, name} or event.get(_ERROR):
                whole[_ERROR] = event.get(_ERROR) or {key: value for key, value in event.items() if value != _ERROR}
            continue
        whole |= rest_of(object_at(event, "response"), ())
        if said in _LAST:
            whole["status"] = text_at(object_at(event, "response"), "status") or said
            complete = True
        else:
            output.add(said, event)
    told = output.whole()
    if told and not (complete and objects_at(whole, "output")):
        whole["output"] = told
    return whole, complete


class _Output:
    """The items of the answer, as far as they came."""

    __slots__ = ("_items", "_known")

    def __init__(self) -> None:
        self._items: list[_Item] = []
        self._known: dict[int | str, _Item] = {}

    def add(self, said: str, event: JSONObject) -> None:
        """Add what one event says of one item."""
        stem, _, what = said.rpartition(".")
        if stem == "output_item":
            item = object_at(event, "item")
            self._at(event, item, begins=what == "added").take(what, item)
        elif stem in _PARTS:
            kind, blocks = _PARTS[stem]
            self._at(event, {"type": kind}).block(blocks, event).take(what, object_at(event, "part"))
        elif stem in _BLOCKS:
            kind, blocks, sort, key = _BLOCKS[stem]
            self._at(event, {"type": kind}).block(blocks, event, sort).grow(what, key, event)
        elif stem in _TEXTS:
            kind, key = _TEXTS[stem]
            self._at(event, {"type": kind}).grow(what, key, event)
        elif stem == "output_text.annotation":
            block = self._at(event, {"type": "message"}).block("content", event, "output_text")
            block.said["annotations"] = [*objects_at(block.said, "annotations"), event.get("annotation")]

    def whole(self) -> list[JSON]:
        """Return the items as they are without a stream."""
        return [item.whole() for item in self._items]

    def _at(self, event: JSONObject, said: JSONObject, *, begins: bool = False) -> _Item:
        """
        Return the item that an event is about; one that does not say which is about the last of its type.

        An item's id goes before its index, because some hosts count every item as 0. Where the id is new, the index
        counts, because others give an item a new id in each event.
        """
        names: list[int | str] = []
        if (name := text_at(event, "item_id") or text_at(said, "id")) is not None:
            names.append(name)
        if (place := integer_at(event, "output_index")) is not None:
            names.append(place)
        item = next((self._known[one] for one in names if one in self._known and not (begins and one == place)), None)
        if item is None and not names and not begins:
            item = next((one for one in reversed(self._items) if one.said.get("type") == said.get("type")), None)
        if item is None:
            item = _Item(rest_of(said, said.keys() - {"type"}))
            self._items.append(item)
        self._known |= dict.fromkeys(names, item)
        return item


class _Block:
    """One block of an item (words, a refusal, a summary of reasoning), or what an item says without any."""

    __slots__ = ("pieces", "said")

    def __init__(self, said: JSONObject) -> None:
        self.said = said
        self.pieces: dict[str, list[str]] = {}

    def take(self, what: str, said: JSONObject) -> None:
        """Take what is said at the beginning or at the end; at the end it goes before all pieces of it."""
        self.said |= said
        if what == _DONE:
            self.pieces = {key: pieces for key, pieces in self.pieces.items() if not self.said.get(key)}

    def grow(self, what: str, key: str, event: JSONObject) -> None:
        """Add a piece of a text, or take the whole of it; pieces are joined once, in the end."""
        if what == "delta":
            self.pieces.setdefault(key, []).append(text_at(event, "delta") or "")
        elif what == _DONE and (text := text_at(event, key)):
            self.take(what, {key: text})

    def whole(self) -> JSONObject:
        """Return what was said, and the texts that grew."""
        return self.said | {
            key: (text_at(self.said, key) or "") + "".join(pieces) for key, pieces in self.pieces.items()
        }


class _Item(_Block):
    """One item of the output, with its blocks by their list."""

    __slots__ = ("blocks",)

    def __init__(self, said: JSONObject) -> None:
        super().__init__(said)
        self.blocks: dict[str, dict[int, _Block]] = {}

    def block(self, blocks: str, event: JSONObject, sort: str | None = None) -> _Block:
        """Return the block that an event is about; one that does not say which is about the last."""
        known = self.blocks.setdefault(blocks, {})
        place = integer_at(event, _PLACES[blocks])
        if place is None:
            place = next(reversed(known), 0)
        block = known.setdefault(place, _Block({}))
        if sort is not None:
            block.said.setdefault("type", sort)
        return block

    def whole(self) -> JSONObject:
        """Return the item; blocks that it says itself go before those that came alone."""
        alone = {name: known for name, known in self.blocks.items() if not self.said.get(name)}
        told: JSONObject = {name: [block.whole() for block in known.values()] for name, known in alone.items()}
        return super().whole() | told
