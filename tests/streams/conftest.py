"""
Agents that return streams, and what is told of them.

A provider answers in pieces, over real HTTP; a held answer goes on when the test says so. Nothing sleeps: what is to
happen is waited for, for at most `PATIENCE` seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import openai
import pytest

from orchestrace.records import SpanRecord
from orchestrace.testing import Answer, Cut, Memory, Pause, ReplayServer, Spans, openai_chat

PATIENCE: Final = 20.0
QUESTION: Final[dict[str, Any]] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
STREAM: Final[dict[str, Any]] = {**QUESTION, "stream": True}
WHOLE: Final = openai_chat(["One ", "two"], stream=True, usage=(12, 5))
"""A chunk without words, two with, one with the reason, one with the tokens."""
CUT: Final = replace(WHOLE, pieces=[*(WHOLE.pieces or [])[:2], Cut()])


def held(until: threading.Event | None = None) -> Answer:
    """Return an answer that waits after its first word."""
    pieces = WHOLE.pieces or []
    return replace(WHOLE, pieces=[*pieces[:2], Pause(60.0, until), *pieces[2:]])


def words(chunk: Any) -> str:
    """Return what a chunk says."""
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


def first_of(stream: Any) -> None:
    """Read as far as the first word."""
    while not words(next(stream)):
        pass


def ending(span: SpanRecord) -> object:
    """Return how a span says that it ended."""
    return span.attributes["orchestrace.ending"]


def told(span: SpanRecord) -> tuple[object, ...]:
    """Return how a part of a run ended, what it gave, and what it used."""
    found = span.attributes
    sums = [found.get(f"orchestrace.usage.{name}") for name in ("calls", "output_tokens")]
    return found["orchestrace.ending"], span.status, found.get("output.value"), *sums


@dataclass
class Ends:
    """The spans that have ended, for who waits for one."""

    spans: list[SpanRecord] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, name: str) -> SpanRecord:
        """Return the span of a name, as soon as it has ended."""
        with self.changed:
            found = self.changed.wait_for(lambda: [one for one in self.spans if one.name == name], PATIENCE)
        assert found, f"{name} has not ended"
        return found[0]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch, orchestrace_spans: Spans) -> Ends:
    """Hear of every captured span when it ends."""
    heard, keep = Ends(), Memory.ended

    def ended(self: Memory, record: SpanRecord) -> None:
        keep(self, record)
        with heard.changed:
            heard.spans.append(record)
            heard.changed.notify_all()

    monkeypatch.setattr(Memory, "ended", ended)
    return heard


@pytest.fixture
def client(orchestrace_server: ReplayServer) -> Iterator[openai.OpenAI]:
    """Return a client of the provider."""
    with openai.OpenAI(base_url=f"{orchestrace_server.url}/v1", api_key="test", max_retries=0) as made:
        yield made


@pytest.fixture
def make_async(orchestrace_server: ReplayServer) -> Callable[[], openai.AsyncOpenAI]:
    """Return what makes clients of the provider, each for one event loop."""
    return lambda: openai.AsyncOpenAI(base_url=f"{orchestrace_server.url}/v1", api_key="test", max_retries=0)
