"""A labelled line under a span's heading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from orchestrace.cli.changes import changes
from orchestrace.cli.difference import Piece
from orchestrace.cli.excerpt import lines_of, one_line
from orchestrace.recording.text import shortened

__all__ = ["Row", "draw"]

_GAP: Final = 2
_LABEL: Final = 20
"""Characters of a label: some are names that a program, or another library, has given."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    What a span says, under a label. When texts are shortened, `lines` are shown.

    `prose` is what people or models wrote, perhaps in Markdown. `pieces` tell how the text came out of another one.
    """

    label: str
    text: str
    style: str = ""
    lines: int = 1
    prose: bool = False
    pieces: tuple[Piece, ...] = ()


def draw(rows: Iterable[Row], console: Console, width: int, *, full: bool) -> Iterator[Text]:
    """Put rows into two columns of together `width` cells; a line that continues one above has no label."""
    labelled = [(shortened(one_line(row.label), _LABEL), row) for row in rows]
    indent = _GAP + max((cell_len(label) for label, _ in labelled), default=0)
    for label, row in labelled:
        prefix = Text.assemble((label, "dim"))
        said = changes(row.pieces, marked=console.color_system is None, full=full) if row.pieces else row.text
        for line in lines_of(said, console, max(width - indent, width // 2, 1), None if full else row.lines):
            prefix.align("left", indent)
            line.stylize(row.style)
            yield prefix + line
            prefix = Text()
