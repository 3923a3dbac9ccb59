from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from typing import Any
from weakref import ref

import pytest
from opentelemetry.trace import get_current_span

import orchestrace
from orchestrace.recording.tracer import tracer
from orchestrace.testing import Spans


class WeakError(Exception):
    """An exception of which it can be seen whether it is still there."""


@orchestrace.tool
def look() -> None:
    """Be a child."""


class TestDriveGenerator:
    def test_it_begins_at_its_first_step(self, orchestrace_spans: Spans) -> None:
        """And stands below whoever makes that step, not below whoever made the generator."""

        @orchestrace.generator
        def draft() -> Iterator[str]:
            yield "a"

        with orchestrace.agent(name="maker"):
            made = draft()
        with orchestrace.agent(name="reader"):
            list(made)

        assert "invoke_agent maker\ninvoke_agent reader\n  generate draft" == orchestrace_spans.tree()

    def test_a_span_of_the_bodys_own_stays_current_in_it(self, orchestrace_spans: Spans) -> None:
        """Across a `yield` it is current inside, and not outside; nothing complains when it is left."""
        outside = []

        @orchestrace.generator
        def draft() -> Iterator[str]:
            with tracer().start_as_current_span("inner"):
                look()
                yield "a"
                look()
                yield "b"
            look()

        outside += [get_current_span().get_span_context().is_valid for _ in draft()]

        assert [False, False] == outside
        assert (
            "generate draft\n  inner\n    execute_tool look\n    execute_tool look\n  execute_tool look"
        ) == orchestrace_spans.tree()

    def test_two_that_take_turns_keep_apart(self, orchestrace_spans: Spans) -> None:
        """Each goes on with its own context."""

        @orchestrace.generator
        def draft(name: str) -> Iterator[str]:
            for number in "12":
                with orchestrace.tool(name=name + number):
                    yield number

        list(zip(draft("a"), draft("b"), strict=True))

        assert (
            "generate draft\n  execute_tool a1\n  execute_tool a2\ngenerate draft\n  execute_tool b1\n  execute_tool b2"
        ) == orchestrace_spans.tree()

    def test_one_inside_another(self, orchestrace_spans: Spans) -> None:
        """`yield from` delegates to it as to any generator, and gets its value."""

        @orchestrace.generator
        def inner() -> Generator[str, str, str]:
            look()
            return "".join([(yield "a"), (yield "b")])

        @orchestrace.generator
        def outer() -> Generator[str, str, str]:
            value = yield from inner()
            look()
            return value

        made = outer()
        given = [next(made), made.send("x")]
        with pytest.raises(StopIteration, match="xy"):
            made.send("y")

        assert ["a", "b"] == given
        assert (
            "generate outer\n  generate inner\n    execute_tool look\n  execute_tool look"
        ) == orchestrace_spans.tree()

    def test_what_it_does_when_it_is_dropped_is_inside(self, orchestrace_spans: Spans) -> None:
        """The `finally` of a body runs in its scope, in whatever thread the generator is dropped."""

        @orchestrace.generator
        def draft() -> Iterator[str]:
            try:
                yield "a"
            finally:
                look()

        held = [draft()]
        next(held[0])
        thread = threading.Thread(target=held.clear)
        thread.start()
        thread.join()

        assert "generate draft\n  execute_tool look" == orchestrace_spans.tree()

    def test_an_interrupt_in_a_fold_is_the_programs(self, orchestrace_spans: Spans) -> None:
        """`reduce` is the program's: a KeyboardInterrupt in it is raised, and the span ends all the same."""

        def reduce(_: list[object]) -> object:
            raise KeyboardInterrupt

        @orchestrace.generator(reduce=reduce)
        def draft() -> Iterator[str]:
            yield "a"

        with pytest.raises(KeyboardInterrupt):
            list(draft())

        assert ["generate draft"] == [span.name for span in orchestrace_spans]

    def test_what_was_thrown_in_is_not_held(self, orchestrace_spans: Spans) -> None:
        """No cycle of a frame of ours and an exception keeps the program's objects alive."""

        @orchestrace.generator
        def draft() -> Iterator[str]:
            yield "a"

        made, error = draft(), WeakError()
        kept = ref(error)
        next(made)
        gc.collect()
        gc.disable()
        try:
            with suppress(WeakError):
                made.throw(error)
            del error
            assert kept() is None
        finally:
            gc.enable()


class TestDriveAsyncGenerator:
    def test_the_loop_knows_one_generator(self, orchestrace_spans: Spans) -> None:
        """Only the one that the program holds: it would close the body beside it, in a task outside of the scope."""
        known: list[Any] = []

        @orchestrace.generator
        async def draft() -> AsyncIterator[str]:
            yield "a"

        async def main() -> None:
            loop_knows, finalises = sys.get_asyncgen_hooks()

            def note(made: Any) -> None:
                known.append(made)
                assert loop_knows is not None
                loop_knows(made)

            sys.set_asyncgen_hooks(note, finalises)
            made = draft()
            await made.__anext__()
            assert [made] == known
            assert (note, finalises) == tuple(sys.get_asyncgen_hooks())
            await made.aclose()

        asyncio.run(main())

        assert "abandoned" == orchestrace_spans.attributes("generate draft")["orchestrace.ending"]

    def test_what_it_does_when_the_collector_finds_it_is_inside(self, orchestrace_spans: Spans) -> None:
        """The loop closes it in a task; what the body awaits in its `finally` runs once, and in its scope."""

        @orchestrace.generator
        async def draft() -> AsyncIterator[str]:
            try:
                yield "a"
            finally:
                await asyncio.sleep(0)
                look()

        async def main() -> None:
            cycle: list[object] = [draft()]
            cycle.append(cycle)
            await cycle[0].__anext__()  # type: ignore[attr-defined]
            del cycle
            gc.collect()
            for _ in range(5):
                await asyncio.sleep(0)

        asyncio.run(main())

        assert "generate draft\n  execute_tool look" == orchestrace_spans.tree()

    def test_one_that_nobody_can_close_is_abandoned(self, orchestrace_spans: Spans) -> None:
        """A loop that is closed closes no generator: Python lets it go without a word to its body."""

        @orchestrace.generator
        async def draft() -> AsyncIterator[str]:
            yield "a"
            yield "b"

        made = draft()
        loop = asyncio.new_event_loop()
        loop.run_until_complete(made.__anext__())
        loop.close()
        del made
        gc.collect()

        assert "abandoned" == orchestrace_spans.attributes("generate draft")["orchestrace.ending"]
