"""`orchestrace list`: which runs there were."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrace.cli import console
from orchestrace.cli.document import runs_document
from orchestrace.cli.opening import JournalOption, JSONOption
from orchestrace.cli.source import Asking, FromOption, HeaderOption, ServiceOption, TimeoutOption, open_source
from orchestrace.cli.table import table
from orchestrace.sources.inquiry import TIMEOUT

__all__ = ["list_runs"]


def list_runs(  # noqa: PLR0913 - an option is a parameter
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000_000, help="How many runs.")] = 20,
    *,
    journal: JournalOption = None,
    source: FromOption = None,
    header: HeaderOption = None,
    timeout: TimeoutOption = TIMEOUT,
    service: ServiceOption = None,
    nested: Annotated[bool, typer.Option("--nested", "--all", help="Also runs inside of other runs.")] = False,
    json: JSONOption = False,
) -> None:
    """List runs, the newest first."""
    reader = open_source(journal, source, Asking(header, timeout, service)).catalogue
    runs = reader.runs(limit, nested=nested)
    if json:
        console.write(runs_document(runs))
    elif runs:
        console.show(table(runs))
    else:
        typer.echo(f"orchestrace: no run was recorded in {reader.place} yet.", err=True)
