"""The runs that were captured, for outcomes of them: what a journal knows in a program, a test knows by these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from orchestrace import conventions as names
from orchestrace.recording.outcomes.records import Earlier, KnownRun
from orchestrace.recording.outcomes.statement import Statement
from orchestrace.records import SpanRecord
from orchestrace.testing.memory import Memory
from orchestrace.typing import Nanoseconds

__all__ = ["CapturedRecords"]

_RUNS: Final = ("agent", "workflow")
_NAMED: Final = (names.AGENT_NAME, names.WORKFLOW_NAME)
_SLOT: Final = (names.OUTCOME_NAME, names.OUTCOME_SOURCE, names.OUTCOME_RATER)


class CapturedRecords:
    """Know what is captured; see `recording.outcomes.records.Records`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @contextmanager
    def open(self) -> Iterator[CapturedRecords]:
        """Give itself: there is nothing to open."""
        yield self

    def run(self, trace_id: str, span_id: str) -> KnownRun | None:
        """Return a run by its ids."""
        spans = [*self._memory.spans, *self._memory.running]
        found = (span for span in spans if (span.trace_id, span.span_id) == (trace_id, span_id))
        return _known(next(found, None))

    def latest(self, key: str, agent: str | None, at: Nanoseconds) -> KnownRun | None:
        """Return of the runs about a key the one that ended last; one that still runs where none has ended."""
        spans = [*self._memory.running, *self._memory.spans]
        about = [span for span in spans if _is_about(span, key, agent)]
        # As they ended, and those before `at` go before those after.
        return _known(
            max(about, key=lambda span: (span.end is not None, (span.end or 0) <= at, span.end or 0), default=None)
        )

    def outcome(self, trace_id: str, span_id: str) -> Earlier | None:
        """Return the outcome with these ids."""
        found = (span for span in self._outcomes(trace_id) if span.span_id == span_id)
        return _earlier(next(found, None))

    def last(self, trace_id: str, parent_id: str | None, said: Statement) -> Earlier | None:
        """Return what was said last in the same place, under the same name, by the same source and rater."""
        same = [span for span in self._outcomes(trace_id) if span.parent_id == parent_id]
        slot = [said.name, said.source, said.rater]
        found = (span for span in reversed(same) if [span.attributes.get(name) for name in _SLOT] == slot)
        return _earlier(next(found, None))

    def _outcomes(self, trace_id: str) -> list[SpanRecord]:
        spans = self._memory.spans
        return [span for span in spans if span.trace_id == trace_id and names.OUTCOME_NAME in span.attributes]


def _is_about(span: SpanRecord, key: str, agent: str | None) -> bool:
    said = span.attributes
    is_run = said.get(names.ROLE) in _RUNS and said.get(names.KEY) == key
    return is_run and (agent is None or agent in {said.get(name) for name in _NAMED})


def _known(span: SpanRecord | None) -> KnownRun | None:
    if span is None:
        return None
    return KnownRun(span.trace_id, span.span_id, span.start, span.end, span.attributes, span.sampled, span.trace_state)


def _earlier(span: SpanRecord | None) -> Earlier | None:
    return None if span is None else Earlier(span.span_id, span.attributes.get(names.OUTCOME_VALUE))
