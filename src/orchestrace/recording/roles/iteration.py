"""One pass through the loop of `iterations()`."""

from __future__ import annotations

from types import CodeType
from typing import NamedTuple

from orchestrace import conventions as names
from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.ending import RETURNED, End
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.progress import Round
from orchestrace.recording.roles.role import Role
from orchestrace.recording.roles.summary import summary
from orchestrace.recording.selectors import MISSING
from orchestrace.recording.text import written
from orchestrace.typing import AttributeValue, Nanoseconds

__all__ = ["Iteration", "Place"]


class Place(NamedTuple):
    """Where a loop was left: the moment, and the line of the program."""

    at: Nanoseconds
    code: CodeType | None = None
    line: int = 0

    def lies_on_the_way_of(self, error: BaseException) -> bool:
        """Tell whether an exception passed through this very line."""
        step = error.__traceback__
        while step is not None:
            if step.tb_frame.f_code is self.code and step.tb_lineno == self.line:
                return True
            step = step.tb_next
        return False


class Iteration(Role):
    """
    One iteration: what is drafted and judged inside of it belongs together.

    It stays current between the steps of a loop in the caller's own code, which no other recording does.

    A loop that lets go of its iteration was left by a `break`, or by an exception that nobody has seen yet. So the run
    around keeps the iteration until something else begins, or it ends itself: then it is known which it was.
    """

    __slots__ = ("_left", "round")

    role = lineage.ITERATION
    verb = "iteration"
    category = "CHAIN"

    def __init__(self, round_: Round) -> None:
        self.round: Round = round_
        self._left: Place | None = None
        super().__init__(Declaration(role=self.role), str(round_.index), Call())

    def leave(self, place: Place) -> None:
        """Hear that the loop has let go of it."""
        self._left = place
        self.round.over = place.at

    def settle(self, end: End | None = None, *, streamed: bool = False) -> None:
        """
        End as what came of it: with the run's own `end`, if it was still held or the error came from it.

        A run that was `streamed` ended with a stream that it had returned; so does the iteration that this began in.
        """
        left = self._left
        if left is None:
            if end is not None:
                self.end(end._replace(value=MISSING))
            return
        if end is not None and streamed and self.streams.last > left.at:
            self.end(end._replace(at=self.streams.last, value=MISSING))
            return
        failed = end is not None and end.error is not None and left.lies_on_the_way_of(end.error)
        self.end(End(end.ending, left.at, MISSING, end.error) if failed and end else End(RETURNED, left.at, MISSING))

    def _identity(self, call: Call) -> dict[str, AttributeValue]:
        return super()._identity(call) | {names.ITERATION_INDEX: self.round.index}

    def _tell(self, end: End) -> None:
        super()._tell(end)
        self.round.over = self._left.at if self._left is not None else end.at
        feedback = self.round.feedback
        known = {
            names.ACCEPTED: self.round.accepted,
            names.SCORE: self.round.score,
            names.FEEDBACK: written(feedback)[0] if self.content and feedback is not None else None,
        }
        self.put({name: value for name, value in known.items() if value is not None})
        if self._output is MISSING and self.content:
            self.put(self.round.drafts.told)
        self.put({names.SUMMARY: summary(None, self.round, self.totals, content=self.content)})
