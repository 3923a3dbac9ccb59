from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from opentelemetry.context import get_current
from opentelemetry.trace import get_current_span

import orchestrace
from orchestrace.recording.arguments import Call
from orchestrace.recording.drivers.block import Passage, Passages
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.recording.roles.role import Role
from orchestrace.testing import Spans


def passage() -> Passage:
    """Return a pass through a block."""
    return Passage(lambda: begin(Declaration(role="tool"), "send", Call()))


class TestPassage:
    def test_the_span_is_current_inside(self, orchestrace_spans: Spans) -> None:
        """From `enter` to `leave`, and the context is the very same afterwards."""
        before = get_current()
        block = passage()
        assert get_current() is before
        block.enter()
        inside = get_current_span().get_span_context().span_id
        block.leave(None, None, None)

        assert get_current() is before
        assert inside == int(orchestrace_spans.one("execute_tool send").span_id, 16)

    def test_followed_is_who_follows_it(self, orchestrace_spans: Spans) -> None:
        """A block that nobody follows has nobody to tell more to."""
        block = passage()
        block.enter()
        followed = block.followed
        block.leave(None, None, None)

        assert isinstance(followed, Role)
        assert Passage(lambda: None).followed is None

    def test_left_by_another_thread(self, orchestrace_spans: Spans) -> None:
        """The span ends, and what is current in that thread is left alone."""
        block = passage()
        thread = threading.Thread(target=block.enter)
        thread.start()
        thread.join()
        before = get_current()
        block.leave(None, None, None)

        assert get_current() is before
        assert ["execute_tool send"] == [span.name for span in orchestrace_spans]

    def test_left_twice(self, orchestrace_spans: Spans) -> None:
        """The second time changes nothing."""
        block = passage()
        block.enter()
        block.leave(None, None, None)
        block.leave(ValueError, ValueError(), None)

        assert ["returned"] == [span.attributes["orchestrace.ending"] for span in orchestrace_spans]


class TestBlockAroundAYield:
    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_ends_where_it_is_left(self, orchestrace_spans: Spans, steps: int) -> None:
        """In a body that yields inside of a block, what follows the block is outside of it; so is the consumer."""
        outside = []

        @orchestrace.generator
        def draft() -> Iterator[int]:
            with orchestrace.tool(name="outer"):
                for number in range(steps):
                    with orchestrace.tool(name="inner"):
                        yield number
            with orchestrace.tool(name="after"):
                yield steps

        outside += [get_current_span().get_span_context().is_valid for _ in draft()]
        inner = "    execute_tool inner\n" * steps

        assert [False] * (steps + 1) == outside
        assert f"generate draft\n  execute_tool outer\n{inner}  execute_tool after" == orchestrace_spans.tree()

    def test_also_where_another_thread_goes_on(self, orchestrace_spans: Spans) -> None:
        """The block goes where the body goes."""

        @orchestrace.generator
        def draft() -> Iterator[str]:
            with orchestrace.tool(name="around"):
                yield "a"
            with orchestrace.tool(name="after"):
                yield "b"

        made = draft()
        next(made)
        before = get_current()
        thread = threading.Thread(target=lambda: list(made))
        thread.start()
        thread.join()

        assert get_current() is before
        assert "generate draft\n  execute_tool around\n  execute_tool after" == orchestrace_spans.tree()

    def test_content_is_off_no_longer_than_it_should_be(self, orchestrace_spans: Spans) -> None:
        """The level of a block around a `yield` ends with the block."""

        @orchestrace.generator
        def draft() -> Iterator[str]:
            with orchestrace.content("off"):
                yield "a"
                with orchestrace.tool(name="inside"):
                    pass
            with orchestrace.tool(name="after"):
                yield "b"

        list(draft())
        told = {span.name: "gen_ai.tool.call.arguments" in span.attributes for span in orchestrace_spans}

        assert (False, True) == (told["execute_tool inside"], told["execute_tool after"])


class TestBlockOfSeveralTasks:
    def test_each_leaves_its_own(self, orchestrace_spans: Spans) -> None:
        """One block, made once and used by all requests of a server, ends for each task when that task leaves it."""
        block = orchestrace.agent(name="shared")

        async def request(number: int, others: list[asyncio.Event]) -> None:
            with block as run:
                run.set_key(number)
                others[number].set()
                await others[1 - number].wait()  # both are inside
                if number:
                    await others[2].wait()  # the first one has left
                with orchestrace.tool(name=f"tool {number}"):
                    pass
            others[2].set()

        async def both() -> None:
            others = [asyncio.Event() for _ in range(3)]
            await asyncio.gather(request(0, others), request(1, others))

        asyncio.run(both())

        assert [("execute_tool tool 0", "0"), ("invoke_agent shared", "0"), ("execute_tool tool 1", "1"),
                ("invoke_agent shared", "1")] == [
            (span.name, span.attributes["orchestrace.key"]) for span in orchestrace_spans
        ]  # fmt: skip

    def test_a_block_inside_itself(self, orchestrace_spans: Spans) -> None:
        """It may be entered again while it is open: the inner one is left first."""
        block = orchestrace.agent(name="shared")
        with block, block:
            pass

        assert "invoke_agent shared\n  invoke_agent shared" == orchestrace_spans.tree()


class TestPassages:
    def test_the_last_that_was_entered_is_left_first(self, orchestrace_spans: Spans) -> None:
        """One block may be entered again while it is open."""
        block = Passages()
        followed = [block.enter(lambda name=name: begin(Declaration(role="tool"), name, Call())) for name in "ab"]
        block.leave(None, None, None)
        block.leave(None, None, None)

        assert all(isinstance(one, Role) for one in followed)
        assert ["execute_tool b", "execute_tool a"] == [span.name for span in orchestrace_spans]

    def test_each_thread_leaves_its_own(self, orchestrace_spans: Spans) -> None:
        """Whoever entered last."""
        block, barrier = Passages(), threading.Barrier(2, timeout=10)

        def work(name: str) -> None:
            block.enter(lambda: begin(Declaration(role="tool"), name, Call()))
            barrier.wait()
            block.leave(None, ValueError(name), None)

        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

        assert [("execute_tool a", "a"), ("execute_tool b", "b")] == sorted(
            (span.name, str(span.status_message)) for span in orchestrace_spans
        )

    def test_left_more_often_than_entered(self, orchestrace_spans: Spans) -> None:
        """Nothing happens."""
        Passages().leave(None, None, None)

        assert [] == list(orchestrace_spans)
