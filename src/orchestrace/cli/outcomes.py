"""`orchestrace outcomes import`: say what came of many runs, from a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from orchestrace.cli import console
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.figures import counted
from orchestrace.cli.opening import JournalOption, JSONOption
from orchestrace.cli.outcome import journal_folder
from orchestrace.cli.outcome_options import (
    ColumnOption,
    DefaultOption,
    FileArgument,
    FormatOption,
    ServiceOption,
    TextOption,
)
from orchestrace.cli.outcome_rows import CSV, JSONL, Line, Source
from orchestrace.exceptions import UsageError
from orchestrace.recording.outcomes.outcome import Outcome
from orchestrace.recording.outcomes.statement import FIELDS
from orchestrace.reporting import Report, open_report

__all__ = ["import_outcomes", "outcomes"]

_AT_ONCE: Final = 500
"""Lines that come into the journal together: others write in between."""
_FORMS: Final = {".csv": CSV, ".tsv": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".json": JSONL}

outcomes: typer.Typer = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass(slots=True)
class _Tally:
    """What became of the lines so far. Of those that were recorded, some are corrections, some of no run here."""

    lines: int = 0
    recorded: int = 0
    corrections: int = 0
    unknown: int = 0
    repeated: int = 0
    failed: int = 0

    def count(self, outcome: Outcome | str) -> None:
        self.lines += 1
        if not isinstance(outcome, Outcome):
            self.failed += 1
        elif outcome.repeats is not None:
            self.repeated += 1
        else:
            self.recorded += 1
            self.corrections += outcome.corrects is not None
            self.unknown += outcome.run is None

    def words(self) -> str:
        parts = [
            f"{self.corrections:,} of them corrections" if self.corrections else "",
            f"{self.unknown:,} of runs that are not in this journal" if self.unknown else "",
        ]
        known = ", ".join(filter(None, parts))
        said = f"{counted(self.lines, 'line')}: {self.recorded:,} recorded{f' ({known})' if known else ''}"
        return f"{said}, {self.repeated:,} recorded before, {self.failed:,} failed."


@outcomes.callback()
def _outcomes() -> None:
    """Say what came of many runs."""


@outcomes.command("import")
def import_outcomes(  # noqa: PLR0913 - an option each
    file: FileArgument,
    *,
    name: DefaultOption = None,
    agent: DefaultOption = None,
    source: DefaultOption = None,
    column: ColumnOption = None,
    form: FormatOption = None,
    text: TextOption = False,
    service: ServiceOption = None,
    journal: JournalOption = None,
    json: JSONOption = False,
) -> None:
    """
    Record the outcomes in a file: one a line.

    Columns are name, value, reference, key, agent, at, source, rater, comment, correction, idempotency_key; each line
    has reference or key. A line that is wrong is told by its number, and the others are recorded. What was recorded
    before changes nothing, so a file can be imported again.
    """
    defaults = {field: said for field, said in (("name", name), ("agent", agent), ("source", source)) if said}
    path = Path(getattr(file, "name", "-"))
    lines = Source(file, _form(form, path), columns=_columns(column or []), defaults=defaults, text=text)
    tally = _Tally()
    try:
        with open_report(journal_folder(journal), service) as report, _progress(file) as drawn:
            for done in _batches(lines, report):
                for line, outcome in done:
                    tally.count(outcome)
                    if not isinstance(outcome, Outcome):
                        drawn.console.print(one_line(f"{path}:{line.number}: {outcome}"), soft_wrap=True)
                drawn.update(drawn.task_ids[0], completed=lines.read, lines=tally.lines)
    finally:  # also where it was stopped, or the disk is full: so much is in the journal
        if tally.lines:
            _conclude(lines, tally, json=json)
    if tally.failed:
        raise typer.Exit(1)


def _form(said: str | None, path: Path) -> str | None:
    if said not in {None, CSV, JSONL}:
        msg = f"--format {said}: use {CSV} or {JSONL}."
        raise typer.BadParameter(msg)
    return said or _FORMS.get(path.suffix.lower())


def _batches(lines: Source, report: Report) -> Iterator[list[tuple[Line, Outcome | str]]]:
    """Record lines, many at once; yield each with what became of it, when that is in the journal."""
    waiting = lines.lines()
    while batch := list(islice(waiting, _AT_ONCE)):
        with report.batch():
            done = [(line, _recorded(line, report)) for line in batch]
        yield done


def _recorded(line: Line, report: Report) -> Outcome | str:
    if line.error:
        return line.error
    try:
        return report.add(line.fields)
    except UsageError as error:
        return str(error)


def _columns(pairs: list[str]) -> Mapping[str, str]:
    found = {}
    for pair in pairs:
        name, equals, column = (part.strip() for part in pair.partition("="))
        if name not in FIELDS or not equals or not column:
            msg = f"--column {pair}: write FIELD=COLUMN, where FIELD is one of {', '.join(FIELDS)}."
            raise typer.BadParameter(msg)
        found[name] = column
    return found


@contextmanager
def _progress(file: BinaryIO) -> Iterator[Progress]:
    """Draw how much of a file was read, where somebody looks: on the terminal, and never into what is piped on."""
    screen = Console(stderr=True, highlight=False, markup=False, emoji=False)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[lines]:,} lines"), TimeRemainingColumn())
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as drawn:
        drawn.add_task("", total=_size(file), lines=0)
        yield drawn


def _size(file: BinaryIO) -> int | None:
    """Return the bytes of a file; of a pipe nobody knows."""
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _conclude(lines: Source, tally: _Tally, *, json: bool) -> None:
    if lines.ignored:
        typer.echo(one_line(f"Not read: {', '.join(lines.ignored)}."), err=True)
    if json:
        console.write(orjson.dumps(asdict(tally)))
    else:
        typer.echo(tally.words())
