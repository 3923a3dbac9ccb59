"""The table of endings: every way in which a body of every colour can be left."""

from __future__ import annotations

import asyncio
import copy
import functools
import gc
import inspect
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrace.journal.reader import Reader
from orchestrace.recording.drivers.driver import drive
from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, INTERRUPTED
from orchestrace.records import SpanRecord

WELL = "well"
"""As the subject ends when all goes well: a function has returned, a stream was drained."""
ANYTHING = "anything"

AWARE = {"opentelemetry.context", "opentelemetry.sdk.trace", "asyncio", "orchestrace"}
"""Who would say so if a context was not detached, a span ended twice, a task failed, or a hook of ours."""


@dataclass(frozen=True)
class Case:
    """A way to be left: what the body does, what its consumer does, and what the span is to say in the end."""

    name: str
    consume: Callable[[Any], Awaitable[object]]
    ending: str | None
    """None: there is no span, because the body never ran."""
    told: str | None = None
    does: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    needs: str = ""
    since: tuple[int, int] = (3, 10)
    faults: Mapping[str, int] = field(default_factory=dict)

    def body(self) -> Mapping[str, Any]:
        """Return what the body does, made anew for each run of it."""
        does = self.does() if callable(self.does) else self.does
        return {"items": ("a", "b", "c"), **does}

    def fits(self, subject: Any) -> bool:
        """Tell whether a subject can do that."""
        return subject.can.issuperset(self.needs.split())

    @property
    def marks(self) -> list[pytest.MarkDecorator]:
        """Skip what this Python does not have."""
        reason = f"asyncio.timeout came with Python {'.'.join(map(str, self.since))}"
        return [pytest.mark.skipif(sys.version_info < self.since, reason=reason)]


