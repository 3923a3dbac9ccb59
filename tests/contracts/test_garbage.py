"""What has ended holds nothing that only a garbage collection would free: it has a prompt, and makes that run often."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

import orchestrace
from orchestrace.testing import Answer, ReplayServer, Request, capture, openai_chat

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
OURS = ("orchestrace", "opentelemetry.sdk")


def reply(request: Request) -> Answer:
    """Answer as it is asked."""
    return openai_chat("Hello there, you", stream=b'"stream":true' in request.body)


@pytest.fixture
def client() -> Iterator[openai.OpenAI]:
    """Return a client of a server that answers again and again."""
    with ReplayServer() as server, openai.OpenAI(api_key="none", base_url=f"{server.url}/v1") as client:
        server.answer(reply, times=None)
        yield client


def whole(client: openai.OpenAI) -> None:
    """Ask for an answer."""
    client.chat.completions.create(**ASKED)


def drained(client: openai.OpenAI) -> None:
    """Read a stream to its end."""
    for _ in client.chat.completions.create(**ASKED, stream=True):
        pass


def closed(client: openai.OpenAI) -> None:
    """Leave a stream."""
    with client.chat.completions.create(**ASKED, stream=True) as stream:
        next(iter(stream))


def looped(client: openai.OpenAI) -> None:
    """Draft and judge, twice."""

    @orchestrace.generator
    def draft() -> str:
        whole(client)
        return "draft"

    @orchestrace.evaluator
    def judge(text: str) -> bool:
        return not text

    with orchestrace.agent(name="A"):
        for _ in orchestrace.iterations(limit=2):
            judge(draft())


@pytest.fixture
def collector(little_to_collect: None) -> Iterator[None]:
    """Have the garbage collector keep what it finds, and look only when it is told to."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()
    gc.collect()


class TestEndedCalls:
    @pytest.mark.usefixtures("collector")
    @pytest.mark.parametrize("ask", [whole, drained, closed, looped])
    def test_are_freed_at_once(self, ask: Callable[[openai.OpenAI], None], client: openai.OpenAI) -> None:
        """Whoever is in a ring of references waits for the collector: a span, a recording, a stream."""
        with capture() as captured:
            for _ in range(2):
                ask(client)
            gc.collect()
            found = [type(one).__qualname__ for one in gc.garbage if type(one).__module__.startswith(OURS)]

        assert [] == found
        assert len(captured) >= 2
