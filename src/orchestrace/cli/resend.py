"""`orchestrace resend`: have what was refused be sent once more."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer

from orchestrace.cli import console
from orchestrace.cli.figures import counted
from orchestrace.cli.opening import JournalOption, JSONOption, open_database
from orchestrace.journal.set_aside import resend

__all__ = ["resend_refused"]


def resend_refused(
    *,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Only what was refused with these words.", show_default=False),
    ] = "",
    journal: JournalOption = None,
    json: JSONOption = False,
) -> None:
    """Have refused spans wait for their receiver again: whoever sends from this journal sends them."""
    with open_database(journal) as (database, _):
        resent = resend(database, reason)
    if json:
        console.write(orjson.dumps({"spans": resent}))
    else:
        typer.echo(f"{counted(resent, 'span')} will be sent again.")