class WordlessError(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        """Fail."""
        raise ValueError


class Halt(BaseException):
    """What a framework stops its tasks with."""


# -- what consumers do ------------------------------------------------------------------------------------------------
def verbs(*said: Any) -> Callable[[Any], Awaitable[object]]:
    """Return a consumer that does one thing after the other: a verb, a verb with what it is given, or a function."""

    async def consume(held: Any) -> None:
        for one in said:
            if callable(one):
                one(held)
            elif isinstance(one, tuple):
                await getattr(held, one[0])(*one[1:])
            else:
                await getattr(held, one)()
            for _ in range(5):
                await asyncio.sleep(0)  # others have their turn: the loop closes what was dropped

    return consume


def drop(held: Any) -> None:
    """Let go of it."""
    held.drop()


def drop_in_a_cycle(held: Any) -> None:
    """Let go of it so that only the collector can find it."""
    cycle: list[object] = [held.call.made, getattr(held.call, "response", None)]
    cycle.append(cycle)
    held.drop()
    del cycle
    gc.collect()


def drop_with_its_items(held: Any) -> None:
    """Let go of it when what it yielded holds the call itself."""
    held.body.items[0].append(held.call.made)
    held.body.items = ()
    held.seen.clear()
    held.drop()
    gc.collect()


def throw(error: type[BaseException]) -> tuple[str, BaseException]:
    """Throw an exception in."""
    return "throw", error("thrown")


async def begun(held: Any) -> None:
    """Wait until the body runs, which says so to threads and to tasks."""
    while not held.body.begun.is_set():  # noqa: ASYNC110 - the event is a thread's
        await asyncio.sleep(0)


async def cancel(held: Any) -> None:
    """Cancel the task in which the body waits."""
    task = asyncio.create_task(held.call.whole())
    await begun(held)
    task.cancel()
    await held.watch("cancelled", task)


async def time_out(held: Any) -> None:
    """Give up waiting for it."""
    limits: list[asyncio.Timeout] = []

    async def timed() -> object:
        async with asyncio.timeout(None) as limit:
            limits.append(limit)
            return await held.call.whole()

    task = asyncio.create_task(timed())
    await begun(held)
    limits[0].reschedule(0)
    await held.watch("timed", task)


async def race(held: Any) -> None:
    """Ask for the next item while another task waits for one."""
    task = asyncio.create_task(held.call.whole())
    await begun(held)
    await held.step()
    task.cancel()
    await held.watch("cancelled", task)


whole = verbs("whole")
A_STEP_IN_A_TASK = ("in_a_task", "step")


def fails(error: type[BaseException] = ValueError, **does: Any) -> Callable[[], Mapping[str, Any]]:
    """Return a body that raises."""
    return lambda: {"error": error("broken"), **does}


def no_fold(items: list[object]) -> object:
    """Fail to make anything of the items."""
    raise ValueError(items)


CASES = [
    # Everything that a body can do, read or awaited to its end.
    Case("a value", whole, WELL, "abc"),
    Case("a value, at once", whole, WELL, ANYTHING, {"items": ()}),
    Case("an error", whole, ERROR, "abc", fails()),
    Case("an error, at once", whole, ERROR, None, fails(items=())),
    Case("an error without words", whole, ERROR, "abc", fails(WordlessError)),
    Case("StopIteration", whole, ERROR, "abc", fails(StopIteration)),
    Case("StopAsyncIteration", whole, ERROR, "abc", fails(StopAsyncIteration)),
    Case("TimeoutError", whole, ERROR, "abc", fails(TimeoutError)),
    Case("CancelledError", whole, CANCELLED, "abc", fails(asyncio.CancelledError)),
    Case("KeyboardInterrupt", whole, CANCELLED, "abc", fails(KeyboardInterrupt)),
    Case("SystemExit", whole, CANCELLED, "abc", fails(SystemExit)),
    Case("GeneratorExit", whole, CANCELLED, "abc", fails(GeneratorExit)),
    Case("GeneratorExit, at once", whole, CANCELLED, None, fails(GeneratorExit, items=())),
    Case("no exception that we know", whole, CANCELLED, "abc", fails(Halt)),
    # Everything that a consumer of a stream can do.
    Case("drained, then asked again", verbs("whole", "step"), DRAINED, "abc", needs="items"),
    Case("drained, then closed", verbs("whole", "close"), DRAINED, "abc", needs="items"),
    Case("failed, then asked again", verbs("whole", "step"), ERROR, "abc", fails(), needs="items"),
    Case("broke off and dropped", verbs("step", drop), ABANDONED, "a", needs="items"),
    Case("broke off at the last item", verbs("step", "step", "step", drop), ABANDONED, "abc", needs="items"),
    Case("closed while held", verbs("step", "close"), ABANDONED, "a", needs="items"),
    Case("closed twice", verbs("step", "step", "close", "close"), ABANDONED, "ab", needs="items"),
    Case("closed, then asked again", verbs("step", "close", "step"), ABANDONED, "a", needs="items"),
    Case("closed by another task", verbs("step", ("in_a_task", "close")), ABANDONED, "a", needs="items"),
    Case("closed by another thread", verbs("step", ("in_a_thread", "close")), ABANDONED, "a", needs="items"),
    Case("begun by another task", verbs(A_STEP_IN_A_TASK, "close"), ABANDONED, "a", needs="items"),
    Case("begun by another task, dropped here", verbs(A_STEP_IN_A_TASK, drop), ABANDONED, "a", needs="items"),
    Case("gone on with by another task", verbs("step", ("in_a_task", "whole")), DRAINED, "abc", needs="items"),
    Case("gone on with by another thread", verbs("step", ("in_a_thread", "whole")), DRAINED, "abc", needs="items"),
    Case("each step in a task of its own", verbs(*[A_STEP_IN_A_TASK] * 4, "step"), WELL, "abc", needs="items"),
    Case("dropped in a cycle", verbs("step", drop_in_a_cycle), ABANDONED, "a", needs="items"),
    Case("dropped with items that hold it", verbs("step", drop_with_its_items), ABANDONED, ANYTHING,
         lambda: {"items": ([],)}, needs="throw"),
    Case("left open when the loop ends", verbs("step"), ABANDONED, "a", needs="items"),
    # What is never read: a generator's body has not run, a model has been asked.
    Case("never iterated, dropped", verbs(drop), None, needs="lazy"),
    Case("never iterated, closed", verbs("close"), None, needs="lazy"),
    Case("never iterated, thrown into", verbs(throw(ValueError)), None, needs="lazy"),
    Case("never iterated, sent a value", verbs(("send", "x")), None, needs="lazy"),
    Case("never read, dropped", verbs("open", drop), ABANDONED, None, needs="model"),
    Case("never read, closed", verbs("open", "close"), ABANDONED, None, needs="model"),
    Case("never read, dropped in a cycle", verbs("open", drop_in_a_cycle), ABANDONED, None, needs="model"),
    # What is sent and thrown in reaches the body.
    Case("sent to", verbs("step", ("send", "x"), ("send", "y"), "whole"), DRAINED, "abc", needs="throw"),
    Case("thrown into, handled", verbs("step", throw(ValueError), "whole"), DRAINED, "aagainbc",
         {"thrown": "yield"}, needs="throw"),
    Case("thrown into, not handled", verbs("step", throw(ValueError), "step"), ERROR, "a", needs="throw"),
    Case("thrown into, returned", verbs("step", throw(ValueError), "step"), DRAINED, "a",
         {"thrown": "return"}, needs="throw"),
    Case("thrown into, failed otherwise", verbs("step", throw(ValueError)), ERROR, "a",
         fails(KeyError, thrown="fail"), needs="throw"),
    Case("KeyboardInterrupt thrown into", verbs("step", throw(KeyboardInterrupt)), CANCELLED, "a", needs="throw"),
    Case("CancelledError thrown into", verbs("step", throw(asyncio.CancelledError)), CANCELLED, "a", needs="throw"),
    Case("StopIteration thrown into", verbs("step", throw(StopIteration)), ERROR, "a", needs="throw"),
    Case("StopAsyncIteration thrown into", verbs("step", throw(StopAsyncIteration)), ERROR, "a", needs="throw"),
    Case("GeneratorExit thrown into", verbs("step", throw(GeneratorExit)), ABANDONED, "a", needs="throw"),
    Case("GeneratorExit thrown into, handled", verbs("step", throw(GeneratorExit), "whole"), ABANDONED, "a",
         {"thrown": "yield"}, needs="throw"),
    Case("closed, and yields", verbs("step", "close", "whole"), ABANDONED, "a", {"thrown": "yield"}, needs="throw"),
    Case("closed, and returns", verbs("step", "close"), ABANDONED, "a", {"thrown": "return"}, needs="throw"),
    Case("closed, and fails", verbs("step", "close"), ERROR, "a", fails(KeyError, thrown="fail"), needs="throw"),
    Case("an item after an error was handled", verbs("step", throw(ValueError), drop), ABANDONED, "aagain",
         {"thrown": "yield"}, needs="throw"),
    # What event loops do.
    Case("cancelled", cancel, CANCELLED, "abc", {"waits": True}, needs="wait"),
    Case("timeout around", time_out, CANCELLED, "abc", {"waits": True}, needs="wait", since=(3, 11)),
    Case("timeout inside", whole, ERROR, "abc", {"waits": True, "within": 0}, needs="wait", since=(3, 11)),
    Case("stepped by two tasks at once", race, CANCELLED, "abc", {"waits": True}, needs="wait throw"),
    # What ours do.
    Case("a fold that fails", whole, DRAINED, "abc", {"reduce": no_fold}, needs="fold", faults={"reduce": 1}),
]  # fmt: skip


class TestEndings:
    def test_one_span_ends_so(self, trial: Any) -> None:
        """However a body is left, it has exactly one span, which says how; it has none if it never ran."""
        ending = trial.subject.whole if trial.case.ending == WELL else trial.case.ending
        expected = [] if ending is None else [ending]

        assert expected == [span.attributes["orchestrace.ending"] for span in trial.own]

    def test_it_says_what_came(self, trial: Any) -> None:
        """What came out of the body is recorded, of a stream as much as came."""
        expected = trial.case.told if "items" in trial.subject.can else trial.subject.returns
        told = [trial.subject.told(span) for span in trial.own]

        if trial.case.ending != WELL and "items" not in trial.subject.can:
            expected = None
        assert ANYTHING == expected or told == [expected for _ in trial.own]

    def test_an_error_and_nothing_else_is_an_error(self, trial: Any) -> None:
        """What was cancelled or abandoned has not failed; what was raised is an event, whatever it was."""
        failed = trial.case.ending == ERROR
        raised = trial.case.ending in {ERROR, CANCELLED}

        assert ["ERROR" if failed else "UNSET" for _ in trial.own] == [span.status for span in trial.own]
        assert [failed for _ in trial.own] == ["error.type" in span.attributes for span in trial.own]
        assert [["exception"] if raised else [] for _ in trial.own] == [
            [event.name for event in span.events] for span in trial.own
        ]

    def test_children_have_their_parent(self, trial: Any) -> None:
        """What is made inside of the body, before and after a `yield`, stands below it."""
        children = [span for span in trial.spans if span.name in {"execute_tool _tool", "child"}]

        assert {span.span_id for span in trial.own} == {span.parent_id for span in children}

    def test_nothing_shows_outside(self, trial: Any) -> None:
        """The context of the consumer is the very same after each step, whoever makes it."""
        assert [] == trial.held.moved
        assert {span.span_id for span in trial.own} == {
            span.span_id for span in trial.spans if span.parent_id in {trial.caller.span_id, None}
        } - {trial.caller.span_id}

    def test_the_program_sees_what_it_sees_without_us(self, trial: Any) -> None:
        """The same items, the very same value or exception, and the same variables of its own."""
        assert trial.bare.seen == trial.held.seen
        assert [type(one) for one in trial.bare.body.heard] == [type(one) for one in trial.held.body.heard]

    def test_nobody_complains(self, trial: Any) -> None:
        """No context fails to be detached, no span ends twice, no task is forgotten; faults of ours are counted."""
        expected = set(trial.case.faults)

        assert [] == [line for line in trial.logged if line.split(":")[0] in AWARE and not expected]
        assert dict(trial.case.faults) == trial.faults


LEAVES_THEM_OPEN = """
import asyncio, sys, threading
from importlib.util import module_from_spec, spec_from_file_location

import orchestrace

spec = spec_from_file_location("subjects", sys.argv[1])
subjects = sys.modules["subjects"] = module_from_spec(spec)
spec.loader.exec_module(subjects)
orchestrace.configure(journal=sys.argv[2])

def hold(subject, verb):
    body = subjects.Body(items=("a",), waits=True)

    async def run():
        with orchestrace.agent(name=f"{subject.name}: {verb}"):
            call = subject(body, followed=True)
            await getattr(call, verb)()
            body.begun.set()
            await asyncio.Event().wait()

    threading.Thread(target=asyncio.run, args=(run(),), daemon=True).start()
    body.begun.wait()

for subject in subjects.SUBJECTS:
    hold(subject, "whole")
    if "items" in subject.can:
        hold(subject, "step")
"""
"""A program that leaves while a call of every subject is open: in the middle of its body, and between two items."""


@pytest.fixture(scope="module")
def left_open(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[SpanRecord]]:
    """Return the traces that such a program left in its journal, by the name of the run."""
    journal = tmp_path_factory.mktemp("journal")
    command = [sys.executable, "-W", "error", "-c", LEAVES_THEM_OPEN, str(Path(__file__).with_name("conftest.py"))]
    done = subprocess.run([*command, str(journal)], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own words
    assert ("", "", 0) == (done.stdout, done.stderr, done.returncode)
    reader = Reader(journal)
    return {run.name: reader.trace(run.trace_id) for run in reader.runs()}


class TestExit:
    def test_what_is_open_in_its_body_is_interrupted(
        self, subject: Any, left_open: dict[str, list[SpanRecord]]
    ) -> None:
        """The interpreter leaves: the span has ended, says so, and what came of a stream so far stands on it."""
        spans = {span.name: span for span in left_open[f"{subject.name}: whole"]}
        run, own = spans[f"invoke_agent {subject.name}: whole"], spans[subject.span]

        assert [INTERRUPTED] * 2 == [span.attributes["orchestrace.ending"] for span in (run, own)]
        assert run.end is not None
        assert own.end is not None
        assert ("UNSET", []) == (own.status, own.events)
        assert ("a" if "items" in subject.can else None) == subject.told(own)

    def test_so_is_what_is_held_between_two_items(self, streaming: Any, left_open: dict[str, list[SpanRecord]]) -> None:
        """A generator or stream in a variable of the program's is not forgotten."""
        own = next(span for span in left_open[f"{streaming.name}: step"] if span.name == streaming.span)

        assert (INTERRUPTED, "a") == (own.attributes["orchestrace.ending"], streaming.told(own))
        assert own.end is not None


# -- which driver -----------------------------------------------------------------------------------------------------
def function(first: int, *, second: str = "x") -> str:
    """Return a text."""
    return f"{first}{second}"


async def coroutine(first: int, *, second: str = "x") -> str:
    """Return a text."""
    return f"{first}{second}"


def generator(first: int, *, second: str = "x") -> Iterator[str]:
    """Yield a text."""
    yield f"{first}{second}"


async def async_generator(first: int, *, second: str = "x") -> AsyncIterator[str]:
    """Yield a text."""
    yield f"{first}{second}"


FUNCTIONS = [function, coroutine, generator, async_generator]
KINDS = (inspect.isfunction, inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


@pytest.mark.parametrize("given", FUNCTIONS)
class TestDrive:
    def test_keeps_the_kind(self, given: Callable[..., Any]) -> None:
        """Frameworks that ask what a function is get the answer that they would get without us."""
        driven = drive(given, lambda *_: None)

        assert [kind(given) for kind in KINDS] == [kind(driven) for kind in KINDS]

    def test_keeps_what_the_function_says_of_itself(self, given: Callable[..., Any]) -> None:
        """Name, documentation, annotations and signature are those of the function, which is still there."""
        driven = drive(given, lambda *_: None)

        assert inspect.signature(given) == inspect.signature(driven)
        assert (given.__name__, given.__doc__, given.__module__) == (driven.__name__, driven.__doc__, driven.__module__)
        assert given is driven.__wrapped__  # type: ignore[attr-defined] # as functools.wraps leaves it

    def test_is_a_plain_function(self, given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """In its place it pickles by name, and is its own copy."""
        driven = drive(given, lambda *_: None)
        monkeypatch.setattr(sys.modules[__name__], given.__name__, driven)

        assert driven is pickle.loads(pickle.dumps(driven))  # noqa: S301 - it was pickled here
        assert driven is copy.deepcopy(driven)


class TestDrivePartial:
    @pytest.mark.parametrize("given", FUNCTIONS)
    def test_a_partial_is_followed_as_its_function(self, given: Callable[..., Any]) -> None:
        """It has no name of its own, and is of the kind of what it calls."""
        driven = drive(functools.partial(given, 1), lambda *_: None)

        assert [kind(given) for kind in KINDS[1:]] == [kind(driven) for kind in KINDS[1:]]
