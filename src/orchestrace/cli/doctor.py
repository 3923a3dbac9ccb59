"""`orchestrace doctor`: what is in the way, and what to type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import orjson
import typer
from rich.text import Text

from orchestrace.cli import console
from orchestrace.cli.figures import counted
from orchestrace.cli.opening import JournalOption, JSONOption
from orchestrace.cli.state import BAD, GOOD
from orchestrace.cli.state import WARNING as CAREFUL
from orchestrace.doctor import agents_file, wiring
from orchestrace.doctor.examination import examine
from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.doctor.program import run
from orchestrace.settings import Settings

__all__ = ["examine_all"]

_STYLES: Final = {OK: GOOD, WARNING: CAREFUL, PROBLEM: BAD}
_ORDER: Final = list(_STYLES)


def examine_all(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND…]", help="A program to run and to look into.", show_default=False),
    ] = None,
    *,
    endpoint: Annotated[str | None, typer.Option("--endpoint", metavar="URL", help="A receiver to try.")] = None,
    protocol: Annotated[str | None, typer.Option("--protocol", help="http/protobuf or grpc.")] = None,
    journal: JournalOption = None,
    json: JSONOption = False,
) -> None:
    """Find out what is in the way: settings, what is installed, the journal, the receiver; and in a program."""
    settings = Settings(endpoint=endpoint, protocol=protocol, journal=None if journal is None else journal.absolute())
    found: list[Finding] = []
    if command:
        seen = run(command, quiet=json)
        settings = wiring.settings_of(seen, settings)
        found += [*wiring.check(seen), *agents_file.check_targets(seen)]
    found += examine(settings)
    if json:
        console.write(orjson.dumps([asdict(one) for one in found], option=orjson.OPT_INDENT_2))
    else:
        console.show(_drawn(found))
    if any(one.state == PROBLEM for one in found):
        raise typer.Exit(1)


def _drawn(found: Sequence[Finding]) -> Text:
    number = {state: sum(one.state == state for one in found) for state in _ORDER}
    told = [counted(number[state], state) for state in (PROBLEM, WARNING) if number[state]]
    drawn = Text((", ".join(told) if told else "All is well") + ".\n", style="bold")
    for one in sorted(found, key=lambda one: _ORDER.index(one.state)):
        drawn.append(f"\n{one.state:<9}", style=_STYLES[one.state]).append(f"{one.check}: {one.what}")
        for words in filter(None, (one.why, one.do and f"→ {one.do}")):
            drawn.append(f"\n         {words}")
    return drawn
