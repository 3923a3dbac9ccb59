"""A function that returns a stream is over when the stream is, and says what came of it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextvars import copy_context
from typing import Any
from weakref import ref

import anthropic
import anyio
import openai
import pytest

import orchestrace
from orchestrace.testing import ReplayServer, Spans, StepClock, anthropic_message, capture

from .conftest import CUT, STREAM, WHOLE, ending, first_of, held, told, words

READ = ("drained", "UNSET", "One two", 1, 5)
LEFT = ("abandoned", "UNSET", "One ", 1, None)
CANCELLED = ("cancelled", "UNSET", "One ", 1, None)
BROKEN = ("error", "ERROR", "One ", 1, None)
ROLES = ("invoke_agent craft", "generate draft")


# -- how it is dealt with ---------------------------------------------------------------------------------------------
def read_out(stream: Any) -> None:
    """Read all of it."""
    assert "One two" == "".join(map(words, stream))


def closed(stream: Any) -> None:
    """Read a little, and close it."""
    first_of(stream)
    stream.close()


def broke(stream: Any) -> None:
    """Read until the connection breaks."""
    with pytest.raises(openai.APIConnectionError):
        list(stream)


async def read_out_async(stream: Any) -> None:
    """Read all of it."""
    assert "One two" == "".join([words(chunk) async for chunk in stream])


async def first_word_async(stream: Any) -> None:
    """Read as far as the first word."""
    while not words(await anext(stream)):
        pass


async def closed_async(stream: Any) -> None:
    """Read a little, and close it."""
    await first_word_async(stream)
    await stream.close()


async def broke_async(stream: Any) -> None:
    """Read until the connection breaks."""
    with pytest.raises(openai.APIConnectionError):
        [chunk async for chunk in stream]


async def cancelled_async(stream: Any) -> None:
    """Cancel who reads it."""
    async with anyio.create_task_group() as group:
        begun = anyio.Event()

        async def read() -> None:
            await first_word_async(stream)
            begun.set()
            await first_word_async(stream)

        group.start_soon(read)
        await begun.wait()
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()


pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
"""trio has found that the SDK leaves generators of its own unclosed."""


def on_both_loops(row: str) -> pytest.MarkDecorator:
    """Run a test on asyncio and on trio, each a cell of the table."""
    cells = {name: pytest.mark.compatibility(table="streams", row=row, column=name) for name in ("asyncio", "trio")}
    return pytest.mark.parametrize("backend", [pytest.param(name, marks=cell) for name, cell in cells.items()])


class TestReturnedStream:
    @pytest.mark.compatibility(table="streams", row="a function returns it", column="threads")
    @pytest.mark.parametrize(
        ("deal", "answer", "expected"), [(read_out, WHOLE, READ), (closed, held(), LEFT), (broke, CUT, BROKEN)]
    )
    def test_ends_the_parts_that_returned_it(  # noqa: PLR0913, PLR0917 - a row of the table, and what it is played on
        self,
        deal: Callable[[Any], None],
        answer: Any,
        expected: tuple[object, ...],
        client: openai.OpenAI,
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
    ) -> None:
        """The agent, its generator and the call end alike, with sums and words; until then, none has ended."""

        @orchestrace.generator
        def draft() -> Any:
            return client.chat.completions.create(**STREAM)

        @orchestrace.agent
        def craft() -> Any:
            return draft()

        orchestrace_server.answer(answer)
        stream = craft()

        assert [*ROLES, "chat m"] == [span.name for span in orchestrace_spans.running]
        deal(stream)
        assert [expected, expected] == [told(orchestrace_spans.one(name)) for name in ROLES]
        call, agent = orchestrace_spans.one("chat m"), orchestrace_spans.one("invoke_agent craft")
        assert (expected[0], call.end) == (ending(call), agent.end)

    @on_both_loops("a function returns it")
    @pytest.mark.parametrize(
        ("deal", "answer", "expected"),
        [
            (read_out_async, WHOLE, READ),
            (closed_async, held(), LEFT),
            (broke_async, CUT, BROKEN),
            (cancelled_async, held(), CANCELLED),
        ],
    )
    def test_ends_them_in_tasks_too(  # noqa: PLR0913, PLR0917 - a row of the table, and what it is played on
        self,
        deal: Callable[[Any], Awaitable[None]],
        answer: Any,
        expected: tuple[object, ...],
        backend: str,
        make_async: Callable[[], openai.AsyncOpenAI],
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
    ) -> None:
        """Whatever event loop runs them; a reader that is cancelled cancels what it reads."""

        async def main() -> None:
            async with make_async() as client:

                @orchestrace.generator
                async def draft() -> Any:
                    return await client.chat.completions.create(**STREAM)

                @orchestrace.agent
                async def craft() -> Any:
                    return await draft()

                await deal(await craft())

        orchestrace_server.answer(answer)
        anyio.run(main, backend=backend)

        assert [expected, expected] == [told(orchestrace_spans.one(name)) for name in ROLES]

    def test_is_the_very_object_and_is_not_held(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """What the SDK returned is what the program gets; dropped, it is gone, and the run was abandoned."""
        made: list[Any] = []

        @orchestrace.agent
        def craft() -> Any:
            made.append(client.chat.completions.create(**STREAM))
            return made[0]

        orchestrace_server.answer(held())
        stream = craft()
        assert stream is made.pop()
        first_of(stream)
        kept = ref(stream)
        del stream
        gc.collect()

        assert kept() is None
        assert LEFT == told(orchestrace_spans.one("invoke_agent craft"))

    def test_in_something_that_reads_it(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """A generator of the program's own, or a pair with the stream in it, is as much a stream."""

        @orchestrace.agent(name="craft")
        def bare() -> Iterator[str]:
            stream = client.chat.completions.create(**STREAM)
            return (words(chunk) for chunk in stream)

        @orchestrace.agent(name="craft")
        def pair() -> tuple[Any, str]:
            return client.chat.completions.create(**STREAM), "meta"

        orchestrace_server.answer(WHOLE, times=2)
        "".join(bare())
        read_out(pair()[0])

        assert [READ, READ] == [told(span) for span in orchestrace_spans.named("invoke_agent craft")]

    def test_what_was_said_to_be_the_output_stands(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """`set_output` has the last word, as for any function."""

        @orchestrace.agent
        def craft() -> Any:
            orchestrace.current().set_output("mine")
            return client.chat.completions.create(**STREAM)

        orchestrace_server.answer(WHOLE)
        read_out(craft())

        assert "mine" == orchestrace_spans.attributes("invoke_agent craft")["output.value"]

    def test_of_anthropic(self, orchestrace_server: ReplayServer) -> None:
        """A call whose span the SDK makes itself ends its agent as well."""
        with (
            anthropic.Anthropic(base_url=orchestrace_server.url, api_key="test", max_retries=0) as claude,
            capture(as_global=True) as spans,
        ):

            @orchestrace.agent
            def craft() -> Any:
                return claude.messages.create(**STREAM, max_tokens=9)

            orchestrace_server.answer(anthropic_message(["One ", "two"], stream=True))
            list(craft())

            assert READ == told(spans.one("invoke_agent craft"))
            assert "drained" == ending(spans.one("anthropic.messages.create"))

    def test_ends_when_the_last_of_several_does(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """What is worst is what the run says: one was read, one was left."""

        @orchestrace.agent
        def craft() -> list[Any]:
            return [client.chat.completions.create(**STREAM) for _ in range(2)]

        orchestrace_server.answer(WHOLE, times=2)
        one, other = craft()
        read_out(one)
        assert ["invoke_agent craft", "chat m"] == [span.name for span in orchestrace_spans.running]
        closed(other)

        assert ("abandoned", "UNSET", '["One two","One "]', 2, 5) == told(orchestrace_spans.one("invoke_agent craft"))


class TestIteration:
    def test_ends_with_the_stream_that_began_in_it(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer
    ) -> None:
        """Returned out of the loop, the stream belongs to its iteration, in time and in the sums."""

        @orchestrace.generator
        def draft() -> Any:
            return client.chat.completions.create(**STREAM)

        @orchestrace.agent
        def craft() -> Any:
            for _ in orchestrace.iterations(limit=3):
                return draft()
            return None

        orchestrace_server.answer(WHOLE)
        with capture(clock=StepClock()) as spans:
            read_out(craft())

        ended = [spans.one(name) for name in ("chat m", "generate draft", "iteration 1", "invoke_agent craft")]
        assert ended == list(spans)
        assert 1 == len({span.end for span in ended})
        assert ("drained", "UNSET", "One two", 1, 5) == told(ended[2])

    def test_is_judged_when_its_stream_was_read_in_the_loop(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """With `iterations()` or without: the draft has ended, and the verdict is on its iteration."""

        @orchestrace.generator
        def draft() -> Any:
            return client.chat.completions.create(**STREAM)

        @orchestrace.evaluator
        def long(text: str) -> bool:
            return len(text) > 9

        @orchestrace.agent
        def counted() -> None:
            for _ in orchestrace.iterations(limit=2):
                long("".join(map(words, draft())))

        @orchestrace.agent
        def inferred() -> None:
            for _ in range(2):
                long("".join(map(words, draft())))

        orchestrace_server.answer(WHOLE, times=4)
        counted()
        inferred()

        index = "orchestrace.iteration.index"
        for name in ("generate draft", "evaluate long"):
            assert [1, 2, 1, 2] == [span.attributes[index] for span in orchestrace_spans.named(name)]
        runs = [orchestrace_spans.attributes(f"invoke_agent {name}") for name in ("counted", "inferred")]
        assert [(2, 10)] * 2 == [
            (run["orchestrace.iterations"], run["orchestrace.usage.output_tokens"]) for run in runs
        ]

    def test_of_a_draft_that_is_left_half_read(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """Its generator still waits for it; the next draft is the next iteration all the same."""

        @orchestrace.generator
        def draft() -> Any:
            return client.chat.completions.create(**STREAM)

        @orchestrace.evaluator
        def judge() -> bool:
            return False

        @orchestrace.agent
        def craft() -> None:
            streams = [draft()]
            first_of(streams[0])
            judge()
            read_out(draft())
            streams[0].close()

        orchestrace_server.answer(held())
        orchestrace_server.answer(WHOLE)
        craft()

        drafts = orchestrace_spans.named("generate draft")
        assert [("drained", 2), ("abandoned", 1)] == [
            (ending(span), span.attributes["orchestrace.iteration.index"]) for span in drafts
        ]


class TestPlainValue:
    def test_is_not_waited_with_for_a_stream_that_was_left(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """Python may find out much later that nobody has it any more. What it used so far is in the sums."""
        kept: list[Any] = []

        @orchestrace.agent
        def craft() -> str:
            kept.append(client.chat.completions.create(**STREAM))
            first_of(kept[0])
            return "enough"

        orchestrace_server.answer(held())
        craft()

        assert ("returned", "UNSET", "enough", 1, None) == told(orchestrace_spans.one("invoke_agent craft"))
        assert ["chat m"] == [span.name for span in orchestrace_spans.running]
        kept[0].close()
        assert "abandoned" == ending(orchestrace_spans.one("chat m"))

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_neither_is_an_error(
        self,
        error: type[BaseException],
        client: openai.OpenAI,
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
    ) -> None:
        """What broke off has ended, whoever holds the stream."""
        kept: list[Any] = []

        @orchestrace.agent
        def craft() -> None:
            kept.append(client.chat.completions.create(**STREAM))
            raise error

        orchestrace_server.answer(held())
        with pytest.raises(error):
            craft()

        assert 1 == orchestrace_spans.attributes("invoke_agent craft")["orchestrace.usage.calls"]
        kept[0].close()

    @pytest.mark.compatibility(table="streams", row="another thread or task reads it", column="threads")
    def test_waits_for_other_threads(
        self, client: openai.OpenAI, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """A thread that still reads belongs to the run: it returned its value, and ended with the thread."""
        go, begun = threading.Event(), threading.Event()
        threads: list[threading.Thread] = []

        @orchestrace.agent
        def craft() -> str:
            def read() -> None:
                stream = client.chat.completions.create(**STREAM)
                first_of(stream)
                begun.set()
                list(stream)

            threads.append(threading.Thread(target=copy_context().run, args=(read,)))
            threads[0].start()
            assert begun.wait(20)
            return "early"

        orchestrace_server.answer(held(go))
        craft()
        assert ["invoke_agent craft", "chat m"] == [span.name for span in orchestrace_spans.running]
        go.set()
        threads[0].join()

        agent, call = orchestrace_spans.one("invoke_agent craft"), orchestrace_spans.one("chat m")
        assert ("returned", "UNSET", "early", 1, 5) == told(agent)
        assert call.end == agent.end

    @on_both_loops("another thread or task reads it")
    def test_waits_for_other_tasks(
        self,
        backend: str,
        make_async: Callable[[], openai.AsyncOpenAI],
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
    ) -> None:
        """A task that was not awaited likewise."""
        go = threading.Event()

        async def main() -> None:
            async with make_async() as client, anyio.create_task_group() as group:

                @orchestrace.agent
                async def craft() -> str:
                    begun = anyio.Event()

                    async def read() -> None:
                        stream = await client.chat.completions.create(**STREAM)
                        await first_word_async(stream)
                        begun.set()
                        [chunk async for chunk in stream]

                    group.start_soon(read)
                    await begun.wait()
                    return "early"

                await craft()
                assert ["invoke_agent craft", "chat m"] == [span.name for span in orchestrace_spans.running]
                go.set()

        orchestrace_server.answer(held(go))
        anyio.run(main, backend=backend)

        assert ("returned", "UNSET", "early", 1, 5) == told(orchestrace_spans.one("invoke_agent craft"))
