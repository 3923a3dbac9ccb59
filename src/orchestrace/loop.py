"""Iterations that say so: `for turn in orchestrace.iterations(limit=3)`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from opentelemetry.context import Context, attach, get_current

from orchestrace.recording import clock, finaliser, lineage
from orchestrace.recording.drivers.drivable import finish
from orchestrace.recording.ending import RETURNED
from orchestrace.recording.guard import guarded, report
from orchestrace.recording.roles.invocation import Invocation
from orchestrace.recording.roles.iteration import Iteration, Place
from orchestrace.recording.roles.progress import LIMIT, STOPPED, Progress
from orchestrace.recording.roles.role import RUNS

__all__ = ["Turn", "iterations"]


class Turn:
    """One iteration of the loop. `index` counts from 1, `limit` is how many there may be, None for any number."""

    __slots__ = ("_iteration", "_progress", "index", "limit")

    def __init__(self, index: int, limit: int | None, progress: Progress, iteration: Iteration | None) -> None:
        self.index: int = index
        self.limit: int | None = limit
        self._progress = progress
        self._iteration = iteration

    @guarded("accept", None)
    def accept(self, draft: object = None) -> None:
        """Say that the draft of this iteration is taken, whatever evaluators said; give it, and it is recorded."""
        if self._iteration is not None:
            self._iteration.round.taken = True
            if draft is not None:
                self._iteration.set_output(draft)

    @guarded("stop", None)
    def stop(self, reason: str) -> None:
        """Say why the loop is left; leaving it is up to you."""
        self._progress.stop, self._progress.detail = STOPPED, str(reason)


def iterations(limit: int | None = None) -> Iterator[Turn]:
    """
    Count the iterations of a run, each with a span around what happens in it.

    Ends after `limit` turns, or never where that is None. An iteration is current until the next one begins, the loop
    is left, or the agent around it ends, whichever is first.
    """
    return _Loop(limit, _run_here())


class _Loop(Iterator[Turn]):
    """The iterator: a class, because a finaliser must see that the loop was left."""

    __slots__ = ("__weakref__", "_iteration", "_limit", "_outer", "_progress", "_run", "_turns")

    def __init__(self, limit: int | None, run: Invocation | None) -> None:
        self._iteration: Iteration | None = None
        self._limit = limit
        self._turns = 0
        self._run = run
        self._progress = Progress() if run is None else run.progress
        self._outer: Context | None = None

    def __next__(self) -> Turn:
        self._leave()
        if self._limit is not None and self._turns >= self._limit:
            self._progress.stop = self._progress.stop or LIMIT
            raise StopIteration
        self._turns += 1
        self._enter()
        return Turn(self._turns, self._limit, self._progress, self._iteration)

    def __del__(self) -> None:
        if self._iteration is not None:
            self._let_go(self._iteration)

    @guarded("end of a loop", None)
    def _let_go(self, iteration: Iteration) -> None:
        self._progress.stop = self._progress.stop or STOPPED
        self._restore(iteration)
        # The line of the program that let go of the loop: whether by `break` or by an exception is known later.
        frame = sys._getframe(3)  # noqa: SLF001 - the only way to ask; past the guard and the finaliser
        iteration.leave(Place(clock.now(), frame.f_code, frame.f_lineno))
        if self._run is None:
            iteration.settle()

    @guarded("begin of an iteration", None)
    def _enter(self) -> None:
        self._outer = get_current()
        self._iteration = Iteration(self._progress.turn())
        attach(self._iteration.scope.context)
        if self._run is not None:
            self._run.holds(self._iteration)

    def _leave(self) -> None:
        iteration, self._iteration = self._iteration, None
        if iteration is None:
            return
        self._restore(iteration)
        if self._run is not None and iteration.streams.are_open:  # the run may return them
            iteration.leave(Place(clock.now()))
        else:
            finish(iteration, RETURNED)

    def _restore(self, iteration: Iteration) -> None:
        try:
            # A garbage collection comes at any time: whatever is current then is none of its business.
            if self._outer is not None and lineage.current() is iteration and not finaliser.collecting():
                attach(self._outer)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("end of an iteration", error)


def _run_here() -> Invocation | None:
    try:
        run = lineage.nearest(lineage.current(), *RUNS)
    except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
        report("begin of a loop", error)
        return None
    return run if isinstance(run, Invocation) else None
