"""Where a run stands: which iteration it is in, what was said about its draft, and whether that was good enough."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Final

from orchestrace.recording.roles.declaration import Verdict
from orchestrace.recording.roles.drafts import Drafts
from orchestrace.typing import Nanoseconds

__all__ = ["ACCEPTED", "LIMIT", "STOPPED", "Progress", "Round"]

ACCEPTED: Final = "accepted"
LIMIT: Final = "limit"
STOPPED: Final = "stopped"

_MOST_SCORES: Final = 1000
"""Of a loop that goes on for ever, the last ones."""

_counting = threading.RLock()
"""One for all: held for microseconds. It can be taken again: a garbage collection inside may run anything."""


class Round:
    """
    One iteration, counted from 1: the verdicts on its draft, and whether the orchestrator took it.

    `over` is when it was left, or when the last role in it ended so far.
    """

    __slots__ = ("drafts", "index", "over", "taken", "verdicts")

    def __init__(self, index: int) -> None:
        self.index: int = index
        self.taken: bool = False
        self.over: Nanoseconds | None = None
        self.drafts: Drafts = Drafts()
        self.verdicts: list[Verdict] = []

    @property
    def accepted(self) -> bool | None:
        """Tell whether the draft was taken, or passed every evaluator that said so or not; None if nobody did."""
        said = [verdict.passed for verdict in self.verdicts if verdict.passed is not None]
        return True if self.taken else all(said) if said else None

    @property
    def score(self) -> float | None:
        """The score of its draft: what the evaluators said who gave one, on average; None if none did."""
        said = [verdict.score for verdict in self.verdicts if verdict.score is not None]
        return sum(said) / len(said) if said else None

    @property
    def feedback(self) -> str | None:
        """What was to be better, in the evaluators' words; with their names where there are several."""
        said = [verdict for verdict in self.verdicts if verdict.feedback]
        if len(said) == 1:
            return said[0].feedback
        return "\n".join(f"{one.name}: {one.feedback}" if one.name else str(one.feedback) for one in said) or None


class Progress:
    """
    The iterations of one run.

    They are counted by `iterations()`, or else inferred: a generator that begins after an evaluator has ended, while no
    other role is open, begins the next one. What ran before or after a loop of `iterations()` belongs to none.
    """

    __slots__ = ("_evaluated", "_looped", "_open", "_scores", "accepted", "detail", "last", "stop")

    def __init__(self) -> None:
        self.last: Round | None = None
        self.accepted: Round | None = None
        """The last one whose draft was accepted."""
        self.stop: str | None = None
        """How `iterations()` came to its end: accepted, limit or stopped."""
        self.detail: str | None = None
        self._open = 0
        self._evaluated = False
        self._looped = False
        self._scores: deque[float] = deque(maxlen=_MOST_SCORES)

    @property
    def accepted_index(self) -> int | None:
        """Which iteration's draft was accepted."""
        return None if self.accepted is None else self.accepted.index

    @property
    def scores(self) -> list[float]:
        """The scores of the iterations that have one, in their order."""
        last = None if self.last is None else self.last.score
        return [*self._scores, *([] if last is None else [last])][-_MOST_SCORES:]

    @property
    def count(self) -> int:
        """How many iterations there were."""
        return self.last.index if self.last is not None else 0

    def turn(self) -> Round:
        """Begin the next iteration of `iterations()`: whatever was inferred before was none."""
        with _counting:
            if not self._looped:
                self._looped, self.last, self.accepted = True, None, None
                self._scores.clear()
            return self._advance()

    def _advance(self) -> Round:
        if self.last is not None:
            if self.last.accepted:
                self.accepted = self.last
            if (score := self.last.score) is not None:
                self._scores.append(score)
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
            self.accepted = self.last
            return True, ACCEPTED
        return (None if accepted is None and self.stop is None else False), self.stop


def _forked() -> None:
    global _counting  # noqa: PLW0603 - whoever held it is not in this process
    _counting = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
