"""A run on a page: what became of it in short, its turns side by side, its outcomes, and all else about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup

from orchestrace import conventions as names
from orchestrace.cli import attribute
from orchestrace.cli.details import details
from orchestrace.cli.difference import SAME, difference
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.heading import facts
from orchestrace.cli.outcome_text import shown
from orchestrace.cli.page.field import Field, Word, field_of, word_of
from orchestrace.cli.page.value import inline
from orchestrace.cli.row import Row
from orchestrace.cli.state import BAD, WARNING
from orchestrace.cli.story import Draft, RunStory, Turn
from orchestrace.cli.verdict import Verdict
from orchestrace.journal.role import AGENT, role_of
from orchestrace.records import SpanRecord

__all__ = ["Column", "Judgement", "Run", "run_of"]

_ALIKE: Final = 0.3
"""Share of a draft that must have stayed for its changes to be of interest before itself."""
_LEAD: Final = ("started", "key", "session", "user", "tenant", "tags", "experiments", "summary", "outcomes")
"""What one wants to know of a run before anything else, if nothing went wrong."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on a draft: who gave it, what it says, its score as thousandths of 1 if it is one of these."""

    by: Markup
    words: Word
    meter: int | None
    feedback: Field | None
    number: int


@dataclass(frozen=True, slots=True)
class Column:
    """One turn: its drafts, and below them what was said of them."""

    title: str
    words: list[Word]
    drafts: list[tuple[Field, int]]
    judgements: list[Judgement]


@dataclass(frozen=True, slots=True)
class Run:
    """A run: what became of it in short, its turns, its outcomes, and all else about it."""

    name: Markup
    version: Markup
    words: list[Word]
    lead: list[Field]
    about: list[Field]
    columns: list[Column]
    outcomes: list[list[Field]]
    number: int


def run_of(told: RunStory, numbers: Mapping[int, int]) -> Run:
    """Return a run as the page shows it; `numbers` are those of the spans in the waterfall, by `id`."""
    span = told.branch.span
    version = attribute.text(span.attributes, names.AGENT_VERSION) if role_of(span) == AGENT else None
    called = attribute.text(span.attributes, names.AGENT_NAME if role_of(span) == AGENT else names.WORKFLOW_NAME)
    rows = list(details(told.branch, above=None, full=False))
    return Run(
        name=inline(one_line(called or span.name)),
        version=inline(one_line(version or "")),
        words=[word_of(fact) for fact in facts(span)],
        lead=[field_of(row) for row in rows if _leads(row)],
        about=[field_of(row) for row in rows if not _leads(row)],
        columns=[_column(turn, numbers) for turn in told.turns],
        outcomes=[[field_of(row) for row in _outcome(one)] for one in told.outcomes],
        number=numbers[id(span)],
    )


def _leads(row: Row) -> bool:
    return row.label in _LEAD or row.style in (BAD, WARNING)


def _outcome(span: SpanRecord) -> Iterator[Row]:
    for name, said in span.attributes.items():
        if name.startswith(names.OUTCOME_PREFIX):
            yield Row(
                name.removeprefix(names.OUTCOME_PREFIX),
                shown(said) if isinstance(said, bool) else str(said),
                prose=True,
            )
    score = attribute.number(span.attributes, names.EVALUATION_SCORE)
    if score is not None:
        yield Row("score", f"{score:g}")


def _column(turn: Turn, numbers: Mapping[int, int]) -> Column:
    words = [word_of(fact) for fact in facts(turn.span)] if turn.span is not None else []
    if turn.span is None and turn.accepted is not None:
        words.append(Word(Markup("accepted"), "good") if turn.accepted else Word(Markup("not accepted"), "warning"))
    return Column(
        title="Drafts" if turn.index is None else f"Iteration {turn.index}",
        words=words,
        drafts=[(_draft(draft), numbers[id(draft.span)]) for draft in turn.drafts],
        judgements=[
            _judgement(verdict, one.span, numbers[id(one.span)])
            for one in turn.verdicts
            for verdict in one.found or [Verdict()]
        ],
    )


def _draft(draft: Draft) -> Field:
    if draft.text is None:
        words = [fact.plain for fact in facts(draft.span)]
        return Field(inline(one_line(draft.span.name)), inline(f"nothing was recorded ({', '.join(words)})"), "dim")
    before = draft.earlier.text if draft.earlier is not None else None
    pieces = tuple(difference(before, draft.text)) if before is not None and before != draft.text else ()
    field = field_of(Row(draft.span.name, draft.text, prose=True, pieces=pieces))
    if not pieces:
        return field
    stayed = sum(len(piece.text) for piece in pieces if piece.kind == SAME)
    return (
        field if stayed >= _ALIKE * len(draft.text) else replace(field, shown="markdown" if field.markdown else "raw")
    )


def _judgement(verdict: Verdict, span: SpanRecord, number: int) -> Judgement:
    by = attribute.text(span.attributes, names.EVALUATOR_NAME) or span.name.removeprefix("evaluate ")
    words = verdict.words()
    said = word_of(words) if words else next((word_of(fact) for fact in facts(span) if fact.style), Word(Markup("")))
    score = verdict.score
    return Judgement(
        by=inline(one_line(by if verdict.name in (None, by) else f"{by}: {verdict.name}")),
        words=said,
        meter=round(score * 1000) if score is not None and 0 <= score <= 1 else None,
        feedback=field_of(Row("feedback", verdict.feedback, prose=True)) if verdict.feedback else None,
        number=number,
    )
