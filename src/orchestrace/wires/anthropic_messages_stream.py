"""Fold the events of a streamed Anthropic message into the body that the same answer has without a stream."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Final, cast

from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.aws_event_stream import chunks, is_framed
from orchestrace.wires.reading import arguments_from, integer_at, object_at, rest_of, text_at
from orchestrace.wires.server_sent_events import json_events, split_events

__all__ = ["fold_events"]

_DELTAS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "text_delta": ("text", {"text": "text"}),
    "thinking_delta": ("thinking", {"thinking": "thinking"}),
    "signature_delta": ("thinking", {"signature": "signature"}),
    "input_json_delta": ("tool_use", {"partial_json": "input"}),
    "compaction_delta": ("compaction", {"content": "content", "encrypted_content": "encrypted_content"}),
}
"""For each type of delta: the type of its block, and which of the block's keys each of its texts grows."""

_BLOCK: Final = ("content_block_start", "content_block_delta")
_ABOUT_DELTA: Final = {"delta", "type", "usage"}


def fold_events(body: bytes) -> tuple[JSONObject, bool]:
    """
    Return the whole body, and whether the stream is complete: whether `message_stop` came.

    An `error` that comes among the events stands in the body. Counts of tokens are cumulative: later ones replace
    earlier ones. Pings and events that nobody knows do no harm.
    """
    whole: JSONObject = {}
    usage: JSONObject = {}
    content = _Content()
    complete = False
    for kind, event in _events(body):
        if kind in _BLOCK:
            content.add(event, begins=kind == _BLOCK[0])
        elif kind == "message_start":
            whole |= object_at(event, "message")
            usage |= rest_of(object_at(whole, "usage"), ())
        elif kind == "message_delta":
            whole |= rest_of(event, _ABOUT_DELTA) | rest_of(object_at(event, "delta"), ())
            usage |= rest_of(object_at(event, "usage"), ())
        elif kind == "message_stop":
            complete = True
        elif kind == "error":
            whole |= {"error": event.get("error") or event}
    whole["usage"] = usage
    return whole | content.whole(), complete


def _events(body: bytes) -> Iterator[tuple[str, JSONObject]]:
    """Return the events with their types: server-sent ones, or those that Amazon puts into a framing of its own."""
    if is_framed(body):
        return ((text_at(event, "type") or "", event) for event in chunks(body))
    return ((text_at(event, "type") or name, event) for name, event in json_events(split_events(body).events))


class _Content:
    """The blocks of the answer, as far as they came."""

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: list[_Block] = []

    def add(self, event: JSONObject, *, begins: bool) -> None:
        """Add what one event says of one block."""
        block = self._latest(integer_at(event, "index"))
        if block is None or (begins and block.started):
            block = _Block(self._index(event, begins=begins))
            self._blocks.append(block)
        block.add(event)

    def whole(self) -> JSONObject:
        """Return the content, in the order of the blocks; nothing for none. A fallback says who answered instead."""
        blocks = [block.whole() for block in sorted(self._blocks, key=attrgetter("index"))]
        whole: JSONObject = {"content": cast("JSON", blocks)} if blocks else {}
        for block in blocks:
            if block.get("type") == "fallback" and (model := text_at(object_at(block, "to"), "model")):
                whole["model"] = model
        return whole

    def _latest(self, index: int | None) -> _Block | None:
        """Return the block of an index: of several the last, as of all where an event does not say which."""
        return next((block for block in reversed(self._blocks) if index in (None, block.index)), None)

    def _index(self, event: JSONObject, *, begins: bool) -> int:
        index = integer_at(event, "index")
        if index is not None:
            return index
        return self._blocks[-1].index + 1 if self._blocks and begins else 0


class _Block:
    """One block of the content, as far as it came."""

    __slots__ = ("citations", "grown", "index", "started")

    def __init__(self, index: int) -> None:
        self.index = index
        self.started: JSONObject = {}
        self.grown: dict[str, list[str]] = {}
        self.citations: list[JSON] = []

    def add(self, event: JSONObject) -> None:
        """Add what one event says of this block; texts are joined once, in the end."""
        self.started |= object_at(event, "content_block")
        delta = object_at(event, "delta")
        kind = text_at(delta, "type")
        if kind == "citations_delta":
            self.citations += [delta.get("citation")]
        elif kind in _DELTAS:
            block_kind, texts = _DELTAS[kind]
            self.started.setdefault("type", block_kind)
            for piece, key in texts.items():
                self.grown.setdefault(key, []).append(text_at(delta, piece) or "")

    def whole(self) -> JSONObject:
        """Return the block as it is without a stream; input that came in pieces takes the place of an empty one."""
        texts = {key: (text_at(self.started, key) or "") + "".join(pieces) for key, pieces in self.grown.items()}
        grown: JSONObject = {
            key: arguments_from(text) if key == "input" else text for key, text in texts.items() if text
        }
        cited: JSONObject = {"citations": self.citations} if self.citations else {}
        return self.started | grown | cited
