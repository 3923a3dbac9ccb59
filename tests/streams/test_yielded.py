"""An agent or generator that yields what it reads from a provider's stream, whoever reads it in turn, and where."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

import anyio
import openai
import pytest

import orchestrace
from orchestrace.testing import ReplayServer, Spans

from .conftest import STREAM, WHOLE, ending, held, told, words

READ = ("drained", "UNSET", "One two", 1, 5)
LEFT = ("abandoned", "UNSET", "One ", 1, None)
PARTS = ("invoke_agent craft", "generate draft")

pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")


@pytest.fixture
def craft(client: openai.OpenAI) -> Callable[[], Iterator[str]]:
    """Return an agent that yields what its generator yields of a stream, and judges it."""

    @orchestrace.generator
    def draft() -> Iterator[str]:
        for chunk in client.chat.completions.create(**STREAM):
            if word := words(chunk):
                yield word

    @orchestrace.evaluator
    def judge(text: str) -> bool:
        return bool(text)

    @orchestrace.agent
    def craft() -> Iterator[str]:
        text = ""
        for word in draft():
            text += word
            yield word
        judge(text)

    return craft


def async_agent(client: openai.AsyncOpenAI) -> Callable[[], AsyncIterator[str]]:
    """Return the same without a judge, for an event loop."""

    @orchestrace.generator
    async def draft() -> AsyncIterator[str]:
        async for chunk in await client.chat.completions.create(**STREAM):
            if word := words(chunk):
                yield word

    @orchestrace.agent
    async def craft() -> AsyncIterator[str]:
        async with aclosing(draft()) as drafted:
            async for word in drafted:
                yield word

    return craft


class TestGenerator:
    def test_read_out(
        self, craft: Callable[[], Iterator[str]], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """Sums, words and verdict are the run's, of its one iteration."""
        orchestrace_server.answer(WHOLE)
        list(craft())

        assert [READ, READ] == [told(orchestrace_spans.one(name)) for name in PARTS]
        agent = orchestrace_spans.attributes("invoke_agent craft")
        assert (1, True) == (agent["orchestrace.iterations"], agent["orchestrace.accepted"])

    @pytest.mark.parametrize("collects", [False, True])
    def test_broken_off(
        self,
        collects: bool,  # noqa: FBT001 - a parameter of the test
        craft: Callable[[], Iterator[str]],
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
    ) -> None:
        """Closed by hand or by being dropped: the run has ended at once, and knows of its call."""
        orchestrace_server.answer(held())
        made = craft()
        next(made)
        if not collects:
            made.close()
        del made

        assert [LEFT, LEFT] == [told(orchestrace_spans.one(name)) for name in PARTS]
        gc.collect()
        assert "abandoned" == ending(orchestrace_spans.one("chat m"))

    def test_each_step_in_another_thread_and_context(
        self, craft: Callable[[], Iterator[str]], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """As a web framework steps it in a pool of threads."""
        orchestrace_server.answer(WHOLE)
        made = craft()
        steps = 0
        with ThreadPoolExecutor(2) as pool:
            while pool.submit(contextvars.Context().run, next, made, None).result() is not None:
                steps += 1

        assert 2 == steps
        assert [READ, READ] == [told(orchestrace_spans.one(name)) for name in PARTS]
        assert 1 == len({span.trace_id for span in orchestrace_spans})

    def test_closed_in_another_thread(
        self, craft: Callable[[], Iterator[str]], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """Whoever closes it, it was abandoned."""
        orchestrace_server.answer(held())
        made = craft()
        next(made)
        thread = threading.Thread(target=made.close)  # type: ignore[attr-defined] # a generator has it
        thread.start()
        thread.join()

        assert [LEFT, LEFT] == [told(orchestrace_spans.one(name)) for name in PARTS]

    def test_begun_and_returned(
        self, craft: Callable[[], Iterator[str]], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """A generator that is recorded is a stream itself: who has begun it and returns it waits for it."""

        @orchestrace.workflow
        def flow() -> Iterator[str]:
            made = craft()
            first = next(made)
            return (first + word for word in made)

        orchestrace_server.answer(WHOLE)
        rest = flow()
        assert ["invoke_workflow flow", *PARTS, "chat m"] == [span.name for span in orchestrace_spans.running]
        list(rest)

        assert READ == told(orchestrace_spans.one("invoke_workflow flow"))


class TestAsyncGenerator:
    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_read_out(
        self,
        backend: str,
        make_async: Callable[[], openai.AsyncOpenAI],
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
    ) -> None:
        """Sums and words are the run's."""

        async def main() -> None:
            async with make_async() as client:
                [word async for word in async_agent(client)()]

        orchestrace_server.answer(WHOLE)
        anyio.run(main, backend=backend)

        assert [READ, READ] == [told(orchestrace_spans.one(name)) for name in PARTS]

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_closed(
        self,
        backend: str,
        make_async: Callable[[], openai.AsyncOpenAI],
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
    ) -> None:
        """`aclose` abandons it: it has ended when that returns."""

        async def main() -> None:
            async with make_async() as client:
                made: Any = async_agent(client)()
                await anext(made)
                await made.aclose()
                assert [LEFT, LEFT] == [told(orchestrace_spans.one(name)) for name in PARTS]

        orchestrace_server.answer(held())
        anyio.run(main, backend=backend)

    def test_made_in_one_task_and_read_in_another(
        self,
        make_async: Callable[[], openai.AsyncOpenAI],
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
    ) -> None:
        """Each step in a task of its own, one after the other: one run."""

        async def main() -> None:
            async with make_async() as client:
                made: Any = async_agent(client)()
                read = [await asyncio.create_task(anext(made, None)) for _ in range(3)]
                assert ["One ", "two", None] == read

        orchestrace_server.answer(WHOLE)
        asyncio.run(main())

        assert [READ, READ] == [told(orchestrace_spans.one(name)) for name in PARTS]
