"""`orchestrace prune`: bring the journal back within its bounds now."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from orchestrace.cli import console
from orchestrace.cli.figures import counted
from orchestrace.cli.opening import JournalOption, JSONOption, open_database
from orchestrace.exceptions import ConfigurationError
from orchestrace.journal.bounds import AGE_VARIABLE, SIZE_VARIABLE, Bounds, age_of, as_size, size_of, stated_bounds
from orchestrace.journal.ingest import ingest
from orchestrace.journal.removal import Removed
from orchestrace.journal.retention import journal_size, prune

__all__ = ["prune_journal"]


def prune_journal(
    *,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help=f"Such as 7d or 12h; default: {AGE_VARIABLE}, else 7d."),
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option("--max-size", metavar="SIZE", help=f"Such as 256MiB; default: {SIZE_VARIABLE}, else 1GiB."),
    ] = None,
    journal: JournalOption = None,
    json: JSONOption = False,
) -> None:
    """Remove what is older than is wanted, and the least needed of a journal that is larger."""
    bounds = _bounds(older_than, max_size)
    with open_database(journal) as (database, folder):
        for _ in ingest(database, folder):
            pass
        removed = sum(prune(database, folder, max_age=bounds.max_age, max_bytes=bounds.max_bytes, spare=0), Removed())
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        left = journal_size(folder)
    if json:
        console.write(orjson.dumps(asdict(removed) | {"size": left}))
        return
    undelivered = f", {removed.undelivered:,} of them never delivered" if removed.undelivered else ""
    typer.echo(f"Removed {counted(removed.spans, 'span')}{undelivered}. The journal in {folder} has {as_size(left)}.")


def _bounds(older_than: str | None, max_size: str | None) -> Bounds:
    bounds = stated_bounds()
    try:
        return Bounds(
            max_age=bounds.max_age if older_than is None else age_of(older_than, "--older-than"),
            max_bytes=bounds.max_bytes if max_size is None else size_of(max_size, "--max-size"),
        )
    except ConfigurationError as error:
        raise typer.BadParameter(str(error)) from error
