"""`orchestrace show`: what happened in one run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from orchestrace.cli import console
from orchestrace.cli.document import trace_document
from orchestrace.cli.opening import JournalOption, JSONOption
from orchestrace.cli.page.page import page
from orchestrace.cli.source import Asking, FromOption, HeaderOption, ServiceOption, TimeoutOption, open_source
from orchestrace.cli.tree import render
from orchestrace.sources.inquiry import TIMEOUT

__all__ = ["show_trace"]

_STDOUT: Final = "-"


def show_trace(  # noqa: PLR0913 - an option is a parameter
    trace: Annotated[
        str | None,
        typer.Argument(
            help="A trace id or its first digits, a run's reference, key=…, session=…, or `last`, the default.",
            metavar="TRACE",
            show_default=False,
        ),
    ] = None,
    *,
    journal: JournalOption = None,
    source: FromOption = None,
    header: HeaderOption = None,
    timeout: TimeoutOption = TIMEOUT,
    service: ServiceOption = None,
    full: Annotated[bool, typer.Option("--full", help="Prompts, answers and whatever else is known, whole.")] = False,
    json: JSONOption = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page that any browser shows.", show_default=False),
    ] = None,
) -> None:
    """Show what happened in one run, as a tree or as a page."""
    if json and html is not None:
        message = "--json and --html are two ways to show a run: leave one of them out."
        raise typer.BadParameter(message)
    opened = open_source(journal, source, Asking(header, timeout, service))
    spans = opened.catalogue.trace(trace or opened.trace or "last")
    if json:
        console.write(trace_document(spans))
    elif html is not None:
        _write(html, page(spans).encode("utf-8", "replace"))
    else:
        console.show(render(spans, full=full))


def _write(file: Path, document: bytes) -> None:
    if str(file) == _STDOUT:
        console.write(document)
        return
    file.write_bytes(document)
    print(f"orchestrace: wrote {file}, {len(document):,} bytes.", file=sys.stderr)
