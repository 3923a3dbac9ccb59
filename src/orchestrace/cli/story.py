"""
What happened in a trace as people tell it: each run, its turns, and in each turn the drafts and what was said of them.

Both the terminal and the page show it. It is read from spans alone, whoever wrote them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from orchestrace import conventions as names
from orchestrace.cli import attribute
from orchestrace.cli.content import answer_of
from orchestrace.cli.verdict import Verdict, verdicts_of
from orchestrace.journal.role import AGENT, CALL, EVALUATOR, GENERATOR, ITERATION, OUTCOME, WORKFLOW, role_of
from orchestrace.records import SpanRecord
from orchestrace.span_tree import Branch

__all__ = ["Draft", "RunStory", "Turn", "Verdicts", "earlier_drafts", "stories"]

_RUNS: Final = (AGENT, WORKFLOW)


@dataclass(frozen=True, slots=True)
class Draft:
    """
    What a turn came up with: the output of a generator, else of an agent inside, of the iteration, or of a model.

    `text` is None where none was recorded. `earlier` is the draft of the turn before by the same generator.
    """

    span: SpanRecord
    text: str | None
    earlier: Draft | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """An evaluator, and what it found: nothing if it failed, several things if it judges by several measures."""

    span: SpanRecord
    found: list[Verdict]


@dataclass(frozen=True, slots=True)
class Turn:
    """
    One pass through the loop of a run. `span` is its iteration, None if there is no span of it.

    `index` counts from 1; None is a run without iterations. `accepted` is None where nobody said.
    """

    index: int | None
    span: SpanRecord | None
    accepted: bool | None
    drafts: list[Draft]
    verdicts: list[Verdicts]


@dataclass(frozen=True, slots=True)
class RunStory:
    """A run of an agent or workflow, its turns, and what came of it in the real world."""

    branch: Branch
    turns: list[Turn] = field(default_factory=list)
    outcomes: list[SpanRecord] = field(default_factory=list)


def stories(tops: Iterable[Branch]) -> list[RunStory]:
    """Return the runs of a trace in the order in which a reader meets them; each tells only what is its own."""
    return [_story(branch) for top in tops for _, branch in top.walk() if role_of(branch.span) in _RUNS]


def earlier_drafts(told: Iterable[RunStory]) -> dict[str, tuple[str, str]]:
    """Return by span id what a draft was before, and what it is, for each that has an earlier one."""
    return {
        draft.span.span_id: (draft.earlier.text, draft.text)
        for run in told
        for turn in run.turns
        for draft in turn.drafts
        if draft.text is not None and draft.earlier is not None and draft.earlier.text is not None
    }


def _story(run: Branch) -> RunStory:
    passes: dict[int | None, _Pass] = {}
    outcomes = []
    for branch, index, span in _own(run):
        role = role_of(branch.span)
        if role == OUTCOME:
            outcomes.append(branch.span)
            continue
        one = passes.setdefault(index, _Pass())
        one.span = one.span or span
        one.take(branch, role)
    chosen = attribute.integer(run.span.attributes, names.ACCEPTED_ITERATION)
    turns: list[Turn] = []
    for index in sorted(passes, key=lambda one: (one is not None, one or 0)):
        turn = passes[index].turn(index, chosen, turns[-1] if turns else None)
        if turn.drafts or turn.verdicts or index is not None:
            turns.append(turn)
    return RunStory(run, turns, outcomes)


@dataclass(slots=True)
class _Pass:
    """What was met in one pass, by how well it would do as the draft."""

    span: SpanRecord | None = None
    generators: list[Branch] = field(default_factory=list)
    agents: list[Branch] = field(default_factory=list)
    iterations: list[Branch] = field(default_factory=list)
    calls: list[Branch] = field(default_factory=list)
    evaluators: list[Branch] = field(default_factory=list)

    def take(self, branch: Branch, role: str | None) -> None:
        kinds = {GENERATOR: self.generators, AGENT: self.agents, CALL: self.calls, EVALUATOR: self.evaluators}
        if role == ITERATION and names.OUTPUT_VALUE in branch.span.attributes:
            self.iterations.append(branch)
        elif role in kinds:
            kinds[role].append(branch)

    def turn(self, index: int | None, chosen: int | None, before: Turn | None) -> Turn:
        # A model that was asked outside of any role drafts only where nobody else does, and only in a loop.
        drafting = self.generators or self.agents or self.iterations or (self.calls if index is not None else [])
        accepted = attribute.flag(self.span.attributes, names.ACCEPTED) if self.span is not None else None
        if accepted is None and chosen is not None and index is not None:
            accepted = chosen == index
        verdicts = [Verdicts(branch.span, verdicts_of(branch.span)) for branch in self.evaluators]
        return Turn(index, self.span, accepted, list(_drafts(drafting, before)), verdicts)


def _own(run: Branch) -> Iterator[tuple[Branch, int | None, SpanRecord | None]]:
    """Yield what happened in a run, with its turn and its iteration; nothing from inside of its parts."""
    ahead: list[tuple[Branch, int | None, SpanRecord | None]] = [(one, None, None) for one in reversed(run.children)]
    while ahead:
        branch, index, span = ahead.pop()
        role = role_of(branch.span)
        if role == ITERATION:
            index, span = attribute.integer(branch.span.attributes, names.ITERATION_INDEX), branch.span
        elif attribute.flag(branch.span.attributes, names.ITERATION_INFERRED):
            index = attribute.integer(branch.span.attributes, names.ITERATION_INDEX)
        yield branch, index, span
        if role not in (GENERATOR, EVALUATOR, CALL, *_RUNS):
            ahead += [(one, index, span) for one in reversed(branch.children)]


def _drafts(drafting: list[Branch], before: Turn | None) -> Iterator[Draft]:
    """Yield drafts; of several by one generator the second is compared with the second of the turn before."""
    known = dict(zip(_keys(one.span for one in before.drafts), before.drafts, strict=True)) if before else {}
    for key, branch in zip(_keys(one.span for one in drafting), drafting, strict=True):
        yield Draft(branch.span, _text(branch), known.get(key))


def _keys(spans: Iterable[SpanRecord]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    keys = []
    for span in spans:
        name = ITERATION if role_of(span) == ITERATION else span.name  # its name has its number
        keys.append((name, counts[name]))
        counts[name] += 1
    return keys


def _text(branch: Branch) -> str | None:
    span = branch.span
    said = attribute.text(span.attributes, names.OUTPUT_VALUE) or answer_of(span)
    if said is not None:
        return said
    answers = (answer_of(child.span) for child in reversed(branch.children) if role_of(child.span) == CALL)
    return next((answer for answer in answers if answer is not None), None)
