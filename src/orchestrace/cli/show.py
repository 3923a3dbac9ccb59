"""`orchestrace show`: what happened in one run."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrace.cli import console
from orchestrace.cli.document import trace_document
from orchestrace.cli.opening import JournalOption, JSONOption, open_journal
from orchestrace.cli.tree import render

__all__ = ["show_trace"]


def show_trace(
    trace: Annotated[
        str, typer.Argument(help="A trace id or its first digits, a run's reference, or `last`.", metavar="TRACE")
    ] = "last",
    *,
    journal: JournalOption = None,
    full: Annotated[bool, typer.Option("--full", help="Prompts, answers and whatever else is known, whole.")] = False,
    json: JSONOption = False,
) -> None:
    """Show what happened in one run, as a tree."""
    spans = open_journal(journal).trace(trace)
    if json:
        console.write(trace_document(spans))
    else:
        console.show(render(spans, full=full))
