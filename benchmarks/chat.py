"""The work that all contenders do: calls through OpenAI's client, answered inside the process or over the loopback."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count, cycle
from typing import TYPE_CHECKING, Any

import httpx2
from work import CHUNKS, TURNS

if TYPE_CHECKING:
    import openai

__all__ = ["Answers", "client", "prepared"]

MODEL = "gpt-4o-mini"
_ANSWERS = 16
"""How many different ones there are, beside the number that each gets when it is given: none comes twice."""
_NUMBER = b"000000"
_PROSE = """\
all work and no play makes a dull benchmark so here are some words of “prose” that nobody has chosen: candidates write
about engineers, compilers, teams, cities, mornings, 16 µs, "quotes", and what an evaluator said of each of its drafts\n
"""


def _text(size: int, salt: int = 0) -> str:
    words = random.Random(salt).choices(_PROSE.split(" "), k=size // 3)  # noqa: S311 - the same in every process
    return f"{salt}: {' '.join(words)}"[:size]


def _conversation(count: int) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    first = {"role": "system", "content": _text(1000)}
    return [first, *({"role": roles[turn % 2], "content": _text(1000, turn)} for turn in range(count - 1))]


def _whole(number: int) -> bytes:
    content = f"{_NUMBER.decode()} {_text(1000, 1000 + number)}"
    message = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 400, "completion_tokens": 200, "total_tokens": 600}
    chat = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1_767_225_600}
    rest = {"model": f"{MODEL}-2024-07-18", "choices": [choice], "usage": usage, "service_tier": "default"}
    return json.dumps({**chat, **rest}).encode()


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
        self._wholes = zip(count(), cycle([_whole(number) for number in range(_ANSWERS)]), strict=False)
        self.pieces = _pieces()

    @property
    def whole(self) -> bytes:
        """The next answer in one piece."""
        number, answer = next(self._wholes)
        return answer.replace(_NUMBER, b"%06d" % number, 1)

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


@cache
def client(address: str | None) -> openai.OpenAI:
    """Return a client of the provider at `address`, or of one in this process."""
    import openai  # noqa: PLC0415 - the other end, which answers only, starts sooner without

    key = "no-key"
    if address is not None:
        return openai.OpenAI(api_key=key, base_url=f"{address}/v1", max_retries=0)
    return openai.OpenAI(api_key=key, http_client=httpx2.Client(transport=Answers()), max_retries=0)


@cache
def prepared(kind: str, address: str | None) -> Callable[[], None]:
    """Return one piece of work for the provider at `address`, or in this process, to be done again and again."""
    messages: Any = _conversation({"call": 2, "stream": 2}.get(kind, 100))
    *before, last = messages
    create, numbers = client(address).chat.completions.create, count()

    def asked() -> Any:  # noqa: ANN401 - what `create` takes
        return [*before, {**last, "content": f"{next(numbers)} {last['content']}"}]  # no question comes twice

    def whole() -> None:
        create(model=MODEL, messages=asked(), temperature=0.2, max_tokens=500)

    def streamed() -> None:
        for _ in create(model=MODEL, messages=asked(), stream=True):
            pass

    def conversation() -> None:
        for turn in range(TURNS):
            create(model=MODEL, messages=messages[: 2 * turn + 2])

    return {"stream": streamed, "conversation": conversation}.get(kind, whole)
