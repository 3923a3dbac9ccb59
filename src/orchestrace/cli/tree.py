"""Draw the spans of a trace as a tree that a person reads: `render` is for programs, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from orchestrace.cli.details import details
from orchestrace.cli.heading import heading
from orchestrace.cli.row import draw
from orchestrace.records import SpanRecord
from orchestrace.span_tree import Branch, branches

__all__ = ["render"]

_GUIDES: Final = ("├─ ", "└─ ", "│  ", "   ")
_ASCII_GUIDES: Final = ("|- ", "`- ", "|  ", "   ")
_NARROWEST: Final = 40
"""Cells that a text gets however deep it stands; the lines are then longer than the terminal is wide."""


def render(spans: Iterable[SpanRecord], *, full: bool = False) -> RenderableType:
    """
    Return what `rich.print` shows as the tree of a trace.

    Texts are shortened to one or two lines, unless it is to be `full`. The spans may come in any order.
    """
    return _Drawing(tuple(branches(spans)), full)


@dataclass(frozen=True, slots=True)
class _Drawing:
    tops: tuple[Branch, ...]
    full: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        guides = _ASCII_GUIDES if options.ascii_only else _GUIDES
        # A stack and no recursion: agents that call themselves nest as deep as they like.
        stack = [(top, None, "", "") for top in reversed(self.tops)]
        while stack:
            branch, above, first, rest = stack.pop()
            yield from self._entry(branch, above, (first, rest), console)
            ...
