"""What the page shows, ready to be put into its template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from orchestrace.cli import figures
from orchestrace.cli.details import details
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.heading import facts
from orchestrace.cli.page.field import Field, Word, field_of, word_of
from orchestrace.cli.page.run import Run, run_of
from orchestrace.cli.page.value import inline
from orchestrace.cli.page.waterfall import Axis, Bar
from orchestrace.cli.story import earlier_drafts, stories
from orchestrace.journal.role import role_of
from orchestrace.records import SpanRecord
from orchestrace.span_tree import Branch, branches

__all__ = ["Entry", "PageView", "page_view"]

_STEPS: Final = 12
"""Levels of a tree that are set further and further to the right."""


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
        runs=[run_of(run, numbers) for run in told],
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
        words=[word for word in map(word_of, facts(span)) if str(word.text) != took],
        took=took,
        bar=axis.bar(span),
        fields=[field_of(row) for row in rows],
    )
