from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import thread as threads
from contextvars import ContextVar
from multiprocessing import get_context
from types import ModuleType
from typing import Any

import pytest

import orchestrace
from orchestrace import instrumentation
from orchestrace.concurrency.executor import install
from orchestrace.recording import lineage
from orchestrace.taps.patch import Patches
from orchestrace.testing import capture

mine: ContextVar[str] = ContextVar("mine", default="unset")


def whose() -> object:
    """Return the key of the run that this is called in."""
    return lineage.identity(lineage.current()).get("orchestrace.key")


def raised(call: Callable[[], object]) -> tuple[type, str]:
    """Return the error that a call raises."""
    with pytest.raises(BaseException) as error:  # noqa: PT011 - whatever it is
        call()
    return type(error.value), str(error.value)


def leave() -> None:
    """End the process as a crash does."""
    import os  # noqa: PLC0415 - runs in a worker

    os._exit(3)


class TestSubmit:
    def test_a_pool_from_before_carries_as_well(self) -> None:
        """It is the class that is patched."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(whose).result()
            with capture(), orchestrace.agent(name="A", key=lambda: "one"):
                assert "one" == pool.submit(whose).result()

    def test_many_runs_at_once_on_one_pool(self) -> None:
        """Each task belongs to the run that submitted it, whatever its worker did before."""

        def run(key: str) -> set[object]:
            with orchestrace.agent(name="A", key=lambda: key):
                return {future.result() for future in [pool.submit(whose) for _ in range(50)]}

        with capture(), ThreadPoolExecutor(3) as pool, ThreadPoolExecutor(8) as runs:
            keys = [str(number) for number in range(8)]

            assert [{key} for key in keys] == list(runs.map(run, keys))

    def test_a_callback_is_outside_of_all_runs(self) -> None:
        """A worker that was started for one run has nothing of it beside the task."""
        seen: list[object] = []
        go = threading.Event()
        pool = ThreadPoolExecutor(1, initializer=lambda: seen.append(whose()))
        with capture(), pool, orchestrace.agent(name="A", key=lambda: "one"):
            future = pool.submit(go.wait, 10)
            future.add_done_callback(lambda _: seen.append(whose()))
            go.set()

        assert [None, None] == seen

    def test_variables_of_the_program_stay_where_they_are(self) -> None:
        """Only OpenTelemetry's context is carried."""
        token = mine.set("here")
        with capture(), ThreadPoolExecutor(1) as pool:
            assert "unset" == pool.submit(mine.get).result()
        mine.reset(token)

    def test_a_subclass_that_calls_super(self) -> None:
        """It sees what was submitted, as it was."""
        seen: list[object] = []

        class Pool(ThreadPoolExecutor):
            def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
                seen.append(fn)
                return super().submit(fn, *args, **kwargs)

        with capture(), Pool(1) as pool, orchestrace.agent(name="A", key=lambda: "one"):
            assert "one" == pool.submit(whose).result()
        assert [whose] == seen

    def test_looks_as_before(self) -> None:
        """Signature, name and words."""
        before = inspect.signature(ThreadPoolExecutor.submit), ThreadPoolExecutor.submit.__qualname__
        with capture():
            assert before == (inspect.signature(ThreadPoolExecutor.submit), ThreadPoolExecutor.submit.__qualname__)

    @pytest.mark.parametrize(
        "misuse",
        [
            lambda pool: pool.submit(),
            lambda pool: pool.submit(fn=whose),
            lambda pool: pool.submit(5).result(),
            lambda pool: pool.submit(whose, "surplus").result(),
            lambda _: ThreadPoolExecutor.submit(),  # type: ignore[call-arg]
            lambda pool: (pool.shutdown(), pool.submit(whose)),
        ],
    )
    def test_errors_are_those_of_the_pool(self, misuse: Callable[[Any], Any]) -> None:
        """The same type, the same words."""
        with ThreadPoolExecutor(1) as pool:
            before = raised(lambda: misuse(pool))
        with capture(), ThreadPoolExecutor(1) as pool:
            assert before == raised(lambda: misuse(pool))

    def test_a_task_that_waits_can_be_cancelled(self) -> None:
        """The future is the pool's own."""
        go = threading.Event()
        with capture(), ThreadPoolExecutor(1) as pool:
            pool.submit(go.wait, 10)
            waiting: Future[object] = pool.submit(whose)
            cancelled = waiting.cancel()
            go.set()

        assert cancelled
        assert CancelledError is raised(waiting.result)[0]


class TestProcesses:
    def test_errors_are_those_of_the_pool(self) -> None:
        """What cannot be pickled, what raises, and a worker that died."""
        calls: list[Callable[[Any], Any]] = [
            lambda pool: pool.submit(lambda: None).result(),
            lambda pool: pool.submit(whose, 1).result(),
            lambda pool: pool.submit(leave).result(),
        ]
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            before = [raised(lambda call=call: call(pool))[0] for call in calls]  # type: ignore[misc]
        with capture(), ProcessPoolExecutor(1, get_context("spawn")) as pool:
            after = [raised(lambda call=call: call(pool))[0] for call in calls]  # type: ignore[misc]

        assert before == after
        assert issubclass(after[2], BrokenExecutor)


class TestInstall:
    def test_is_undone_exactly(self) -> None:
        """The very same functions stand in the classes afterwards."""
        pools = (ThreadPoolExecutor, ProcessPoolExecutor)
        before = [pool.__dict__["submit"] for pool in pools]
        instrumentation.instrument()
        between = [pool.__dict__["submit"] for pool in pools]
        instrumentation.uninstrument()

        assert not any(one is other for one, other in zip(before, between, strict=True))
        assert all(one is pool.__dict__["submit"] for one, pool in zip(before, pools, strict=True))

    def test_a_reference_from_in_between_carries_nothing_any_more(self) -> None:
        """Somebody else has wrapped it, perhaps."""
        patches = Patches()
        install(threads, patches)
        kept = ThreadPoolExecutor.submit
        patches.undo()
        with capture(instrument=False), ThreadPoolExecutor(1) as pool, orchestrace.agent(name="A", key=lambda: "one"):
            assert kept(pool, whose).result() is None

    def test_a_module_without_a_pool(self) -> None:
        """There is nothing to patch where Python has none."""
        install(ModuleType("concurrent.futures.thread"), Patches())
