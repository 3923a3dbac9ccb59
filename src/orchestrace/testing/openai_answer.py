"""Answers in the format of OpenAI's chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from orchestrace.testing.answer import Answer, server_sent_event
from orchestrace.testing.model_answer import USAGE, ToolCall, Usage, fragments

__all__ = ["openai_chat"]

_CREATED: Final = 1_767_225_600
"""2026-01-01: made-up answers are the same every time."""


def openai_chat(  # noqa: PLR0913 - the parts of an answer, each of which a test may leave out
    text: str | Sequence[str] | None = "Hello there.",
    *,
    stream: bool = False,
    usage: Usage | None = USAGE,
    tool_calls: Sequence[ToolCall] = (),
    finish_reason: str | None = None,
    model: str = "gpt-4o-mini",
) -> Answer:
    """
    Make the answer to a chat completion.

    A stream comes in the pieces of `text`, a word each if it is one string; `usage` is its last chunk but one, and None
    leaves it out. `finish_reason` is "tool_calls" with tool calls and "stop" without.
    """
    reason = finish_reason or ("tool_calls" if tool_calls else "stop")
    tokens = {} if usage is None else {"usage": _usage(usage)}
    calls = [_tool_call(place, call) for place, call in enumerate(tool_calls, 1)]
    if not stream:
        message: dict[str, object] = {"role": "assistant", "content": None if text is None else "".join(text)}
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return Answer(body={**_envelope("chat.completion", model), "choices": [choice], **tokens})
    envelope = _envelope("chat.completion.chunk", model)
    choices = [_choice(delta) for delta in _deltas(text, calls)] + [_choice({}, reason)]
    chunks = [{**envelope, "choices": [choice]} for choice in choices]
    if tokens:
        chunks.append({**envelope, "choices": [], **tokens})
    return Answer(pieces=[*map(server_sent_event, chunks), server_sent_event("[DONE]")])


def _envelope(kind: str, model: str) -> dict[str, object]:
    return {"id": "chatcmpl-1", "object": kind, "created": _CREATED, "model": model}


def _choice(delta: Mapping[str, object], reason: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def _deltas(text: str | Sequence[str] | None, calls: Sequence[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    yield {"role": "assistant", "content": None if text is None else ""}
    for piece in fragments(text or ()):
        yield {"content": piece}
    for index, call in enumerate(calls):
        function = call["function"]
        assert isinstance(function, dict)  # noqa: S101 - made a few lines below
        arguments = function["arguments"]
        yield {"tool_calls": [{"index": index, **call, "function": {**function, "arguments": ""}}]}
        for part in (arguments[:1], arguments[1:]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}


def _tool_call(place: int, call: ToolCall) -> dict[str, object]:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id or f"call_{place}", "type": "function", "function": function}


def _usage(usage: Usage) -> Mapping[str, object]:
    if isinstance(usage, Mapping):
        return usage
    asked, answered = usage
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
