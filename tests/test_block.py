from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from contextvars import copy_context

import pytest
from opentelemetry.trace import get_current_span

import orchestrace
from orchestrace import block as block_module
from orchestrace.block import Block
from orchestrace.recording import switch
from orchestrace.testing import Spans

VERBS = {
    "agent": "invoke_agent",
    "workflow": "invoke_workflow",
    "generator": "generate",
    "evaluator": "evaluate",
    "tool": "execute_tool",
    "retriever": "retrieval",
}
each_role = pytest.mark.parametrize("role", VERBS)


def block(role: str, **options: object) -> Block:
    """Return what the decorator of a role gives for options."""
    made: Block = getattr(orchestrace, role)(**options)
    return made


class TestWith:
    @each_role
    def test_the_body_is_recorded(self, role: str, orchestrace_spans: Spans) -> None:
        """As a call of that role, current as long as it runs."""
        with block(role, name="N"):
            inside = get_current_span().get_span_context().span_id
        span = orchestrace_spans.one(f"{VERBS[role]} N")

        assert f"{inside:016x}" == span.span_id
        assert not get_current_span().get_span_context().is_valid
        assert "returned" == span.attributes["orchestrace.ending"]

    @each_role
    def test_without_a_name_it_is_called_like_its_role(self, role: str, orchestrace_spans: Spans) -> None:
        """There is no function to name it after."""
        with block(role):
            pass

        assert f"{VERBS[role]} {role}" == orchestrace_spans.tree()

    @each_role
    def test_async_with(self, role: str, orchestrace_spans: Spans) -> None:
        """The same block, entered asynchronously."""

        async def run() -> None:
            async with block(role, name="N") as handle:
                await asyncio.sleep(0)
                handle.set_output("x")

        asyncio.run(run())

        assert f"{VERBS[role]} N orchestrace.ending=returned" == orchestrace_spans.tree("orchestrace.ending")

    def test_it_yields_the_handle_of_what_runs(self, orchestrace_spans: Spans) -> None:
        """What is said to it stands on this span, also when something else runs inside."""
        with orchestrace.agent(name="A") as run, orchestrace.generator(name="draft") as role:
            same = run.reference == orchestrace.current().reference
            run.set_output("of the run")
            role.set_output("of the role")

        assert same
        assert ["of the role", "of the run"] == [span.attributes["output.value"] for span in orchestrace_spans]

    def test_what_was_said_to_the_decorator_holds(self, orchestrace_spans: Spans) -> None:
        """Values are taken; a path finds nothing, because a block has no arguments."""
        with orchestrace.agent(name="A", version="1", description="D.", config={"limit": 3}, key="job.id"):
            pass
        attributes = orchestrace_spans.attributes("invoke_agent A")

        assert ("1", "D.", '{"limit":3}') == tuple(
            attributes[f"{name}"]
            for name in ("gen_ai.agent.version", "gen_ai.agent.description", "orchestrace.agent.config")
        )
        assert {"orchestrace.key", "input.value"}.isdisjoint(attributes)


class TestEndings:
    @pytest.mark.parametrize(
        ("error", "ending", "status"),
        [(ValueError("no"), "error", "ERROR"), (KeyboardInterrupt(), "cancelled", "UNSET")],
    )
    @pytest.mark.parametrize("role", ["agent", "tool"])
    def test_an_exception_passes(
        self, role: str, error: BaseException, ending: str, status: str, orchestrace_spans: Spans
    ) -> None:
        """It is recorded and never swallowed."""
        with pytest.raises(type(error)) as caught, block(role, name="N"):
            raise error
        span = orchestrace_spans.one(f"{VERBS[role]} N")

        assert error is caught.value
        assert (ending, status) == (span.attributes["orchestrace.ending"], span.status)

    def test_cancellation_is_no_error(self, orchestrace_spans: Spans) -> None:
        """Of the task that the block runs in."""

        async def run() -> None:
            async with orchestrace.agent(name="A"):
                await asyncio.get_running_loop().create_future()

        async def cancel() -> None:
            task = asyncio.create_task(run())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

        asyncio.run(cancel())

        assert "invoke_agent A orchestrace.ending=cancelled" == orchestrace_spans.tree("orchestrace.ending")

    def test_stacks_can_hold_it(self, orchestrace_spans: Spans) -> None:
        """Synchronous and asynchronous."""

        async def run() -> None:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(orchestrace.agent(name="A"))
                stack.enter_context(orchestrace.tool(name="t"))

        asyncio.run(run())
        with ExitStack() as stack:
            stack.enter_context(orchestrace.agent(name="B"))

        assert "invoke_agent A\n  execute_tool t\ninvoke_agent B" == orchestrace_spans.tree()


