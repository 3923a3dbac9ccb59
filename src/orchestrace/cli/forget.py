"""`orchestrace forget`: delete what was said in runs, everywhere in the journal."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from orchestrace.cli import console
from orchestrace.cli.figures import counted
from orchestrace.cli.opening import JournalOption, JSONOption, open_database, open_journal
from orchestrace.exceptions import JournalError
from orchestrace.journal.forgetting import Forgotten, Whom, forget
from orchestrace.journal.ingest import ingest
from orchestrace.journal.reader import Reader
from orchestrace.journal.wanted import wanted

__all__ = ["forget_runs"]


def forget_runs(  # noqa: PLR0913 - an option each
    *,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="TRACE", help="A trace id or its first digits, a run's reference, or `last`."),
    ] = None,
    session: Annotated[str | None, typer.Option("--session", help="A session, or a conversation.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="A tenant.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="A user.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    journal: JournalOption = None,
    json: JSONOption = False,
) -> None:
    """Delete runs with all that was said in them. What was sent before is with its receiver."""
    if [run, session, tenant, user].count(None) != 3:  # noqa: PLR2004 - all but one
        msg = "say what is to be forgotten: one of --run, --session, --tenant and --user."
        raise typer.BadParameter(msg)
    trace_id, unknown = (None, None) if run is None else _trace_id(open_journal(journal), run)
    whom = Whom(trace_id, session, tenant, user)
    with open_database(journal) as (database, folder):
        for _ in ingest(database, folder):
            pass
        number = len(whom.traces(database))
        if number and not yes:
            _confirm(f"Forget {counted(number, 'run')} in {folder}? There is no way back.")
        forgotten = forget(database, folder, whom)
    if unknown is not None and not forgotten.damaged:
        raise unknown
    if json:
        console.write(orjson.dumps(asdict(forgotten)))
    else:
        typer.echo(_words(forgotten))


def _trace_id(journal: Reader, run: str) -> tuple[str, JournalError | None]:
    """Return the id that is meant. Of one that nobody knows only a damaged file can have something: then the error."""
    try:
        return journal.trace(run)[0].trace_id, None
    except JournalError as error:
        if not (meant := wanted(run)).whole:
            raise
        return meant.prefix, error


def _confirm(question: str) -> None:
    try:
        typer.confirm(question, abort=True, err=True)
    except typer.Abort:
        if not sys.stdin.isatty():
            typer.echo("\nNobody is there to answer: --yes says yes.", err=True)
        raise


def _words(forgotten: Forgotten) -> str:
    said = f"Forgot {counted(forgotten.runs, 'run')} with {counted(forgotten.spans, 'span')}"
    if forgotten.undelivered:
        said += f", {forgotten.undelivered:,} of them never delivered"
    sentences = [said]
    if forgotten.running:
        still = "is" if forgotten.running == 1 else "are"
        sentences.append(f"{forgotten.running:,} of them {still} not over: forget again afterwards")
    if forgotten.damaged:
        sentences.append(f"Damaged files in which they stood are deleted: {', '.join(forgotten.damaged)}")
    return ". ".join(sentences) + "."
