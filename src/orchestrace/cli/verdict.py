"""Read the verdicts that a span carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from orchestrace import conventions as names
from orchestrace.cli import attribute
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.state import GOOD
from orchestrace.records import SpanRecord
from orchestrace.typing import Attributes

__all__ = ["Verdict", "verdicts_of"]

_FAILED: Final = "red"
"""Not as loud as an error: saying no is an evaluator's work."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; None is not said."""

    name: str | None = None
    score: float | None = None
    label: str | None = None
    passed: bool | None = None
    feedback: str | None = None

    def words(self) -> Text:
        """Return for example `0.4 failed`, without name and feedback."""
        style = "" if self.passed is None else GOOD if self.passed else _FAILED
        said = [] if self.score is None else [f"{self.score:g}"]
        said += [self.label] if self.label else []
        said += [] if self.passed is None else ["passed" if self.passed else "failed"]
        return Text(one_line(" ".join(said)), style=style)


def verdicts_of(span: SpanRecord) -> list[Verdict]:
    """Return all verdicts on a span: its events know each one, its attributes the last, or a list of several."""
    told = [_verdict(event.attributes) for event in span.events if event.name == names.EVALUATION_RESULT_EVENT]
    if told:
        return told
    listed = attribute.document(span.attributes, names.EVALUATIONS)
    if isinstance(listed, list):
        return [_from_fields(one) for one in listed if isinstance(one, dict)]
    one = _verdict(span.attributes)
    return [] if one in (Verdict(), Verdict(name=one.name)) else [one]


def _verdict(attributes: Attributes) -> Verdict:
    return Verdict(
        name=attribute.text(attributes, names.EVALUATION_NAME),
        score=attribute.number(attributes, names.EVALUATION_SCORE),
        label=attribute.text(attributes, names.EVALUATION_LABEL),
        passed=attribute.flag(attributes, names.EVALUATION_PASSED),
        feedback=attribute.text(attributes, names.EVALUATION_EXPLANATION),
    )


def _from_fields(fields: Mapping[str, object]) -> Verdict:
    known = {name: value for name, value in fields.items() if isinstance(value, (str, int, float, bool))}
    feedback = fields.get("feedback")
    return Verdict(
        name=attribute.text(known, "name"),
        score=attribute.number(known, "score"),
        label=attribute.text(known, "label"),
        passed=attribute.flag(known, "passed"),
        feedback=feedback if isinstance(feedback, str) and feedback else None,
    )
