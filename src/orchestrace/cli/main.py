"""The entry point of the `orchestrace` command: it ends in one line on stderr where it cannot do what was asked."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import NoReturn

from orchestrace.exceptions import OrchestraceError

__all__ = ["main"]

_NEEDS = ("typer", "rich", "jinja2", "markdown_it", "markupsafe")
_FAILED = 1
_UNUSABLE = 2


def main() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a letter that the terminal does not have stops nothing
    try:
        from orchestrace.cli.application import application  # noqa: PLC0415 - it needs what may not be installed
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _NEEDS:
            raise
        _leave(f"the command needs {missing}, which is not installed: pip install 'orchestrace[cli]'", _UNUSABLE)
    try:
        application(prog_name="orchestrace")
    except (OrchestraceError, OSError) as error:
        _leave(str(error), _FAILED)


def _leave(message: str, code: int) -> NoReturn:
    print(f"orchestrace: {message}", file=sys.stderr)
    raise SystemExit(code)
