"""The part of a run that says how good a draft is."""

from __future__ import annotations

from typing import ClassVar

from opentelemetry.trace import NonRecordingSpan, Span, SpanContext

from orchestrace import conventions as names
from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.ending import End
from orchestrace.recording.roles.hashed import hashed
from orchestrace.recording.roles.judging import judge
from orchestrace.recording.roles.turn import TurnRole
from orchestrace.recording.selectors import MISSING
from orchestrace.recording.text import written
from orchestrace.typing import AttributeValue

__all__ = ["Evaluator"]


class Evaluator(TurnRole):
    """A call that judges: its result is read as one verdict, or as several."""

    __slots__ = ("_draft", "_rubric_hash")

    role = "evaluator"
    verb = "evaluate"
    category = "EVALUATOR"
    name_key: ClassVar[str] = names.EVALUATOR_NAME

    @property
    def judged(self) -> Span:
        """The draft that it was given, else the iteration's last; without one, whatever it was called in."""
        if self._draft is not None:
            return NonRecordingSpan(self._draft)
        around = lineage.call(self.parent)
        return self.span if around is None else around.span

    def judge_identity(self) -> dict[str, AttributeValue]:
        """Return who judges, and by what, for whoever reads the verdict alone."""
        return {names.EVALUATOR_NAME: self.name, names.EVALUATOR_KIND: self._kind, **self._identified()}

    @property
    def _kind(self) -> str:
        return self.declaration.kind or ("llm" if self.totals.calls else "code")

    def _identified(self) -> dict[str, AttributeValue]:
        known = {names.EVALUATOR_VERSION: self.declaration.version, names.EVALUATOR_RUBRIC_HASH: self._rubric_hash}
        return {name: value for name, value in known.items() if value is not None}

    def _asked(self, call: Call) -> dict[str, AttributeValue]:
        self._draft: SpanContext | None = None
        if self.turn is not None:
            self._draft = self.turn.drafts.judged(call.inputs.values())
        self._rubric_hash: str | None = None
        words: dict[str, AttributeValue] = {}
        if (rubric := self.declaration.rubric) is not None:
            _, self._rubric_hash = hashed(rubric)
            words = {names.EVALUATOR_RUBRIC: written(rubric)[0]} if self.content else {}
        return super()._asked(call) | self._identified() | words

    def _tell(self, end: End) -> None:
        super()._tell(end)
        self.put({names.EVALUATOR_KIND: self._kind})

    def _came(self, end: End) -> None:
        super()._came(end)
        read = self.declaration.verdicts
        # What the function returned, not what `read` makes the output of it: `verdicts` knows `read` itself.
        if read is None or end.error is not None or end.value is MISSING:
            return
        verdicts = read(end.value, self.name)
        judge(self, verdicts, by=self.judge_identity())
        if self.turn is not None and lineage.nearest(self.parent, self.role) is None:
            self.turn.verdicts.extend(verdicts)
