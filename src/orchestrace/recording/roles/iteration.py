"""One pass through the loop of `iterations()`."""

from __future__ import annotations

from orchestrace import conventions as names
from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.ending import End
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.progress import Round
from orchestrace.recording.roles.role import Role
from orchestrace.recording.roles.summary import summary
from orchestrace.typing import AttributeValue

__all__ = ["Iteration"]


class Iteration(Role):
    """
    One iteration: what is drafted and judged inside of it belongs together.

    It stays current between the steps of a loop in the caller's own code, which no other recording does.
    """

    __slots__ = ("round",)

    role = lineage.ITERATION
    verb = "iteration"
    category = "CHAIN"

    def __init__(self, round_: Round) -> None:
        self.round = round_
        super().__init__(Declaration(role=self.role), str(round_.index), Call())

    def _identity(self, call: Call) -> dict[str, AttributeValue]:
        return super()._identity(call) | {names.ITERATION_INDEX: self.round.index}

    def _tell(self, end: End) -> None:
        super()._tell(end)
        accepted = self.round.accepted
        if accepted is not None:
            self.put({names.ACCEPTED: accepted})
        self.put({names.SUMMARY: summary(None, self.round, self.totals, content=self.content)})
