"""The part of a run that makes a draft."""

from __future__ import annotations

from orchestrace.recording import lineage
from orchestrace.recording.ending import End
from orchestrace.recording.roles.role import RUNS
from orchestrace.recording.roles.turn import TurnRole
from orchestrace.recording.selectors import MISSING
from orchestrace.typing import AttributeValue

__all__ = ["Generator"]


class Generator(TurnRole):
    """A call that drafts: outside of `iterations()` it is what begins the next iteration."""

    __slots__ = ("_words",)

    role = "generator"
    verb = "generate"
    category = "CHAIN"
    generates = True

    def _came(self, end: End) -> None:
        self._words: tuple[object, dict[str, AttributeValue]] = MISSING, {}
        super()._came(end)
        # What an evaluator generates in order to judge is no draft.
        around = lineage.nearest(self.parent, "evaluator", *RUNS)
        if self.turn is not None and end.error is None and (around is None or around.role in RUNS):
            output, told = self._words
            self.turn.drafts.take(self.span.get_span_context(), told, end.value, output)

    def _told(self, output: object) -> dict[str, AttributeValue]:
        self._words = output, super()._told(output)
        return self._words[1]
