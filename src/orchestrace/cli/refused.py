"""`orchestrace refused`: what the receiver does not want, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from rich.text import Text

from orchestrace.cli import console
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.figures import moment
from orchestrace.cli.opening import JournalOption, JSONOption, open_journal
from orchestrace.cli.state import BAD
from orchestrace.journal.set_aside import SetAside, set_aside

__all__ = ["list_refused"]

_ID = 8


def list_refused(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000_000, help="How many spans.")] = 20,
    *,
    journal: JournalOption = None,
    json: JSONOption = False,
) -> None:
    """List the spans that were refused, the newest first; `orchestrace resend` sends them again."""
    reader = open_journal(journal)
    with reader.open() as database:
        found = set_aside(database, limit) if database is not None else []
    if json:
        console.write(orjson.dumps([asdict(one) for one in found], option=orjson.OPT_INDENT_2))
    elif found:
        for one in found:
            console.show(_drawn(one))
    else:
        typer.echo(f"orchestrace: nothing in {reader.folder} was refused.", err=True)


def _drawn(one: SetAside) -> Text:
    line = Text(f"{moment(one.end)}  ").append(one.trace_id[:_ID], "dim").append(f"  {one_line(one.name)}  ", "bold")
    return line.append(one_line(one.reason), BAD)