class TestSeveralTimes:
    def test_one_after_the_other(self, orchestrace_spans: Spans) -> None:
        """A block can be kept and used again, on a function as well."""
        kept = orchestrace.tool(name="t")
        with kept:
            pass
        with kept:
            pass
        kept(len)("abc")

        assert "execute_tool t\nexecute_tool t\nexecute_tool t" == orchestrace_spans.tree()

    def test_one_inside_the_other(self, orchestrace_spans: Spans) -> None:
        """The inner one ends first."""
        kept = orchestrace.agent(name="A")
        with kept as outer, kept as inner:
            outer.set_output("outer")
            inner.set_output("inner")

        assert "invoke_agent A output.value=outer\n  invoke_agent A output.value=inner" == orchestrace_spans.tree(
            "output.value"
        )
        assert ["inner", "outer"] == [span.attributes["output.value"] for span in orchestrace_spans]

    def test_in_several_tasks_at_once(self, orchestrace_spans: Spans) -> None:
        """Each ends its own, in whatever order."""
        kept = orchestrace.agent(name="A")

        async def run(number: int, mine: asyncio.Event, then: asyncio.Event) -> None:
            async with kept as handle:
                handle.set_output(number)
                await mine.wait()
                with orchestrace.tool(name=f"t{number}"):
                    pass
            then.set()

        async def together() -> None:
            first, second, last = asyncio.Event(), asyncio.Event(), asyncio.Event()
            first.set()
            # The first to enter is the first to leave.
            await asyncio.gather(run(1, first, second), run(2, second, last))

        asyncio.run(together())

        assert (
            "invoke_agent A output.value=1\n  execute_tool t1\ninvoke_agent A output.value=2\n  execute_tool t2"
        ) == orchestrace_spans.tree("output.value")
        assert ["execute_tool t1", "invoke_agent A", "execute_tool t2", "invoke_agent A"] == [
            span.name for span in orchestrace_spans
        ]
        assert ["1", "2"] == [span.attributes["output.value"] for span in orchestrace_spans.named("invoke_agent A")]

    def test_in_several_threads_at_once(self, orchestrace_spans: Spans) -> None:
        """The one that entered first leaves while the other is still inside."""
        kept = orchestrace.agent(name="A")
        entered, left = threading.Event(), threading.Event()

        def second() -> None:
            with kept as handle:
                handle.set_output("second")
                entered.set()
                left.wait()

        thread = threading.Thread(target=second)
        with kept as handle:
            handle.set_output("first")
            thread.start()
            entered.wait()
        ended = [span.attributes["output.value"] for span in orchestrace_spans]
        left.set()
        thread.join()

        assert ["first"] == ended
        assert ["first", "second"] == [span.attributes["output.value"] for span in orchestrace_spans]

    def test_left_in_another_context_than_it_was_entered_in(self, orchestrace_spans: Spans) -> None:
        """As a fixture may be: it ends all the same."""
        kept = orchestrace.agent(name="A")
        copy_context().run(kept.__enter__)
        copy_context().run(kept.__exit__, None, None, None)

        assert "invoke_agent A" == orchestrace_spans.tree()

    def test_left_more_often_than_entered(self, orchestrace_spans: Spans) -> None:
        """Does nothing."""
        kept = orchestrace.agent(name="A")
        kept.__exit__(None, None, None)

        assert [] == list(orchestrace_spans)

    def test_entered_where_nothing_is_recorded(self, orchestrace_spans: Spans) -> None:
        """It leaves what was entered elsewhere alone."""
        kept = orchestrace.agent(name="A")
        elsewhere = copy_context()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(block_module, "begin", lambda *_: None)
            kept.__enter__()
        elsewhere.run(kept.__enter__)
        kept.__exit__(None, None, None)
        before = list(orchestrace_spans)
        elsewhere.run(kept.__exit__, None, None, None)

        assert ([], "invoke_agent A") == (before, orchestrace_spans.tree())


@pytest.fixture
def switched_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the test find everything switched off, which is asked once a process."""
    monkeypatch.setenv("ORCHESTRACE_DISABLED", "true")
    switch.is_off.cache_clear()
    yield
    monkeypatch.undo()
    switch.is_off.cache_clear()


@pytest.mark.usefixtures("switched_off")
class TestUnrecorded:
    def test_the_body_runs(self, orchestrace_spans: Spans) -> None:
        """The handle does nothing, and so does a block inside of the same block."""
        kept = orchestrace.agent(name="A")
        with kept as run, kept:
            run.set_output("x")
            reference = run.reference

        assert ("", []) == (reference, list(orchestrace_spans))

    def test_errors_pass(self) -> None:
        """As they are."""
        with pytest.raises(ValueError, match="no"), orchestrace.agent(name="A"):
            raise ValueError("no")  # noqa: EM101 - the shortest error there is


def _inside() -> Iterator[int]:
    with orchestrace.agent(name="A"):
        yield 1


class TestInGenerators:
    def test_a_block_in_a_decorated_generator_is_current_only_inside(self, orchestrace_spans: Spans) -> None:
        """The consumer never sees it."""
        items = orchestrace.workflow(name="w")(_inside)()
        next(items)
        outside = get_current_span().get_span_context().is_valid
        items.close()

        assert not outside
        assert "invoke_workflow w\n  invoke_agent A" == orchestrace_spans.tree()
