"""What is known of runs, and of what was said of them before: asked by whoever adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from orchestrace.recording.outcomes.statement import Statement
from orchestrace.typing import AttributeValue, Nanoseconds

__all__ = ["NOTHING", "Earlier", "KnownRun", "Records"]


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run whose record is here. `end` is None while it runs; `sampled` says whether it is, or was, sent."""

    trace_id: str
    span_id: str
    start: Nanoseconds
    end: Nanoseconds | None
    attributes: Mapping[str, AttributeValue]
    sampled: bool = True
    trace_state: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An outcome that was recorded before: its span, and its value."""

    span_id: str
    value: object


class Records(Protocol):
    """Know runs and outcomes."""

    def run(self, trace_id: str, span_id: str) -> KnownRun | None:
        """Return a run by its ids."""

    def latest(self, key: str, agent: str | None, at: Nanoseconds) -> KnownRun | None:
        """
        Return, of the runs about `key`, the one that ended last.

        Of those that had ended by `at`, if there are any: what comes of a run comes after it. With `agent`, of runs of
        that agent or workflow alone.
        """

    def outcome(self, trace_id: str, span_id: str) -> Earlier | None:
        """Return the outcome with these ids."""

    def last(self, trace_id: str, parent_id: str | None, said: Statement) -> Earlier | None:
        """Return what was said last below a span by the same source and rater under the same name."""


class _Nothing:
    """The records where there are none."""

    def run(self, trace_id: str, span_id: str) -> None:
        del trace_id, span_id

    def latest(self, key: str, agent: str | None, at: Nanoseconds) -> None:
        del key, agent, at

    def outcome(self, trace_id: str, span_id: str) -> None:
        del trace_id, span_id

    def last(self, trace_id: str, parent_id: str | None, said: Statement) -> None:
        del trace_id, parent_id, said


NOTHING: Final[Records] = _Nothing()
