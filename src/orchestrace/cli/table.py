"""Draw runs as a table, one a line, as wide as there is room."""

from __future__ import annotations

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
    title: str
    show: Callable[[Run], Text]
    shortest: int = 0
    """What it may be cut to where there is not enough room; 0 for never."""
    align: Literal["left", "right"] = "left"


def table(runs: Sequence[Run]) -> RenderableType:
    """Return what `rich.print` shows as a table of runs."""
    return _Table(tuple(runs))


@dataclass(frozen=True, slots=True)
class _Table:
    runs: tuple[Run, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        del console
        rows = [[column.show(run) for column in _COLUMNS] for run in self.runs]
        widths = _widths(rows, options.max_width)
        left = options.max_width - sum(widths) - _GAP * sum(width > 0 for width in widths)
        titles = [Text(column.title, style="dim") for column in _COLUMNS]
        beside = left >= _SUMMARY
        yield _line(titles, widths, Text("summary", style="dim") if beside else Text())
        for run, row in zip(self.runs, rows, strict=True):
            said = _summary(run)
            if beside:
                said.truncate(left, overflow="ellipsis")
            yield _line(row, widths, said if beside else Text())
            if said and not beside:
                said.truncate(options.max_width - _GAP, overflow="ellipsis")
                yield _finished(Text(" " * _GAP).append_text(said))


def _widths(rows: Sequence[Sequence[Text]], room: int) -> list[int]:
    """Return the widths of the columns: 0 for one without any value."""
    widths = [max((cell.cell_len for cell in column), default=0) for column in zip(*rows, strict=True)]
    widths = [max(width, len(column.title)) * (width > 0) for column, width in zip(_COLUMNS, widths, strict=True)]
    for place, column in enumerate(_COLUMNS):
        excess = sum(widths) + _GAP * (len(widths) - 1) - room
        if column.shortest and excess > 0:
            widths[place] = min(widths[place], max(widths[place] - excess, column.shortest))
    return widths


def _line(cells: Sequence[Text], widths: Sequence[int], last: Text) -> Text:
    line = Text(no_wrap=True, overflow="ignore")
    for column, cell, width in zip(_COLUMNS, cells, widths, strict=True):
        if width:
            cell.truncate(width, overflow="ellipsis")
            cell.align(column.align, width)
            line.append_text(cell).append(" " * _GAP)
    return _finished(line.append_text(last))


def _finished(line: Text) -> Text:
    line.no_wrap, line.overflow = True, "ignore"
    line.rstrip()
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


def _summary(run: Run) -> Text:
    """Return what the other columns do not say: the verdicts, or the error."""
    if run.status == "ERROR" and run.error:
        return Text(one_line(run.error), style=BAD)
    said = run.summary or ""
    count = f"{figures.counted(run.iterations, 'iteration')}, " if run.iterations else ""
    said = said.removeprefix(count)
    said = "" if said == run.stop_reason else said.removeprefix(f"{run.stop_reason}; ")
    said = said.removesuffix(f"{_tokens(run)} tokens").removesuffix("; ")
    return Text(one_line(said), style="" if run.accepted is not False else WARNING)


_COLUMNS: Final = (
    _Column("started", lambda run: Text(figures.moment(run.start))),
    _Column("agent", _agent, 12),
    _Column("key", lambda run: Text(one_line(run.key or ""), style="cyan"), 8),
    _Column("turns", lambda run: Text("" if run.iterations is None else str(run.iterations)), align="right"),
    _Column("ended", _ended),
    _Column("tokens", _tokens, align="right"),
    _Column("took", lambda run: Text("" if run.end is None else figures.duration(run.end - run.start)), align="right"),
    _Column("trace", lambda run: Text(run.trace_id[:_ID], style="dim")),
)
