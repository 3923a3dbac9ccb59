"""`orchestrace status`: what became of the spans that ended, process by process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from orchestrace.balance import Balance
from orchestrace.cli import console
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.figures import counted, moment
from orchestrace.cli.opening import JournalOption, JSONOption, open_journal
from orchestrace.cli.state import BAD, GOOD, WARNING
from orchestrace.journal.bounds import as_size
from orchestrace.journal.overview import Overview, Process, Receiver, overview

__all__ = ["show_status"]

_ANY: Final = 10_000
"""Cells: wider than any terminal."""


def show_status(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000_000, help="How many processes.")] = 20,
    *,
    journal: JournalOption = None,
    json: JSONOption = False,
) -> None:
    """Say what became of every span that ended: delivered, waiting, refused or dropped, and who sends what waits."""
    reader = open_journal(journal)
    folder = reader.folder
    with reader.open() as database:
        found = overview(database, folder) if database is not None else Overview([], [], 0)
    if json:
        console.write(_document(found, folder))
        return
    console.show(_Whole(_table(found.processes[:limit], found.total)))
    for line in _lines(found, folder, len(found.processes) - limit):
        console.show(line)


def _document(found: Overview, folder: Path) -> bytes:
    processes = [asdict(one) | {"balance": _balance(one.balance)} for one in found.processes]
    document: dict[str, Any] = {
        "journal": str(folder),
        "size": found.size,
        "processes": processes,
        "receivers": [asdict(one) for one in found.receivers],
        "total": _balance(found.total),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _balance(balance: Balance) -> dict[str, Any]:
    return {"ended": balance.ended, **asdict(balance)}


@dataclass(frozen=True, slots=True)
class _Whole:
    """A table whose words are broken where room is short, and which is wider than a terminal that would cut numbers."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        least = Measurement.get(console, options.update(max_width=_ANY), self.table).minimum
        yield from console.render(self.table, options.update(width=max(options.max_width, least)))


def _table(processes: Iterable[Process], total: Balance) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("service", "process", "host", "since"):
        table.add_column(title, overflow="fold")
    for title in ("ended", "delivered", "waiting", "refused", "dropped"):
        table.add_column(title, justify="right", no_wrap=True)
    for process in processes:
        table.add_row(*_who(process), *_numbers(process.balance))
    table.add_row("all", "", "", "", *_numbers(total), style="bold")
    return table


def _who(process: Process) -> Sequence[Text]:
    if process.pid is None:
        return Text("earlier processes"), Text(), Text(), Text()
    state = Text(f"{process.pid} ").append("lives" if process.lives else "gone", GOOD if process.lives else "dim")
    return Text(one_line(process.service or "")), state, Text(one_line(process.host)), Text(moment(process.start))


def _numbers(balance: Balance) -> Sequence[Text]:
    dropped = sum(balance.dropped.values())
    return (
        Text(f"{balance.ended:,}"),
        Text(f"{balance.delivered:,}"),
        Text(f"{balance.waiting:,}", WARNING if balance.waiting else ""),
        Text(f"{balance.refused:,}", BAD if balance.refused else ""),
        Text(f"{dropped:,}", WARNING if dropped else ""),
    )


def _lines(found: Overview, folder: Path, more: int) -> Iterable[str]:
    if more > 0:
        yield f"{more:,} more process{'es' * (more > 1)}: --limit shows more."
    yield ""
    if reasons := found.total.dropped:
        yield "Dropped: " + ", ".join(f"{count:,} {one_line(why)}" for why, count in sorted(reasons.items())) + "."
    yield from map(_receiver, found.receivers)
    yield f"The journal in {folder} has {as_size(found.size)}."


def _receiver(receiver: Receiver) -> str:
    sends = "nobody sends now" if receiver.sender is None else f"process {receiver.sender} sends"
    waits = counted(receiver.waiting, "span")
    if receiver.signals:
        waits += f" and {counted(receiver.signals, 'record')} of logs and metrics"
    return f"To {one_line(receiver.destination)}: {sends}; {waits} waiting."
