"""Where a run stands: which iteration it is in, what was said about its draft, and whether that was good enough."""

from __future__ import annotations

import os
import threading
from typing import Final

from opentelemetry.trace import SpanContext

from orchestrace.recording.roles.declaration import Verdict

__all__ = ["ACCEPTED", "LIMIT", "STOPPED", "Progress", "Round"]

ACCEPTED: Final = "accepted"
LIMIT: Final = "limit"
STOPPED: Final = "stopped"


_counting = threading.RLock()
"""One for all: held for microseconds. It can be taken again: a garbage collection inside may run anything."""


class Round:
    """
    One iteration, counted from 1: the verdicts on its draft, and whether the orchestrator took it.

    `draft` is the span that the draft came from: the last one of a generator that has ended.
    """

    __slots__ = ("draft", "index", "taken", "verdicts")

    def __init__(self, index: int) -> None:
        self.index: int = index
        self.taken: bool = False
        self.draft: SpanContext | None = None
        self.verdicts: list[Verdict] = []

    @property
    def accepted(self) -> bool | None:
        """Tell whether the draft was taken, or passed every evaluator that said so or not; None if nobody did."""
        said = [verdict.passed for verdict in self.verdicts if verdict.passed is not None]
        return True if self.taken else all(said) if said else None


class Progress:
    """
    The iterations of one run.

    They are counted by `iterations()`, or else inferred: a generator that begins after an evaluator has ended, while no
    other role is open, begins the next one. What ran before or after a loop of `iterations()` belongs to none.
    """

    __slots__ = ("_evaluated", "_looped", "_open", "accepted_index", "detail", "last", "stop")

    def __init__(self) -> None:
        self.last: Round | None = None
        self.accepted_index: int | None = None
        self.stop: str | None = None
        """How `iterations()` came to its end: accepted, limit or stopped."""
        self.detail: str | None = None
        self._open = 0
        self._evaluated = False
        self._looped = False

    @property
    def count(self) -> int:
        """How many iterations there were."""
        return self.last.index if self.last is not None else 0

    def turn(self) -> Round:
        """Begin the next iteration of `iterations()`: whatever was inferred before was none."""
        with _counting:
            if not self._looped:
                self._looped, self.last, self.accepted_index = True, None, None
            return self._advance()

    def _advance(self) -> Round:
        if self.last is not None and self.last.accepted:
            self.accepted_index = self.last.index
        self._evaluated = False
        self.last = Round(self.count + 1)
        return self.last

    def open_role(self, *, generates: bool, starts: bool | None) -> Round | None:
        """Take note of a role that begins outside of `iterations()`; return its iteration, if it is in any."""
        with _counting:
            due = generates and self._evaluated and not self._open
            self._open += 1
            if self._looped:
                return None
            if self.last is None or (due if starts is None else starts and generates):
                self._advance()
            return self.last

    def close_role(self, *, evaluates: bool) -> None:
        """Take note of its end."""
        with _counting:
            self._open -= 1
            self._evaluated = self._evaluated or (evaluates and not self._open)

    def outcome(self) -> tuple[bool | None, str | None]:
        """Return whether the last draft was accepted, and why the run went no further; None is not known."""
        if self.last is None:
            return None, self.stop
        accepted = self.last.accepted
        if accepted:
            self.accepted_index = self.last.index
            return True, ACCEPTED
        return (None if accepted is None and self.stop is None else False), self.stop


def _forked() -> None:
    global _counting  # noqa: PLW0603 - whoever held it is not in this process
    _counting = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
