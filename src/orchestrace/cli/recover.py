"""`orchestrace recover`: bring back what killed processes left."""

from __future__ import annotations

from dataclasses import asdict

import orjson
import typer

from orchestrace.cli import console
from orchestrace.cli.figures import counted
from orchestrace.cli.opening import JournalOption, JSONOption, open_database
from orchestrace.journal.recovery import recover

__all__ = ["recover_all"]


def recover_all(*, journal: JournalOption = None, json: JSONOption = False) -> None:
    """Read what every process left, and end what ran in those that are gone."""
    with open_database(journal) as (database, folder):
        recovered = recover(database, folder)
    if json:
        console.write(orjson.dumps(asdict(recovered)))
    else:
        typer.echo(
            f"{counted(recovered.spans, 'span')} came back, "
            f"{counted(recovered.interrupted, 'span')} ended as interrupted."
        )
