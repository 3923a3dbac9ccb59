from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextvars import ContextVar, copy_context

import pytest
from opentelemetry.context import Context, attach, create_key, get_current, get_value, set_value

from orchestrace.recording.scope import NOWHERE, Scope

KEY = create_key("test")


@pytest.fixture(autouse=True)
def _outside() -> Iterator[None]:
    """Let every test begin and end outside of all scopes."""
    before = get_current()
    attach(Context())
    yield
    attach(before)


def scope(name: str) -> Scope:
    """Return a scope in whose context we are called `name`."""
    return Scope(set_value(KEY, name, Context()))


def here() -> object:
    """Return what we are called here; None outside."""
    return get_value(KEY)


def step(body: Generator[object, None, None], inside: Scope) -> object:
    """Run one stretch of a body."""
    with inside:
        return next(body)


class TestScope:
    def test_its_context_is_current_inside_and_the_outer_one_afterwards(self) -> None:
        """One inside the other."""
        with scope("outer"):
            with scope("inner"):
                inside = here()
            after = here()

        assert ["inner", "outer", None] == [inside, after, here()]

    def test_an_exception_changes_nothing_of_that(self) -> None:
        """It passes."""
        with pytest.raises(ZeroDivisionError), scope("inner"):
            raise ZeroDivisionError

        assert here() is None

    def test_the_context_follows_the_body(self) -> None:
        """What the body leaves current is current when it goes on, and nowhere else."""
        inside = scope("body")
        with inside:
            attach(set_value(KEY, "moved"))
        between = here()
        with inside:
            again = here()

        assert [None, "moved"] == [between, again]

    def test_one_can_be_entered_inside_itself(self) -> None:
        """A body that calls itself is left as often as it was entered."""
        inside = scope("body")
        with inside:
            with inside:
                pass
            after = here()

        assert ["body", None] == [after, here()]

    def test_leaving_twice_does_nothing(self) -> None:
        """The second time there is nothing to leave."""
        inside = scope("body")
        inside.__enter__()
        inside.__exit__()
        attach(set_value(KEY, "later"))
        inside.__exit__()

        assert here() == "later"

    def test_leaving_one_leaves_what_is_held_inside_of_it(self) -> None:
        """A loop's iterator that outlives its function brings nothing of the function back."""
        function, held = scope("function"), scope("held")
        with function:
            held.__enter__()
        after = here()
        held.__exit__()

        assert [None, None] == [after, here()]

    def test_a_dropped_generator_in_the_middle_of_another_call_leaves_no_trace(self) -> None:
        """Its block was entered before that call began, and is left by the garbage collector inside of it."""

        def body() -> Generator[None, None, None]:
            with scope("dropped"):
                yield

        held = [body()]
        next(held[0])
        with scope("call"):
            held.clear()
            gc.collect()

        assert here() is None

    def test_nowhere_changes_nothing(self) -> None:
        """What is not recorded runs where it is."""
        with scope("outer"):
            with NOWHERE:
                inside = here()
            after = here()

        assert ["outer", "outer"] == [inside, after]


class TestStretches:
    def test_generators_that_take_turns_see_their_own_context(self) -> None:
        """And their consumer sees its own."""

        def body() -> Generator[object, None, None]:
            while True:
                yield here()

        first, second = (body(), scope("first")), (body(), scope("second"))
        seen = [(step(*one), here()) for one in [first, second, first, second]]

        assert [("first", None), ("second", None)] * 2 == seen

    def test_another_thread_may_go_on(self) -> None:
        """A generator can be handed over; each thread gets back what was current there."""

        def body() -> Generator[object, None, None]:
            yield here()
            yield here()

        steps, inside = body(), scope("body")
        seen = [step(steps, inside)]
        thread = threading.Thread(target=lambda: seen.extend([step(steps, inside), here()]))
        thread.start()
        thread.join()

        assert ["body", "body", None, None] == [*seen, here()]

    def test_another_thread_that_closes_it_is_left_alone(self) -> None:
        """It was never entered there."""
        inside = scope("body")
        inside.__enter__()
        seen: list[object] = []

        def close() -> None:
            attach(set_value(KEY, "its own"))
            inside.__exit__()
            seen.append(here())

        thread = threading.Thread(target=close)
        thread.start()
        thread.join()
        still = here()
        inside.__exit__()

        assert (["its own"], "body", None) == (seen, still, here())

    def test_a_context_that_copied_it_leaves_only_itself(self) -> None:
        """Where a task was started inside of it and ends it, whoever started the task is not moved."""
        inside = scope("body")
        with inside:
            copied = copy_context()
            copied.run(inside.__exit__)
            seen = [here(), copied.run(here)]

        assert ["body", None, None] == [*seen, here()]

    def test_many_threads_in_one_scope_do_not_mix(self) -> None:
        """Each enters and leaves where it is, however they are interleaved."""
        inside = scope("shared")
        ready = threading.Barrier(8)
        wrong: list[object] = []

        def work(number: int) -> None:
            attach(set_value(KEY, number))
            for _ in range(200):
                with inside:
                    ready.wait(10)
                if here() != number:
                    wrong.append(here())

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [] == wrong

    def test_two_tasks_that_step_one_generator_at_once(self) -> None:
        """Python refuses the second; the first still gets its own context back."""

        async def body() -> AsyncGenerator[object, None]:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            yield here()

        steps, inside = body(), scope("body")

        async def step_it(name: str) -> list[object]:
            attach(set_value(KEY, name))
            try:
                with inside:
                    seen = await anext(steps)
            except RuntimeError:
                seen = "refused"
            return [seen, here()]

        async def both() -> list[list[object]]:
            seen = await asyncio.gather(step_it("first"), step_it("second"))
            await steps.aclose()
            return seen

        assert [["body", "first"], ["refused", "second"]] == asyncio.run(both())


class TestFaults:
    def test_a_context_that_cannot_be_made_current_does_not_stop_the_body(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """OpenTelemetry's own context can be replaced by anything."""

        def fail(_: object) -> None:
            raise ZeroDivisionError

        ran = []
        with monkeypatch.context() as patch:
            patch.setattr("orchestrace.recording.scope.attach", fail)
            with scope("body"):
                ran.append(True)

        assert ([True], None) == (ran, here())

    def test_nothing_is_kept_of_a_scope_that_was_left(self) -> None:
        """What a long-running task has left behind can be collected."""
        marker: ContextVar[object] = ContextVar("marker")

        def use() -> None:
            for number in range(100):
                with scope(str(number)):
                    marker.set(number)

        copied = copy_context()
        copied.run(use)
        held = [
            value for value in copied.values() if isinstance(value, tuple) and value and isinstance(value[0], Scope)
        ]

        assert [] == held
