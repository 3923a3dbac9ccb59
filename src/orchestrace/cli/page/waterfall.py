"""Place spans on a common axis of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orchestrace.cli import figures
from orchestrace.records import SpanRecord
from orchestrace.typing import Nanoseconds

__all__ = ["Axis", "Bar"]

_WIDTH: Final = 1000
"""Units of an axis."""
_THINNEST: Final = 2.0
_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a span stands, in thousandths of the axis. `open` is one that did not end."""

    left: float
    width: float
    open: bool


class Axis:
    """The time from the first start to the last end among some spans."""

    def __init__(self, spans: Iterable[SpanRecord]) -> None:
        times = [time for span in spans for time in (span.start, span.end or span.start)] or [0]
        self._start = min(times)
        self._end = max(times)

    @property
    def length(self) -> Nanoseconds:
        """How long all of it took."""
        return self._end - self._start

    def bar(self, span: SpanRecord) -> Bar:
        """Return where a span stands; it has a width that can be seen. One that did not end reaches to the end."""
        end = self._end if span.end is None else max(span.end, span.start)
        left = min(self._place(span.start), _WIDTH - _THINNEST)
        width = min(max(self._place(end) - left, _THINNEST), _WIDTH - left)
        return Bar(round(left, 2), round(width, 2), span.end is None)

    def ticks(self) -> list[str]:
        """Return what stands below the axis, at equal distances."""
        return [figures.duration(self.length * number // _TICKS) for number in range(_TICKS + 1)]

    def _place(self, time: Nanoseconds) -> float:
        return (time - self._start) / self.length * _WIDTH if self.length else 0.0
