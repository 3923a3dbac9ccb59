"""Cancellation in all its forms, and the interpreter's end, with a stream open."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openai
import pytest
import trio

import orchestrace
from orchestrace.journal.reader import Reader
from orchestrace.testing import ReplayServer, Spans

from .conftest import STREAM, WHOLE, ending, held, words

pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")


def reading(client: openai.AsyncOpenAI, begun: Callable[[], object] = lambda: None) -> Callable[[], Awaitable[str]]:
    """Return an agent that reads a stream inside of a block of the SDK's."""

    @orchestrace.agent
    async def craft() -> str:
        text = ""
        async with client.chat.completions.stream(model="m", messages=STREAM["messages"]) as events:
            async for event in events:
                if event.type == "chunk":
                    text += words(event.chunk)
                if text:
                    begun()
        return text

    return craft


async def beside_a_failure(craft: Callable[[], Awaitable[str]], begun: asyncio.Event) -> None:
    """Have another task of the group fail."""

    async def fail() -> None:
        await begun.wait()
        raise ValueError

    async with asyncio.TaskGroup() as group:
        group.create_task(craft())  # type: ignore[arg-type] # a coroutine
        group.create_task(fail())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups of tasks came with Python 3.11")
class TestCancelled:
    def test_by_a_timeout_around(
        self, make_async: Callable[[], openai.AsyncOpenAI], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """Whoever waits gives up: the agent was cancelled, and so was its call."""

        async def main() -> None:
            async with make_async() as client:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(None) as limit:
                        await reading(client, lambda: limit.reschedule(0.0))()

        orchestrace_server.answer(held())
        asyncio.run(main())

        assert ["cancelled"] * 2 == [ending(orchestrace_spans.one(name)) for name in ("chat m", "invoke_agent craft")]

    def test_by_a_timeout_inside(
        self, make_async: Callable[[], openai.AsyncOpenAI], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """An agent that gives up itself raises TimeoutError, which is an error; its call was cancelled."""

        async def main() -> None:
            async with make_async() as client:

                @orchestrace.agent
                async def craft() -> None:
                    async with asyncio.timeout(None) as limit:
                        async for _ in await client.chat.completions.create(**STREAM):
                            limit.reschedule(0.0)

                with pytest.raises(TimeoutError):
                    await craft()

        orchestrace_server.answer(held())
        asyncio.run(main())

        assert ["cancelled", "error"] == [
            ending(orchestrace_spans.one(name)) for name in ("chat m", "invoke_agent craft")
        ]

    def test_with_the_group_of_tasks(
        self, make_async: Callable[[], openai.AsyncOpenAI], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """Another task's error cancels this one."""

        async def main() -> None:
            begun = asyncio.Event()
            async with make_async() as client:
                with pytest.RaisesGroup(ValueError):
                    await beside_a_failure(reading(client, begun.set), begun)

        orchestrace_server.answer(held())
        asyncio.run(main())

        assert ["cancelled"] * 2 == [ending(orchestrace_spans.one(name)) for name in ("chat m", "invoke_agent craft")]

    def test_by_trio(
        self, make_async: Callable[[], openai.AsyncOpenAI], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """`trio.Cancelled` is a cancellation."""

        async def main() -> None:
            begun = trio.Event()
            async with make_async() as client, trio.open_nursery() as nursery:
                nursery.start_soon(reading(client, begun.set))
                await begun.wait()
                nursery.cancel_scope.cancel()

        orchestrace_server.answer(held())
        trio.run(main)

        assert ["cancelled"] * 2 == [ending(orchestrace_spans.one(name)) for name in ("chat m", "invoke_agent craft")]


class TestBlockOfTheSDK:
    def test_that_is_left(
        self, make_async: Callable[[], openai.AsyncOpenAI], orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """A stream that was read inside of the agent leaves nothing to wait for."""

        async def main() -> None:
            async with make_async() as client:
                assert "One two" == await reading(client)()

        orchestrace_server.answer(WHOLE)
        asyncio.run(main())

        assert [("chat m", "drained"), ("invoke_agent craft", "returned")] == [
            (span.name, ending(span)) for span in orchestrace_spans
        ]


LEAVES = """
import atexit, os, sys
atexit.register(os._exit, 0)  # when all other hooks have run: CPython 3.13.0 then crashes over the SDK's open stream
import openai, orchestrace
from orchestrace.testing import ReplayServer
from tests.streams.conftest import STREAM, first_of, held

orchestrace.configure(journal=sys.argv[1])
server = ReplayServer().__enter__()
client = openai.OpenAI(base_url=server.url + "/v1", api_key="test", max_retries=0)


@orchestrace.agent
def craft():
    return client.chat.completions.create(**STREAM)


server.answer(held())
stream = craft()
first_of(stream)
"""


class TestExit:
    def test_with_a_returned_stream(self, tmp_path: Path) -> None:
        """The interpreter leaves before the stream was read: the agent was interrupted, with what came so far."""
        root = Path(__file__).parents[2]
        command = [sys.executable, "-c", LEAVES, str(tmp_path)]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own words
        assert (0, "") == (done.returncode, done.stderr)

        reader = Reader(tmp_path)
        (run,) = reader.runs()
        spans = reader.trace(run.trace_id)
        assert [("invoke_agent craft", "interrupted"), ("chat m", "interrupted")] == [
            (span.name, ending(span)) for span in spans
        ]
        agent: Any = spans[0]
        assert ("One ", 1) == (agent.attributes["output.value"], agent.attributes["orchestrace.usage.calls"])
