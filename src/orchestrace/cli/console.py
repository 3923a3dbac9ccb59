"""The terminal, or the pipe, that a command prints to."""

from __future__ import annotations

import os
import sys
from typing import Final

from rich.console import Console, RenderableType

__all__ = ["show", "write"]

_PIPE_WIDTH: Final = 120
"""Cells of a line where no terminal says how many it has."""


def show(drawn: RenderableType) -> None:
    """Print what is to be read: in colour to a terminal, without one escape code to a pipe or with `NO_COLOR`."""
    # Rich takes NO_COLOR for colours alone; bold and dim are escape codes as well.
    plain = {"color_system": None} if os.environ.get("NO_COLOR") else {}
    console = Console(width=_width(), highlight=False, markup=False, emoji=False, **plain)  # type: ignore[arg-type]
    console.print(drawn, crop=False)


def write(document: bytes) -> None:
    """Print what programs read: UTF-8, whatever the locale says."""
    sys.stdout.flush()
    sys.stdout.buffer.write(document + b"\n")
    sys.stdout.buffer.flush()


def _width() -> int | None:
    """Return None where Rich finds the width itself: `COLUMNS`, or the terminal at any end of the pipe."""
    if os.environ.get("COLUMNS", "").isdigit() or any(map(os.isatty, range(3))):
        return None
    return _PIPE_WIDTH
