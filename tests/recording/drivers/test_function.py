from __future__ import annotations

import asyncio
from collections.abc import Generator
from types import coroutine
from typing import Any

import pytest
from opentelemetry.trace import get_current_span

import orchestrace
from orchestrace.testing import Spans


@coroutine
def pause() -> Generator[str, Any, Any]:
    """Give control to whoever steps the coroutine."""
    return (yield "paused")


@orchestrace.generator
async def draft() -> Any:
    """Wait for a step in the middle of the body."""
    return await pause()


class TestDriveFunction:
    def test_a_generator_that_it_returns_is_a_value(self, orchestrace_spans: Spans) -> None:
        """What a function returns is not looked into: an iterator comes to the program as it is, not advanced."""
        given = iter([1, 2])

        @orchestrace.generator
        def draft_items() -> object:
            return given

        assert given is draft_items()
        assert [1, 2] == list(given)
        assert "returned" == orchestrace_spans.attributes("generate draft_items")["orchestrace.ending"]

    def test_a_call_that_does_not_fit_is_an_error_of_the_call(self, orchestrace_spans: Spans) -> None:
        """The function refuses its arguments itself, in its own words."""

        @orchestrace.tool
        def send(email: str) -> None:
            """Send it."""

        with pytest.raises(TypeError, match="missing 1 required positional argument: 'email'"):
            send()  # type: ignore[call-arg] # that is the point

        assert "error" == orchestrace_spans.attributes("execute_tool send")["orchestrace.ending"]

    def test_a_recursion_is_a_call_inside_a_call(self, orchestrace_spans: Spans) -> None:
        """Every call has a span of its own."""

        @orchestrace.tool
        def count(left: int) -> int:
            return 1 + count(left - 1) if left else 1

        assert 3 == count(2)
        assert "execute_tool count\n  execute_tool count\n    execute_tool count" == orchestrace_spans.tree()


class TestDriveCoroutine:
    def test_it_begins_when_it_is_first_awaited(self, orchestrace_spans: Spans) -> None:
        """A coroutine that is made and closed is no call: its body never ran."""
        draft().close()

        assert [] == list(orchestrace_spans)
        assert [] == orchestrace_spans.running

    def test_what_is_sent_in_reaches_the_body(self, orchestrace_spans: Spans) -> None:
        """Whoever steps a coroutine by hand deals with the body itself."""
        made = draft()

        assert "paused" == made.send(None)
        with pytest.raises(StopIteration, match="answer"):
            made.send("answer")
        assert "returned" == orchestrace_spans.attributes("generate draft")["orchestrace.ending"]

    @pytest.mark.parametrize("leave", ["close", "drop"])
    def test_left_in_the_middle_it_is_cancelled(self, orchestrace_spans: Spans, leave: str) -> None:
        """A coroutine that is closed, or dropped, gets a GeneratorExit in its body."""
        made = draft()
        made.send(None)
        if leave == "close":
            made.close()
        del made

        assert "cancelled" == orchestrace_spans.attributes("generate draft")["orchestrace.ending"]
        assert not get_current_span().get_span_context().is_valid

    def test_calls_at_once_keep_apart(self, orchestrace_spans: Spans) -> None:
        """Each task has its own context: what is made in it stands below its own call."""

        @orchestrace.generator
        async def one(name: str) -> None:
            await asyncio.sleep(0)
            with orchestrace.tool(name=name):
                await asyncio.sleep(0)

        async def both() -> None:
            await asyncio.gather(*(one(name) for name in "ab"))

        asyncio.run(both())
        parents = [orchestrace_spans.one(f"execute_tool {name}").parent_id for name in "ab"]

        assert 2 == len(set(parents))
        assert set(parents) == {span.span_id for span in orchestrace_spans.named("generate one")}
