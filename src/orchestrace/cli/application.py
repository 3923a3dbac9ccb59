"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrace.cli.doctor import examine_all
from orchestrace.cli.forget import forget_runs
from orchestrace.cli.forward import forward
from orchestrace.cli.list import list_runs
from orchestrace.cli.outcome import record_one
from orchestrace.cli.outcomes import outcomes
from orchestrace.cli.prune import prune_journal
from orchestrace.cli.recover import recover_all
from orchestrace.cli.refused import list_refused
from orchestrace.cli.resend import resend_refused
from orchestrace.cli.show import show_trace
from orchestrace.cli.status import show_status
from orchestrace.recording.tracer import version

__all__ = ["application"]

application: typer.Typer = typer.Typer(
    name="orchestrace",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
application.command("doctor")(examine_all)
application.command("forget")(forget_runs)
application.command("forward")(forward)
application.command("list")(list_runs)
application.command("outcome", context_settings={"ignore_unknown_options": True})(record_one)
application.add_typer(outcomes, name="outcomes")
application.command("prune")(prune_journal)
application.command("recover")(recover_all)
application.command("refused")(list_refused)
application.command("resend")(resend_refused)
application.command("show")(show_trace)
application.command("status")(show_status)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer gives the option's value
    if asked:
        typer.echo(f"orchestrace {version()}")
        raise typer.Exit


@application.callback()
def _orchestrace(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Read what was recorded: which runs there were, and what happened in each."""
