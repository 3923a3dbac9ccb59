"""Say what changed between two texts, word by word, in a time that does not explode with their size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, Literal, TypeAlias

__all__ = ["ADDED", "REMOVED", "SAME", "Kind", "Piece", "difference"]

Kind: TypeAlias = Literal["same", "removed", "added"]
SAME: Final = "same"
REMOVED: Final = "removed"
ADDED: Final = "added"

# Scripts that are written without blanks are compared letter by letter.
_WORDS: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]\s*|\w+\s*|\W"
)
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")
_PAIRS: Final = 100_000
"""Pairs of equal parts, up to which texts are compared by these parts: difflib looks at each, many times."""
_PARTS: Final = 20_000
_BRIDGE: Final = re.compile(r"\W{0,2}")
"""What stays the same between two changes, and is not worth to be shown as that."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and what became of it."""

    kind: Kind
    text: str


def difference(before: str, after: str) -> list[Piece]:
    """
    Return the pieces of two texts, in order; of a change, what was removed comes first.

    Texts are compared word by word; where that would take long, line by line; where that would, too, all between what
    they begin and end with is one change. The removed and same pieces are `before`, the added and same ones `after`.
    """
    for parts in (_WORDS, _LINES):
        old, new = parts.findall(before), parts.findall(after)
        head = _shared(old, new)
        tail = _shared(old[head:][::-1], new[head:][::-1])
        inner = old[head : len(old) - tail], new[head : len(new) - tail]
        if _is_small(*inner):
            middle = _compared(*inner)
            break
    else:
        middle = [Piece(REMOVED, "".join(inner[0])), Piece(ADDED, "".join(inner[1]))]
    ends = Piece(SAME, "".join(old[:head])), Piece(SAME, "".join(old[len(old) - tail :]))
    return list(_joined([ends[0], *middle, ends[1]]))


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _is_small(old: Sequence[str], new: Sequence[str]) -> bool:
    if len(old) + len(new) > _PARTS:
        return not old or not new
    counts = Counter(old)
    return sum(counts[part] for part in new) <= _PAIRS


def _compared(old: list[str], new: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(SAME, "".join(old[first:last])))
        else:
            pieces += [Piece(REMOVED, "".join(old[first:last])), Piece(ADDED, "".join(new[start:end]))]
    return pieces


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    """Make one change of those that stand next to each other, or have hardly anything between them."""
    filled = [piece for piece in pieces if piece.text]
    bridges = {
        number
        for number in range(1, len(filled) - 1)
        if filled[number].kind == SAME
        and _BRIDGE.fullmatch(filled[number].text)
        and {filled[number - 1].kind, filled[number + 1].kind} <= {REMOVED, ADDED}
    }
    numbered = [(piece, piece.kind == SAME and number not in bridges) for number, piece in enumerate(filled)]
    for same, group in groupby(numbered, key=lambda one: one[1]):
        stretch = [piece for piece, _ in group]
        if same:
            yield Piece(SAME, "".join(piece.text for piece in stretch))
            continue
        for kind in (REMOVED, ADDED):
            text = "".join(piece.text for piece in stretch if piece.kind in (kind, SAME))
            if text:
                yield Piece(kind, text)
