"""Ready-made values of a page: words about a span, and texts under labels in each form that they are shown in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup
from rich.text import Text

from orchestrace.cli.difference import ADDED, REMOVED, SAME, Piece
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.page.markdown import markdown
from orchestrace.cli.page.value import LONG, inline, value
from orchestrace.cli.row import Row
from orchestrace.cli.state import BAD, GOOD, WARNING

__all__ = ["Field", "Word", "field_of", "word_of"]

_CLASSES: Final = {GOOD: "good", WARNING: "warning", BAD: "bad", "red": "failed", "dim": "dim", "cyan": "name"}
_MARKS: Final = {SAME: "span", REMOVED: "del", ADDED: "ins"}
_STAYED: Final = 300
"""Characters around a change of what stayed the same."""
_CHANGED: Final = 10_000
"""Characters of one change."""
_BEGINNING: Final = 300
"""Characters of a text that is folded away."""


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


def word_of(fact: Text) -> Word:
    """Return a fact as the page shows it."""
    return Word(inline(fact.plain), _CLASSES.get(str(fact.style), ""))


def field_of(row: Row) -> Field:
    """Return what a span says under a label, as the page shows it."""
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
