"""What the page shows, ready to be put into its template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup
from rich.text import Text

from orchestrace import conventions as names
from orchestrace.cli import attribute, figures
from orchestrace.cli.details import details
from orchestrace.cli.difference import ADDED, REMOVED, SAME, Piece, difference
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.heading import facts
from orchestrace.cli.page.markdown import markdown
from orchestrace.cli.page.value import LONG, inline, value
from orchestrace.cli.page.waterfall import Axis, Bar
from orchestrace.cli.row import Row
from orchestrace.cli.state import BAD, GOOD, WARNING
from orchestrace.cli.story import Draft, RunStory, Turn, earlier_drafts, stories
from orchestrace.cli.verdict import Verdict
from orchestrace.journal.row import AGENT, role_of
from orchestrace.records import SpanRecord
from orchestrace.span_tree import Branch, branches

__all__ = ["PageView", "page_view"]

_CLASSES: Final = {GOOD: "good", WARNING: "warning", BAD: "bad", "red": "failed", "dim": "dim", "cyan": "name"}
_MARKS: Final = {SAME: "span", REMOVED: "del", ADDED: "ins"}
_STAYED: Final = 300
"""Characters around a change of what stayed the same."""
_CHANGED: Final = 10_000
"""Characters of one change."""
_BEGINNING: Final = 300
"""Characters of a text that is folded away."""
_ALIKE: Final = 0.3
"""Share of a draft that must have stayed for its changes to be of interest before itself."""
_LEAD: Final = ("started", "key", "session", "user", "tenant", "summary")
"""What one wants to know of a run before anything else, if nothing went wrong."""
_STEPS: Final = 12
"""Levels of a tree that are set further and further to the right."""


@dataclass(frozen=True, slots=True)
class Word:
    """A few words, and how they are meant."""

    text: Markup
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """
    A text under a label, in up to three forms: as it is, as Markdown, as what changed in it. `shown` is the first.

    `beginning` is of a text that is too long to stand there unfolded.
    """

    label: Markup
    raw: Markup
    kind: str = ""
    markdown: Markup | None = None
    changes: Markup | None = None
    shown: str = "raw"
    size: int = 0
    beginning: Markup | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A span in the waterfall."""

    number: int
    depth: int
    step: int
    name: Markup
    kind: str
    words: list[Word]
    took: str
    bar: Bar
    fields: list[Field]


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


@dataclass(frozen=True, slots=True)
class PageView:
    """All of a page."""

    title: str
    trace_ids: list[str]
    runs: list[Run]
    entries: list[Entry]
    ticks: list[str]


def page_view(spans: Iterable[SpanRecord]) -> PageView:
    """Return what a page of some spans shows."""
    tops = branches(spans)
    told = stories(tops)
    walked = [(depth, branch) for top in tops for depth, branch in top.walk()]
    numbers = {id(branch.span): number for number, (_, branch) in enumerate(walked, 1)}
    axis = Axis(branch.span for _, branch in walked)
    changes = earlier_drafts(told)
    above = {id(child.span): branch.span for _, branch in walked for child in branch.children}
    first = told[0].branch.span if told else walked[0][1].span if walked else None
    return PageView(
        title=one_line(first.name) if first is not None else "nothing",
        trace_ids=sorted({branch.span.trace_id for _, branch in walked}),
        runs=[_run(run, numbers) for run in told],
        entries=[
            _entry(branch, above.get(id(branch.span)), depth, numbers[id(branch.span)], axis, changes)
            for depth, branch in walked
        ],
        ticks=axis.ticks(),
    )


def _entry(  # noqa: PLR0913, PLR0917 - what one line of a waterfall is made of
    branch: Branch,
    above: SpanRecord | None,
    depth: int,
    number: int,
    axis: Axis,
    changes: Mapping[str, tuple[str, str]],
) -> Entry:
    span = branch.span
    rows = details(branch, above=above, full=True, change=changes.get(span.span_id))
    took = figures.duration(span.end - span.start) if span.end is not None else ""
    return Entry(
        number=number,
        depth=depth,
        step=min(depth, _STEPS),
        name=inline(one_line(span.name)),
        kind=role_of(span) or "other",
        words=[word for word in map(_word, facts(span)) if str(word.text) != took],
        took=took,
        bar=axis.bar(span),
        fields=[_field(row) for row in rows],
    )


