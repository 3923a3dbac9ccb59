"""Say in one coloured word what became of a call or a run."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from orchestrace.recording.ending import ABANDONED, CANCELLED, ERROR, INTERRUPTED
from orchestrace.recording.roles.progress import ACCEPTED, LIMIT, STOPPED

__all__ = ["BAD", "GOOD", "WARNING", "state"]

GOOD: Final = "green"
WARNING: Final = "yellow"
BAD: Final = "bold red"

_RUNNING: Final = "running"
_STYLES: Final = {
    ERROR: BAD,
    INTERRUPTED: BAD,
    CANCELLED: WARNING,
    ABANDONED: WARNING,
    ACCEPTED: GOOD,
    LIMIT: WARNING,
    STOPPED: WARNING,
    _RUNNING: "cyan",
}
_EARLY: Final = (CANCELLED, ABANDONED, INTERRUPTED)
"""Endings that matter more than why a run would have stopped."""


def state(*, ended: bool, ending: str | None, status: str, stop_reason: str | None = None) -> Text | None:
    """Return the word; None where all went as it should and there is no more to say."""
    word = _word(ended=ended, ending=ending, status=status, stop_reason=stop_reason)
    return None if word is None else Text(word, style=_STYLES.get(word, ""))


def _word(*, ended: bool, ending: str | None, status: str, stop_reason: str | None) -> str | None:
    if ending in _EARLY:
        return ending
    if not ended:
        return _RUNNING
    return ERROR if ERROR in (ending, status.lower()) else stop_reason
