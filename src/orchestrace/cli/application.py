"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrace.cli.list import list_runs
from orchestrace.cli.show import show_trace
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
application.command("list")(list_runs)
application.command("show")(show_trace)


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
