"""Fold the events of a streamed Anthropic message into the body that the same answer has without a stream."""

from __future__ import annotations

from typing import Final

from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import arguments_from, integer_at, object_at, rest_of, text_at
from orchestrace.wires.server_sent_events import json_events, split_events

__all__ = ["fold_events"]

_DELTAS: Final = {
    "text_delta": ("text", "text", "text"),
    "thinking_delta": ("thinking", "thinking", "thinking"),
    "signature_delta": ("thinking", "signature", "signature"),
    "input_json_delta": ("tool_use", "partial_json", "input"),
    "compaction_delta": ("compaction", "content", "content"),
}
"""For each type of delta: the type of its block, the key of its text, and the key that the text grows in the block."""


def fold_events(body: bytes) -> tuple[JSONObject, bool]:
    """
    Return the whole body, and whether the stream is complete: whether `message_stop` came.

    An `error` that comes among the events stands in the body. Counts of tokens are cumulative: later ones replace
    earlier ones. Pings and events that nobody knows do no harm.
    """
    whole: JSONObject = {}
    usage: JSONObject = {}
    blocks: dict[int, _Block] = {}
    complete = False
    for name, event in json_events(split_events(body).events):
        kind = text_at(event, "type") or name
        if kind in {"content_block_start", "content_block_delta"}:
            _block(blocks, event).add(event)
        elif kind == "message_start":
            whole |= object_at(event, "message")
            usage |= rest_of(object_at(whole, "usage"), ())
        elif kind == "message_delta":
            whole |= rest_of(object_at(event, "delta"), ())
            usage |= rest_of(object_at(event, "usage"), ())
        elif kind == "message_stop":
            complete = True
        elif kind == "error":
            whole |= {"error": event.get("error") or event}
    whole["usage"] = usage
    if blocks:
        whole["content"] = [block.whole() for block in blocks.values()]
    return whole, complete


class _Block:
    """One block of the content, as far as it came."""

    __slots__ = ("citations", "grown", "started")

    def __init__(self) -> None:
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
            block_kind, piece, key = _DELTAS[kind]
            self.started.setdefault("type", block_kind)
            self.grown.setdefault(key, []).append(text_at(delta, piece) or "")

    def whole(self) -> JSONObject:
        """Return the block as it is without a stream; input that came in pieces takes the place of an empty one."""
        texts = {key: (text_at(self.started, key) or "") + "".join(pieces) for key, pieces in self.grown.items()}
        grown: JSONObject = {
            key: arguments_from(text) if key == "input" else text for key, text in texts.items() if text
        }
        cited: JSONObject = {"citations": self.citations} if self.citations else {}
        return self.started | grown | cited


def _block(blocks: dict[int, _Block], event: JSONObject) -> _Block:
    """Return the block that an event is about; one that does not say it is about the last."""
    index = integer_at(event, "index")
    if index is None:
        index = next(reversed(blocks), 0)
    if index not in blocks:
        blocks[index] = _Block()
    return blocks[index]
