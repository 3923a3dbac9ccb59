"""Say in one line what became of a run, for the person who reads its trace at night."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrace.recording.masking import mask_text
from orchestrace.recording.roles.declaration import Verdict
from orchestrace.recording.roles.progress import Round
from orchestrace.recording.text import shortened
from orchestrace.recording.usage import Totals

__all__ = ["summary"]

_FEEDBACK = 80
_VERDICTS = 4


def summary(opening: str | None, last: Round | None, totals: Totals, *, content: bool) -> str:
    """
    Return for example `3 iterations, limit; tone 0.4 'too formal'; 4,211 tokens`.

    The verdicts are those of the last iteration. Feedback is content.
    """
    verdicts = last.verdicts if last is not None else []
    said = [" ".join(_words(verdict, content=content)) for verdict in verdicts[:_VERDICTS]]
    if len(verdicts) > _VERDICTS:
        said.append(f"{len(verdicts) - _VERDICTS} more verdicts")
    spent = None if totals.total is None else f"{totals.total:,} tokens"
    return "; ".join(part for part in (opening, ", ".join(filter(None, said)), spent) if part)


def _words(verdict: Verdict, *, content: bool) -> Iterator[str]:
    if verdict.name:
        yield verdict.name
    if verdict.score is not None:
        yield f"{verdict.score:g}"
    elif verdict.label is not None:
        yield verdict.label
    elif verdict.passed is not None:
        yield "passed" if verdict.passed else "failed"
    if content and verdict.feedback:
        yield f"'{shortened(mask_text(verdict.feedback), _FEEDBACK)}'"
