"""Draw the spans of a trace as a tree that a person reads: `render` is for programs, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from orchestrace.cli.details import details
from orchestrace.cli.heading import heading
from orchestrace.cli.row import draw
from orchestrace.cli.story import earlier_drafts, stories
from orchestrace.records import SpanRecord
from orchestrace.span_tree import Branch, branches

__all__ = ["render"]

_GUIDES: Final = ("├─ ", "└─ ", "│  ", "   ")
_ASCII_GUIDES: Final = ("|- ", "`- ", "|  ", "   ")
_CHILD, _LAST, _PAST, _BLANK = range(4)
_NARROWEST: Final = 40
"""Cells that a text gets."""


def render(spans: Iterable[SpanRecord], *, full: bool = False) -> RenderableType:
    """
    Return what `rich.print` shows as the tree of a trace.

    Texts are shortened to one or two lines, unless it is to be `full`. The spans may come in any order.
    """
    tops = tuple(branches(spans))
    return _Drawing(tops, full, earlier_drafts(stories(tops)))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a branch stands: what is drawn to the left of its heading, and of all that follows."""

    branch: Branch
    above: SpanRecord | None = None
    first: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class _Drawing:
    tops: tuple[Branch, ...]
    full: bool
    changes: Mapping[str, tuple[str, str]]
    """What each draft was before and is, by span id."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        guides = _ASCII_GUIDES if options.ascii_only else _GUIDES
        # A stack and no recursion: agents that call themselves nest as deep as they like.
        stack = [_Place(top) for top in reversed(self.tops)]
        while stack:
            place = stack.pop()
            yield from self._entry(place, guides, console, options.max_width)
            stack += reversed(list(_below(place, guides)))

    def _entry(self, place: _Place, guides: tuple[str, ...], console: Console, width: int) -> Iterator[Text]:
        aside = place.rest + (guides[_PAST] if place.branch.children else guides[_BLANK])
        # However deep it stands: what is to be read keeps a column, and the outermost lines give way.
        most = max(width - _NARROWEST, len(guides[_BLANK]))
        room = width - min(len(aside), most)
        for number, line in enumerate(heading(place.branch.span, room)):
            yield _line((aside if number else place.first)[-most:], line)
        change = self.changes.get(place.branch.span.span_id)
        rows = details(place.branch, above=place.above, full=self.full, change=change)
        for line in draw(rows, console, room, full=self.full):
            yield _line(aside[-most:], line)


def _below(place: _Place, guides: tuple[str, ...]) -> Iterator[_Place]:
    children = place.branch.children
    for child in children:
        last = child is children[-1]
        first, rest = (guides[_LAST], guides[_BLANK]) if last else (guides[_CHILD], guides[_PAST])
        yield _Place(child, place.branch.span, place.rest + first, place.rest + rest)


def _line(guides: str, text: Text) -> Text:
    line = Text(no_wrap=True, overflow="ignore").append(guides, style="dim").append_text(text)
    line.rstrip()
    return line
