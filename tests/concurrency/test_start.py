from __future__ import annotations

import gc
import inspect
import logging.handlers
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pickle import PicklingError
from typing import Any

import pytest
from opentelemetry.trace import NonRecordingSpan, SpanContext, get_current_span, use_span

import orchestrace
from orchestrace import instrumentation
from orchestrace.recording import lineage
from orchestrace.testing import Spans

mine: ContextVar[str] = ContextVar("mine", default="unset")
FORK = get_context("fork")


def whose() -> object:
    """Return the key of the run that this is called in."""
    return lineage.identity(lineage.current()).get("orchestrace.key")


def answer(pipe: Any) -> None:
    """Say it from another process."""
    pipe.send(whose())


class Said(threading.Thread):
    """A thread that overrides `run`, and keeps what it saw."""

    seen: object = "nothing"

    def run(self) -> None:
        self.seen = whose()


@pytest.fixture
def run(orchestrace_spans: Spans) -> Iterator[None]:
    """Be inside of a run."""
    with orchestrace.agent(name="A", key=lambda: "one"):
        yield


def finished(thread: threading.Thread) -> threading.Thread:
    """Start a thread and wait for its end."""
    thread.start()
    thread.join(10)
    return thread


class TestThread:
    @pytest.mark.parametrize(
        "make",
        [
            lambda see: threading.Thread(target=see),
            lambda see: threading.Timer(0, see),
            lambda see: threading.Thread(target=lambda *, called: called(), kwargs={"called": see}),
        ],
    )
    @pytest.mark.usefixtures("run")
    def test_is_part_of_the_run_in_which_it_starts(self, make: Callable[[Any], threading.Thread]) -> None:
        """However it says what to run."""
        seen: list[object] = []
        finished(make(lambda: seen.append(whose())))

        assert ["one"] == seen

    @pytest.mark.usefixtures("run")
    def test_a_subclass_with_a_run_of_its_own(self) -> None:
        """It is run within the context as well, and is its own again."""
        thread = Said()
        finished(thread)

        assert ("one", False) == (thread.seen, "run" in thread.__dict__)

    @pytest.mark.usefixtures("run")
    def test_an_object_with_a_run_of_its_own(self) -> None:
        """What was put there by somebody else stays there."""
        seen: list[object] = []
        thread = threading.Thread()
        thread.run = own = lambda: seen.append(whose())  # type: ignore[method-assign]
        finished(thread)

        assert (["one"], own) == (seen, thread.run)

    @pytest.mark.usefixtures("run")
    def test_an_end_leaves_nothing(self) -> None:
        """Not even a ring of objects."""
        gc.collect()
        gc.disable()
        try:
            gone = weakref.ref(finished(Said()))
        finally:
            gc.enable()

        assert gone() is None

    @pytest.mark.usefixtures("run")
    def test_an_error_is_the_threads_own(self) -> None:
        """Started twice."""
        thread = finished(Said())
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()

        assert "run" not in thread.__dict__

    def test_outside_of_all_runs_it_starts_as_ever(self, orchestrace_spans: Spans) -> None:
        """Spans of other libraries do not become its parents."""
        seen: list[object] = []
        foreign = NonRecordingSpan(SpanContext(1, 2, is_remote=False))
        with use_span(foreign):
            finished(threading.Thread(target=lambda: seen.append(get_current_span().get_span_context().is_valid)))

        assert [False] == seen

    @pytest.mark.usefixtures("run")
    def test_variables_of_the_program_stay_where_they_are(self) -> None:
        """Only OpenTelemetry's context is carried."""
        seen: list[str] = []
        token = mine.set("here")
        finished(threading.Thread(target=lambda: seen.append(mine.get())))
        mine.reset(token)

        assert ["unset"] == seen

    @pytest.mark.usefixtures("run")
    def test_one_that_serves_many_is_nobodys(self) -> None:
        """A logger's listener, a pool's worker: started by the first run, they work for all."""
        seen: list[object] = []

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                seen.append(whose())

        messages: queue.Queue[Any] = queue.Queue()
        listener = logging.handlers.QueueListener(messages, Handler())
        listener.start()
        messages.put(logging.makeLogRecord({}))
        listener.stop()
        with ThreadPoolExecutor(1, initializer=lambda: seen.append(whose())) as pool:
            pool.submit(whose).result()

        assert [None, None] == seen


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
class TestProcess:
    @pytest.mark.usefixtures("run")
    def test_is_part_of_the_run_in_which_it_starts(self) -> None:
        """And the object is as it was."""
        here, there = FORK.Pipe()
        process = FORK.Process(target=answer, args=(there,))
        process.start()
        process.join(10)

        assert (0, "one", False) == (process.exitcode, here.recv(), "run" in process.__dict__)

    @pytest.mark.usefixtures("run")
    def test_an_error_is_the_processes_own(self) -> None:
        """What cannot be pickled says so itself, and nothing is left on the object."""
        process = get_context("spawn").Process(target=lambda: None)
        with pytest.raises((PicklingError, AttributeError), match="lambda"):
            process.start()

        assert "run" not in process.__dict__

    @pytest.mark.usefixtures("run")
    def test_one_that_serves_many_is_nobodys(self) -> None:
        """A pool's worker is forked by the first run."""
        with FORK.Pool(1, initializer=_remember) as pool:
            assert pool.apply(_remembered) is None


class TestInstall:
    def test_looks_as_before_and_is_undone_exactly(self) -> None:
        """Signature and all."""
        kinds: tuple[type, ...] = (threading.Thread, BaseProcess)
        before = [kind.__dict__["start"] for kind in kinds]
        instrumentation.instrument()
        between = [kind.__dict__["start"] for kind in kinds]
        instrumentation.uninstrument()

        assert [inspect.signature(one) for one in before] == [inspect.signature(one) for one in between]
        assert not any(one is other for one, other in zip(before, between, strict=True))
        assert all(one is kind.__dict__["start"] for one, kind in zip(before, kinds, strict=True))


_seen: list[object] = []


def _remember() -> None:
    _seen.append(whose())


def _remembered() -> object:
    return _seen[-1]
