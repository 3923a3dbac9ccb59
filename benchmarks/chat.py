"""The work that all contenders do: calls through OpenAI's client, answered inside the process or over the loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai

__all__ = ["CHUNKS", "WORK", "Answers", "client", "prepared"]

MODEL = "gpt-4o-mini"
CHUNKS = 500
_WORDS = "All work and no play makes a dull benchmark; so here are 16 µs of “prose”, with\nsome escapes. "


def _text(size: int, salt: int = 0) -> str:
    return (f"{salt}: " + _WORDS * (size // len(_WORDS) + 1))[:size]


def _conversation(count: int) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    first = {"role": "system", "content": _text(1000)}
    return [first, *({"role": roles[turn % 2], "content": _text(1000, turn)} for turn in range(count - 1))]


def _whole() -> bytes:
    message = {"role": "assistant", "content": _text(1000), "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 400, "completion_tokens": 200, "total_tokens": 600}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_225_600, "model": f"{MODEL}-2024-07-18"}
    return json.dumps({**head, "choices": [choice], "usage": usage, "service_tier": "default"}).encode()


def _pieces() -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_225_600, "model": MODEL}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": " word"},) * (CHUNKS - 2), {}]
    ends = [None] * (CHUNKS - 1) + ["stop"]
    choices = [
        {"index": 0, "delta": one, "logprobs": None, "finish_reason": end}
        for one, end in zip(deltas, ends, strict=True)
    ]
    events = [json.dumps({**head, "service_tier": "default", "choices": [one], "usage": None}) for one in choices]
    return [f"data: {event}\n\n".encode() for event in (*events, "[DONE]")]


class Answers(httpx2.BaseTransport):
    """A provider in the client's own process: no socket's noise in the figures."""

    def __init__(self) -> None:
        self.whole = _whole()
        self.pieces = _pieces()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a chat, as a stream if it asks for one."""
        if b'"stream":true' in request.content:
            head = {"content-type": "text/event-stream; charset=utf-8"}
            return httpx2.Response(200, headers=head, stream=_Pieces(self.pieces), request=request)
        head = {"content-type": "application/json", "x-request-id": "req_1"}
        return httpx2.Response(200, headers=head, stream=_Pieces([self.whole]), request=request)


class _Pieces(httpx2.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


def client(address: str | None) -> openai.OpenAI:
    """Return a client of the provider at `address`, or of one in this process."""
    key = "no-key"
    if address is not None:
        return openai.OpenAI(api_key=key, base_url=f"{address}/v1", max_retries=0)
    return openai.OpenAI(api_key=key, http_client=httpx2.Client(transport=Answers()), max_retries=0)


def prepared(asked: openai.OpenAI, kind: str) -> Callable[[], None]:
    """Return one piece of work, ready to be done again and again."""
    messages: Any = _conversation(100 if kind == "hundred" else 2)
    create = asked.chat.completions.create

    def whole() -> None:
        create(model=MODEL, messages=messages, temperature=0.2, max_tokens=500)

    def streamed() -> None:
        for _ in create(model=MODEL, messages=messages, stream=True):
            pass

    return streamed if kind == "stream" else whole


WORK = {
    "call": "call: 2 messages of 1 KB",
    "hundred": "call: 100 messages of 1 KB",
    "stream": f"chunk of a stream of {CHUNKS}",
}
"""The kinds of work, and what one unit of each is."""
