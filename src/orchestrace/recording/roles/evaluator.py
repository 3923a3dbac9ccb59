"""The part of a run that says how good a draft is."""

from __future__ import annotations

from typing import ClassVar

from opentelemetry.trace import NonRecordingSpan, Span

from orchestrace import conventions as names
from orchestrace.recording import lineage
from orchestrace.recording.ending import End
from orchestrace.recording.roles.judging import judge
from orchestrace.recording.roles.turn import TurnRole
from orchestrace.recording.selectors import MISSING
from orchestrace.typing import AttributeValue

__all__ = ["Evaluator"]


class Evaluator(TurnRole):
    """A call that judges: its result is read as one verdict, or as several."""

    __slots__ = ()

    role = "evaluator"
    verb = "evaluate"
    category = "EVALUATOR"
    name_key: ClassVar[str] = names.EVALUATOR_NAME

    @property
    def judged(self) -> Span:
        """The draft of the iteration; without one, whatever the evaluator was called in."""
        if self.turn is not None and self.turn.draft is not None:
            return NonRecordingSpan(self.turn.draft)
        around = lineage.call(self.parent)
        return self.span if around is None else around.span

    def _named(self) -> dict[str, AttributeValue]:
        version = self.declaration.version
        return super()._named() | ({names.EVALUATOR_VERSION: version} if version is not None else {})

    def _tell(self, end: End) -> None:
        super()._tell(end)
        self.put({names.EVALUATOR_KIND: self.declaration.kind or ("llm" if self.totals.calls else "code")})

    def _came(self, end: End) -> None:
        super()._came(end)
        read = self.declaration.verdicts
        # What the function returned, not what `read` makes the output of it: `verdicts` knows `read` itself.
        if read is None or end.error is not None or end.value is MISSING:
            return
        verdicts = read(end.value, self.name)
        judge(self, verdicts)
        if self.turn is not None and lineage.nearest(self.parent, self.role) is None:
            self.turn.verdicts.extend(verdicts)
