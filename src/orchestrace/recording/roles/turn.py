"""What generators and evaluators have in common: they belong to an iteration of their run."""

from __future__ import annotations

from typing import ClassVar

from orchestrace import conventions as names
from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.ending import End
from orchestrace.recording.recording import Recording
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.invocation import Invocation
from orchestrace.recording.roles.iteration import Iteration
from orchestrace.recording.roles.progress import Progress, Round
from orchestrace.recording.roles.role import RUNS, Role
from orchestrace.typing import AttributeValue

__all__ = ["TurnRole", "round_around"]


class TurnRole(Role):
    """A generator or evaluator. `turn` is the iteration it belongs to; None outside of any run."""

    __slots__ = ("_inferring", "turn")

    generates: ClassVar[bool] = False

    def __init__(self, declaration: Declaration, name: str, call: Call) -> None:
        self.turn: Round | None = None
        self._inferring: Progress | None = None
        around = lineage.nearest(lineage.current(), lineage.ITERATION, *RUNS)
        if isinstance(around, Iteration):
            self.turn = around.round
        elif isinstance(around, Invocation):
            self._inferring = around.progress
            self.turn = self._inferring.open_role(generates=self.generates, starts=declaration.starts_iteration)
        try:
            super().__init__(declaration, name, call)
        except BaseException:
            self._leave_turn(evaluated=False)  # it never began: nobody will end it
            raise

    def _identity(self, call: Call) -> dict[str, AttributeValue]:
        if self._inferring is None or self.turn is None:
            return super()._identity(call)
        return super()._identity(call) | {names.ITERATION_INDEX: self.turn.index, names.ITERATION_INFERRED: True}

    def _take(self, end: End) -> None:
        self._leave_turn(evaluated=not self.generates)
        super()._take(end)

    def _tell(self, end: End) -> None:
        super()._tell(end)
        if self.turn is not None:
            self.turn.over = max(self.turn.over or 0, end.at)

    def _leave_turn(self, *, evaluated: bool) -> None:
        progress, self._inferring = self._inferring, None
        if progress is not None:
            progress.close_role(evaluates=evaluated)


def round_around(recording: Recording | None) -> Round | None:
    """Return the iteration that a recording stands in, or is in right now; None outside of a run."""
    for one in lineage.upwards(recording):
        if isinstance(one, Iteration):
            return one.round
        if isinstance(one, TurnRole) and one.turn is not None:
            return one.turn
        if isinstance(one, Invocation):
            return one.progress.last
    return None
