"""Put the spans of a trace into the shape in which they are read: parents with their children, in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from orchestrace.records import SpanRecord

__all__ = ["Branch", "branches"]


@dataclass(slots=True)
class Branch:
    """A span and what happened inside of it, earliest first."""

    span: SpanRecord
    children: list[Branch] = field(default_factory=list)

    def walk(self) -> Iterator[tuple[int, Branch]]:
        """Yield this branch and all below it, as a reader meets them, each with its depth."""
        ahead: list[tuple[int, Branch]] = [(0, self)]
        while ahead:
            depth, branch = ahead.pop()
            yield depth, branch
            ahead.extend((depth + 1, child) for child in reversed(branch.children))


def branches(spans: Iterable[SpanRecord]) -> list[Branch]:
    """
    Return the top branches of some spans.

    A span whose parent is not among them, or is somewhere below it, is a top. Of two records of one span the later
    counts. Spans that started together stand in the order they came in.
    """
    found = {(span.trace_id, span.span_id): Branch(span) for span in spans}
    above: dict[int, Branch] = {}
    tops: list[Branch] = []
    for branch in sorted(found.values(), key=lambda one: one.span.start):
        parent = found.get((branch.span.trace_id, branch.span.parent_id or ""))
        if parent is None or _is_under(parent, branch, above):
            tops.append(branch)
        else:
            above[id(branch)] = parent
            parent.children.append(branch)
    return tops


def _is_under(branch: Branch | None, other: Branch, above: dict[int, Branch]) -> bool:
    """Tell whether a branch is another one, or below it: ids from elsewhere can form a ring."""
    while branch is not None and branch is not other:
        branch = above.get(id(branch))
    return branch is other
