"""Draw runs as a table, one a line, as wide as there is room."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from orchestrace.cli import figures
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.state import BAD, WARNING, state
from orchestrace.journal.reader import Run

__all__ = ["table"]

_GAP: Final = 2
_ID: Final = 8
"""Digits of a trace id: as many as tell the traces of a journal apart."""
_SUMMARY: Final = 30
"""Cells below which a summary goes onto a line of its own."""


@dataclass(frozen=True, slots=True)
class _Column:
    """
    A column. `shortest` is what it may be cut to where room is short, 0 for never.

    Where there is no room at all, what the summary says too, or `show`, is left out: what is `told`.
    """

    title: str
    show: Callable[[Run], Text]
    shortest: int = 0
    align: Literal["left", "right"] = "left"
    told: bool = False


def table(runs: Sequence[Run]) -> RenderableType:
    """
    Return what `rich.print` shows as a table of runs.

    Where it is narrow the summary stands below its run, whole; names and keys are cut, and where that is not enough,
    the columns are left out that the summary or `show` tells as well.
    """
    return _Table(tuple(runs))


@dataclass(frozen=True, slots=True)
class _Table:
    runs: tuple[Run, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        del console
        room = options.max_width
        filled = [column for column in _COLUMNS if any(column.show(run) for run in self.runs)]
        left = room - sum(self._width(column) + _GAP for column in filled)
        yield from self._wide(filled, left) if left >= _SUMMARY else self._narrow(filled, room)

    def _wide(self, columns: Sequence[_Column], left: int) -> Iterator[Text]:
        widths = [self._width(column) for column in columns]
        yield _line(columns, widths, _titles(columns)).append("summary", style="dim")
        for run in self.runs:
            said = _news(run)
            said.truncate(left, overflow="ellipsis")
            line = _line(columns, widths, [column.show(run) for column in columns]).append_text(said)
            line.rstrip()
            yield line

    def _narrow(self, columns: Sequence[_Column], room: int) -> Iterator[Text]:
        kept, widths = columns, self._fitted(columns, room)
        if sum(widths) + _GAP * (len(widths) - 1) > room:
            kept = [column for column in columns if not column.told]
            widths = self._fitted(kept, room)
        lines = [_titles(kept), *([column.show(run) for column in kept] for run in self.runs)]
        said = [Text(), *map(_summary, self.runs)]
        for cells, below in zip(lines, said, strict=True):
            line = _line(kept, widths, cells)
            line.rstrip()
            yield line
            if below:
                below.truncate(room - _GAP, overflow="ellipsis")
                yield _unbroken(Text(" " * _GAP)).append_text(below)

    def _fitted(self, columns: Sequence[_Column], room: int) -> list[int]:
        widths = [self._width(column) for column in columns]
        for place, column in enumerate(columns):
            excess = sum(widths) + _GAP * (len(widths) - 1) - room
            if column.shortest and excess > 0:
                widths[place] = min(widths[place], max(widths[place] - excess, column.shortest))
        return widths

    def _width(self, column: _Column) -> int:
        return max(len(column.title), *(column.show(run).cell_len for run in self.runs))


def _titles(columns: Sequence[_Column]) -> list[Text]:
    return [Text(column.title, style="dim") for column in columns]


def _line(columns: Sequence[_Column], widths: Sequence[int], cells: Sequence[Text]) -> Text:
    line = _unbroken(Text())
    for column, width, cell in zip(columns, widths, cells, strict=True):
        cell.truncate(width, overflow="ellipsis")
        cell.align(column.align, width)
        line.append_text(cell).append(" " * _GAP)
    return line


def _unbroken(line: Text) -> Text:
    line.no_wrap, line.overflow = True, "ignore"
    return line


def _agent(run: Run) -> Text:
    name = Text.assemble((one_line(run.name), "bold"))
    return name.append(f" {one_line(run.version)}") if run.version else name


def _ended(run: Run) -> Text:
    said = state(ended=run.end is not None, ending=run.ending, status=run.status, stop_reason=run.stop_reason)
    return said or Text(run.ending or "")


def _tokens(run: Run) -> Text:
    known = [count for count in (run.input_tokens, run.output_tokens) if count is not None]
    return Text(f"{sum(known):,}" if known else "")


def _cost(run: Run) -> Text:
    known = run.cost is not None and math.isfinite(run.cost)
    # As short as can be said that some calls are not in it.
    return Text(f"{figures.cost(run.cost or 0)}{'+' if run.unpriced else ''}" if known else "")


def _score(run: Run) -> Text:
    return Text(f"{run.scores[-1]:g}" if run.scores else "")


def _summary(run: Run) -> Text:
    failed = run.status == "ERROR" and run.error
    return Text(one_line(run.error or "") if failed else one_line(run.summary or ""), style=_style(run))


def _news(run: Run) -> Text:
    """Return of a summary what the columns do not say; of a run that failed, why."""
    said = _summary(run).plain
    count = f"{figures.counted(run.iterations, 'iteration')}, " if run.iterations else ""
    said = said.removeprefix(count)
    said = "" if said == run.stop_reason else said.removeprefix(f"{run.stop_reason}; ")
    return Text(said.removesuffix(f"{_tokens(run)} tokens").removesuffix("; "), style=_style(run))


def _style(run: Run) -> str:
    return BAD if run.status == "ERROR" else WARNING if run.accepted is False else ""


_COLUMNS: Final = (
    _Column("started", lambda run: Text(figures.moment(run.start))),
    _Column("agent", _agent, 12),
    _Column("key", lambda run: Text(one_line(run.key or ""), style="cyan"), 8),
    _Column("turns", lambda run: Text("" if run.iterations is None else str(run.iterations)), align="right", told=True),
    _Column("ended", _ended),
    _Column("score", _score, align="right", told=True),
    _Column("tokens", _tokens, align="right", told=True),
    _Column("cost", _cost, align="right", told=True),
    _Column("took", lambda run: Text("" if run.end is None else figures.duration(run.end - run.start)), align="right"),
    _Column("outcome", lambda run: Text(one_line(run.outcomes or "")), 12),
    _Column("trace", lambda run: Text(run.trace_id[:_ID], style="dim")),
)
