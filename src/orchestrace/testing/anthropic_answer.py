"""Answers in the format of Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from orchestrace.testing.answer import Answer, server_sent_event
from orchestrace.testing.model_answer import USAGE, ToolCall, Usage, fragments

__all__ = ["anthropic_message"]


def anthropic_message(  # noqa: PLR0913 - the parts of an answer, each of which a test may leave out
    text: str | Sequence[str] | None = "Hello there.",
    *,
    stream: bool = False,
    usage: Usage = USAGE,
    tool_calls: Sequence[ToolCall] = (),
    stop_reason: str | None = None,
    model: str = "claude-sonnet-5",
) -> Answer:
    """
    Make the answer to a message.

    A stream comes in the pieces of `text`, a word each if it is one string. `stop_reason` is "tool_use" with tool calls
    and "end_turn" without.
    """
    reason = stop_reason or ("tool_use" if tool_calls else "end_turn")
    tokens = usage if isinstance(usage, Mapping) else {"input_tokens": usage[0], "output_tokens": usage[1]}
    calls = [_tool_use(place, call) for place, call in enumerate(tool_calls, 1)]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model}
    if not stream:
        words = [] if text is None else [{"type": "text", "text": "".join(text)}]
        end = {"stop_reason": reason, "stop_sequence": None, "usage": tokens}
        return Answer(body={**message, "content": [*words, *calls], **end})
    start: dict[str, object] = {
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**tokens, "output_tokens": 1},
    }
    events: list[dict[str, object]] = [
        {"type": "message_start", "message": {**message, **start}},
        *_blocks(text, calls),
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": tokens},
        {"type": "message_stop"},
    ]
    return Answer(pieces=[server_sent_event(event, str(event["type"])) for event in events])


def _blocks(text: str | Sequence[str] | None, calls: Sequence[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    index = 0
    if text is not None:
        deltas = [{"type": "text_delta", "text": piece} for piece in fragments(text)]
        yield from _block(index, {"type": "text", "text": ""}, deltas)
        index += 1
    for place, call in enumerate(calls, index):
        arguments = json.dumps(call["input"], ensure_ascii=False)
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in ("", arguments[:1], arguments[1:])]
        yield from _block(place, {**call, "input": {}}, deltas)


def _block(
    index: int, block: Mapping[str, object], deltas: Sequence[Mapping[str, object]]
) -> Iterator[dict[str, object]]:
    yield {"type": "content_block_start", "index": index, "content_block": block}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _tool_use(place: int, call: ToolCall) -> dict[str, object]:
    return {"type": "tool_use", "id": call.id or f"toolu_{place}", "name": call.name, "input": call.arguments}
