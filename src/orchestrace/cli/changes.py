"""Draw what changed in a text: struck out what went, in colour what came; with brackets where there are no colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from orchestrace.cli.difference import ADDED, REMOVED, SAME, Piece
from orchestrace.cli.excerpt import harmless, one_line

__all__ = ["changes"]

_STYLES: Final = {SAME: "", REMOVED: "red strike", ADDED: "green"}
_MARKS: Final = {SAME: ("", ""), REMOVED: ("[-", "-]"), ADDED: ("{+", "+}")}
_AROUND: Final = 30
"""Characters that are shown of what stayed, before and after a change."""
_LONG: Final = 2_000
"""Characters of a change beyond which nobody reads on in a shortened text."""


def changes(pieces: Sequence[Piece], *, marked: bool, full: bool) -> Text:
    """Return pieces as one text: `marked` has brackets, as of git; unless `full`, what stayed is shortened."""
    said = Text()
    for number, piece in enumerate(pieces):
        text = piece.text
        if not full:
            ends = number > 0, number < len(pieces) - 1
            text = _shortened(text, *ends) if piece.kind == SAME else text[:_LONG]
        before, after = _MARKS[piece.kind] if marked else ("", "")
        words = harmless(text) if full else _in_line(text)
        bare = words.rstrip() if piece.kind != SAME else words  # the blank after a word is not part of what changed
        said.append(f"{before}{bare}{after}", _STYLES[piece.kind]).append(words[len(bare) :])
    return said


def _in_line(text: str) -> str:
    """Return a text on one line; blanks at its ends part it from its neighbours."""
    return f"{' ' * text[:1].isspace()}{one_line(text)}{' ' * (len(text) > 1 and text[-1:].isspace())}"


def _shortened(text: str, after_change: bool, before_change: bool) -> str:  # noqa: FBT001 - the two ends of a text
    if len(text) <= 2 * _AROUND:
        return text
    start = text[:_AROUND].rsplit(maxsplit=1)[0] + " " if after_change else ""
    end = " " + text[-_AROUND:].lstrip().partition(" ")[2] if before_change else ""
    return f"{start}…{end}"
