"""Say what came of a run in the real world: from any process, on any day, as often as somebody says it."""

from __future__ import annotations

import logging
import sys
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from orchestrace import conventions as names
from orchestrace.concurrency.fork_guard import ForkGuard
from orchestrace.exceptions import UsageError
from orchestrace.recording import content, events
from orchestrace.recording.guard import report
from orchestrace.recording.measuring import meter
from orchestrace.recording.outcomes.outcome import Outcome, outcome_of
from orchestrace.recording.outcomes.records import NOTHING, Earlier, Records
from orchestrace.recording.outcomes.statement import Statement, state
from orchestrace.recording.stamped import Stamp, would_sample
from orchestrace.recording.switch import VARIABLES, is_off
from orchestrace.recording.tracer import is_silent, provider

__all__ = ["Recorded", "record_outcome", "use", "used"]

_LOG = logging.getLogger("orchestrace")

_REMEMBERED: Final = 65_536
_OFF: Final = f"{' or '.join(VARIABLES)} switches everything off"
_SILENT: Final = (
    "nothing is recorded in this process: call orchestrace.configure() once at start, or set an OpenTelemetry tracer "
    "provider"
)
_DROPPED: Final = "the tracer provider of this program, or its sampler, dropped it"

_open: Callable[[], AbstractContextManager[Records]] | None = None
_one_at_a_time: Final = ForkGuard()
"""Whoever says the same at once in two threads says it once."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """
    What became of an outcome. True if it is recorded, now or before.

    `known` tells whether the run is in this machine's journal; `repeats` that the same was recorded before, and nothing
    was added. `corrects` is the span of what this is a correction of. `why` has words for whatever is out of the
    ordinary.
    """

    recorded: bool
    trace_id: str = ""
    span_id: str = ""
    known: bool = False
    repeats: bool = False
    corrects: str | None = None
    why: str = ""

    def __bool__(self) -> bool:
        return self.recorded


def record_outcome(  # noqa: PLR0913 - all but the first two by name
    name: str,
    value: object = None,
    *,
    reference: str | None = None,
    key: object = None,
    agent: str | None = None,
    at: datetime | str | float | None = None,
    source: str | None = None,
    rater: str | None = None,
    comment: str | None = None,
    correction: object = None,
    idempotency_key: str | None = None,
) -> Recorded:
    """
    Record what came of a run, as a span `outcome <name>` in the run's own trace. Never raises.

    Args:
        name: What is reported, such as "email.replied".
        value: Yes or no, a number, a category; anything else is recorded as JSON.
        reference: Of which run: what `orchestrace.reference()` returned in it.
        key: Or of the run about this business object; of several, the one that ended last.
        agent: With `key`, of the runs of this agent or workflow alone.
        at: When it happened: a datetime with a zone, an ISO 8601 text with one, or seconds since 1970; default now.
        source: Where it comes from, such as "crm".
        rater: Who says so.
        comment: What they add.
        correction: What it should have been: the human's own text.
        idempotency_key: Two outcomes with the same key are one, whatever their values are.

    The same, of the same source and rater, is one outcome however often it is said; something else under that name is a
    correction, and says of which. A run that this machine's journal does not hold is reached by its reference all the
    same; a key that it does not hold has a trace of its own. What cannot be recorded, such as a time without a zone, is
    logged, and the result is false and says why.

    """
    given = locals()
    try:
        return _record(given)
    except UsageError as error:
        report("record_outcome", UsageError(f"{error} It was called {_place()}."))
        return Recorded(recorded=False, why=str(error))
    except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
        report("record_outcome", error)
        return Recorded(recorded=False, why=f"it failed: {type(error).__name__}")


def use(records: Callable[[], AbstractContextManager[Records]] | None) -> None:
    """Look for runs in what `records` opens from now on; None looks nowhere."""
    global _open  # noqa: PLW0603 - the process has one
    _open = records
    _memory_of.cache_clear()


def used() -> Callable[[], AbstractContextManager[Records]] | None:
    """Return where runs are looked for."""
    return _open


def _record(given: dict[str, Any]) -> Recorded:
    if is_off():
        return Recorded(recorded=False, why=_OFF)
    said = state(**given)
    if is_silent():
        _warn_once()
        return Recorded(recorded=False, why=_SILENT)
    with _one_at_a_time:
        memory = _memory_of(provider())
        outcome = memory.completed(_found(said))
        if outcome.repeats is None:
            if not _emit(outcome):
                return Recorded(recorded=False, trace_id=outcome.trace_id, span_id=outcome.span_id, why=_DROPPED)
            memory.keep(outcome)
    return _result(outcome)


def _place() -> str:
    """Say where the program called: the only line that can be put right."""
    caller = sys._getframe(2)  # noqa: SLF001 - there is no other way without reading all files of the stack
    return f"in {caller.f_code.co_filename}, line {caller.f_lineno}"


def _found(said: Statement) -> Outcome:
    """Look for the run; where that fails, it is as if it were not here."""
    if _open is not None:
        try:
            with _open() as records:
                return outcome_of(said, records)
        except Exception as error:  # noqa: BLE001 - an outcome is not lost because a journal cannot be read
            report("looking for a run", error)
    return outcome_of(said, NOTHING)


def _emit(outcome: Outcome) -> bool:
    recorded = content.is_recorded()
    run = outcome.run
    sampled = would_sample(outcome.trace_id, outcome.span_name) if run is None else run.sampled
    stamp = Stamp(outcome.trace_id, outcome.span_id, outcome.parent_id, sampled, "" if run is None else run.trace_state)
    span = stamp.start(outcome.span_name, outcome.attributes(content=recorded), outcome.start)
    kept = span.is_recording()
    span.end(outcome.end)
    if not events.is_silent():
        said = outcome.event(content=events.may_say(recorded=recorded))
        at = outcome.statement.at
        events.emit(names.EVALUATION_RESULT_EVENT, said, stamp.parent, severity=events.INFO, at=at)
    meter.measure([(names.OUTCOMES, 1, outcome.measured())], stamp.parent)
    return kept


def _result(outcome: Outcome) -> Recorded:
    why = ""
    if outcome.repeats is not None and outcome.is_other:
        why = f"another value was recorded before under this idempotency key: {outcome.repeats.value!r}"
    elif outcome.parent_id is None:
        why = f"no run about {outcome.statement.key!r} is known here: the outcome has a trace of its own, with the key"
        _say_once()
    return Recorded(
        recorded=True,
        trace_id=outcome.trace_id,
        span_id=outcome.span_id,
        known=outcome.run is not None,
        repeats=outcome.repeats is not None,
        corrects=None if outcome.corrects is None else outcome.corrects.span_id,
        why=why,
    )


class _Memory:
    """What this process has recorded with one provider: not everything is in a journal, and not at once."""

    def __init__(self) -> None:
        self._recorded: OrderedDict[str, Earlier] = OrderedDict()
        self._last: OrderedDict[tuple[object, ...], Earlier] = OrderedDict()

    def completed(self, outcome: Outcome) -> Outcome:
        """Return an outcome with what it repeats or corrects, if nobody else knew."""
        if outcome.repeats is not None:
            return outcome
        if (repeats := self._recorded.get(outcome.span_id)) is not None:
            return replace(outcome, repeats=repeats, corrects=None)
        return replace(outcome, corrects=outcome.corrects or self._last.get(outcome.slot))

    def keep(self, outcome: Outcome) -> None:
        """Take note of what was recorded."""
        one = Earlier(outcome.span_id, outcome.statement.value)
        self._recorded[outcome.span_id] = self._last[outcome.slot] = one
        for kept in (self._recorded, self._last):
            if len(kept) > _REMEMBERED:
                kept.popitem(last=False)


@lru_cache(maxsize=1)
def _memory_of(provider: object) -> _Memory:
    del provider  # another one has recorded nothing
    return _Memory()


@lru_cache(maxsize=1)
def _warn_once() -> None:
    _LOG.warning("orchestrace: an outcome was reported, but %s.", _SILENT)


@lru_cache(maxsize=1)
def _say_once() -> None:
    _LOG.warning(
        "orchestrace: an outcome came with a key that no run in this machine's journal is about. It is recorded in a "
        "trace of its own, which carries the key. `record_outcome(…).known` tells so for each; this is logged once."
    )