def _run(told: RunStory, numbers: Mapping[int, int]) -> Run:
    span = told.branch.span
    version = attribute.text(span.attributes, names.AGENT_VERSION) if role_of(span) == AGENT else None
    called = attribute.text(span.attributes, names.AGENT_NAME if role_of(span) == AGENT else names.WORKFLOW_NAME)
    rows = list(details(told.branch, above=None, full=False))
    return Run(
        name=inline(one_line(called or span.name)),
        version=inline(one_line(version or "")),
        words=[_word(fact) for fact in facts(span)],
        lead=[_field(row) for row in rows if _leads(row)],
        about=[_field(row) for row in rows if not _leads(row)],
        columns=[_column(turn, numbers) for turn in told.turns],
        outcomes=[[_field(row) for row in _outcome(one)] for one in told.outcomes],
        number=numbers[id(span)],
    )


def _leads(row: Row) -> bool:
    return row.label in _LEAD or row.style in (BAD, WARNING)


def _outcome(span: SpanRecord) -> Iterator[Row]:
    for name, said in span.attributes.items():
        if name.startswith(names.OUTCOME_PREFIX):
            yield Row(name.removeprefix(names.OUTCOME_PREFIX), str(said), prose=True)
    score = attribute.number(span.attributes, names.EVALUATION_SCORE)
    if score is not None:
        yield Row("score", f"{score:g}")


def _column(turn: Turn, numbers: Mapping[int, int]) -> Column:
    words = [_word(fact) for fact in facts(turn.span)] if turn.span is not None else []
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
    field = _field(Row(draft.span.name, draft.text, prose=True, pieces=pieces))
    if not pieces:
        return field
    stayed = sum(len(piece.text) for piece in pieces if piece.kind == SAME)
    return field if stayed >= _ALIKE * len(draft.text) else _first(field, "markdown" if field.markdown else "raw")


def _first(field: Field, shown: str) -> Field:
    return Field(field.label, field.raw, field.kind, field.markdown, field.changes, shown, field.size, field.beginning)


def _judgement(verdict: Verdict, span: SpanRecord, number: int) -> Judgement:
    by = attribute.text(span.attributes, names.EVALUATOR_NAME) or span.name.removeprefix("evaluate ")
    words = verdict.words()
    said = _word(words) if words else next((_word(fact) for fact in facts(span) if fact.style), Word(Markup("")))
    score = verdict.score
    return Judgement(
        by=inline(one_line(by if verdict.name in (None, by) else f"{by}: {verdict.name}")),
        words=said,
        meter=round(score * 1000) if score is not None and 0 <= score <= 1 else None,
        feedback=_field(Row("feedback", verdict.feedback, prose=True)) if verdict.feedback else None,
        number=number,
    )


def _word(fact: Text) -> Word:
    return Word(inline(fact.plain), _CLASSES.get(str(fact.style), ""))


def _field(row: Row) -> Field:
    text, long = row.text, len(row.text) > LONG
    written = markdown(text) if row.prose else None
    changed = _changes(row.pieces) if row.pieces else None
    return Field(
        label=inline(one_line(row.label)),
        raw=value(text),
        kind=" ".join(filter(None, [_CLASSES.get(row.style, ""), "prose" if row.prose else ""])),
        markdown=written,
        changes=changed,
        shown="changes" if changed else "markdown" if written else "raw",
        size=len(text),
        beginning=inline(one_line(text[:_BEGINNING])) if long else None,
    )


def _changes(pieces: Sequence[Piece]) -> Markup:
    last = len(pieces) - 1
    return Markup("").join(
        Markup("<{0}>{1}</{0}>").format(Markup(_MARKS[piece.kind]), _part(piece, number > 0, number < last))  # noqa: S704 - ours
        for number, piece in enumerate(pieces)
    )


def _part(piece: Piece, after_change: bool, before_change: bool) -> Markup:  # noqa: FBT001 - the two ends of a piece
    text, most = piece.text, _STAYED if piece.kind == SAME else _CHANGED
    if len(text) <= 2 * most:
        return inline(text)
    start = text[:most] if after_change or piece.kind != SAME else ""
    end = text[-most:] if before_change and piece.kind == SAME else ""
    left = len(text) - len(start) - len(end)
    gap = Markup('<span class="gap">… {} characters …</span>').format(f"{left:,}")
    return inline(start) + gap + inline(end)
