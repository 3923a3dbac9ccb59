"""Write times, durations and tokens as a reader wants them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Final

from orchestrace.typing import Nanoseconds

__all__ = ["cost", "counted", "duration", "moment", "scores", "tokens"]

_MILLISECOND: Final = 1_000_000
_SECOND: Final = 1_000 * _MILLISECOND
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE


def duration(length: Nanoseconds) -> str:
    """Return for example `0.4 ms`, `340 ms`, `2.1 s`, `3 min 12 s` or `1 h 02 min`."""
    length = max(length, 0)
    if length < _MILLISECOND:
        return f"{length / _MILLISECOND:.1f} ms"
    if length < _SECOND:
        return f"{length // _MILLISECOND} ms"
    if length < _MINUTE:
        return f"{length // (_SECOND // 10) / 10} s"
    if length < _HOUR:
        return f"{length // _MINUTE} min {length % _MINUTE // _SECOND:02} s"
    return f"{length // _HOUR} h {length % _HOUR // _MINUTE:02} min"


def moment(time: Nanoseconds, *, zone: bool = False) -> str:
    """Return a time since the epoch as local date and time; with its zone, for who compares it with other logs."""
    try:
        local = datetime.fromtimestamp(time / _SECOND, timezone.utc).astimezone()
    except (OverflowError, ValueError, OSError):  # beyond the calendar: a clock that was never set
        return f"{time} ns"
    return local.strftime("%Y-%m-%d %H:%M:%S %Z" if zone else "%Y-%m-%d %H:%M:%S")


def tokens(asked: int | None, answered: int | None, cached: int | None = None, reasoning: int | None = None) -> str:
    """Return for example `200 in, 100 out tokens (150 cached)`; empty where nothing is known."""
    sides = [f"{count:,} {word}" for count, word in ((asked, "in"), (answered, "out")) if count is not None]
    # Parts of the sums: of no interest where there was nothing of the kind.
    parts = [f"{count:,} {word}" for count, word in ((cached, "cached"), (reasoning, "reasoning")) if count]
    said = f"{', '.join(sides)} tokens" if sides else ""
    return f"{said} ({', '.join(parts)})" if said and parts else said


def cost(dollars: float, *, least: bool = False) -> str:
    """Return for example `$1.20` or `$0.00042`: two digits that count; with `least`, that it was no less."""
    small = math.floor(math.log10(dollars)) if 0 < dollars < 1 else 0
    return f"{'at least ' if least else ''}${dollars:,.{max(2, 1 - small)}f}"


def scores(given: Sequence[float]) -> str:
    """Return for example `score 0.9` or, of one iteration after the other, `scores 0.4, 0.9`."""
    return f"score{'s' * (len(given) != 1)} {', '.join(f'{score:g}' for score in given)}"


def counted(count: int, word: str) -> str:
    """Return for example `1 iteration` or `2 iterations`."""
    return f"{count:,} {word}{'s' * (count != 1)}"
