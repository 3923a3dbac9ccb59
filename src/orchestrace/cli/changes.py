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
_AROUND: Final = {False: 30, True: 10_000}
"""Characters that are shown of what stayed, before and after a change: shortened, and in full."""
_LONG: Final = {False: 2_000, True: 20_000}
"""Characters of a change that are shown: the texts themselves are whole elsewhere."""


def changes(pieces: Sequence[Piece], *, marked: bool, full: bool) -> Text:
    """Return pieces as one text: `marked` has brackets, as of git; what is long is cut, later if `full`."""
    said = Text()
    for number, piece in enumerate(pieces):
        ends = number > 0, number < len(pieces) - 1
        text = _ends(piece.text, _AROUND[full], *ends) if piece.kind == SAME else _start(piece.text, _LONG[full])
        before, after = _MARKS[piece.kind] if marked else ("", "")
        words = harmless(text) if full else _in_line(text)
        bare = words.rstrip() if piece.kind != SAME else words  # the blank after a word is not part of what changed
        said.append(f"{before}{bare}{after}", _STYLES[piece.kind]).append(words[len(bare) :])
    return said


def _in_line(text: str) -> str:
    """Return a text on one line; blanks at its ends part it from its neighbours."""
    return f"{' ' * text[:1].isspace()}{one_line(text)}{' ' * (len(text) > 1 and text[-1:].isspace())}"


def _start(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _ends(text: str, most: int, after_change: bool, before_change: bool) -> str:  # noqa: FBT001 - the two ends of a text
    if len(text) <= 2 * most:
        return text
    # Cut between words, if there are any.
    first, last = text[:most], text[-most:]
    start = first[: first.rfind(" ") + 1] or first
    end = last[last.find(" ") :] if " " in last else last
    return f"{start if after_change else ''}…{end if before_change else ''}"
