"""Which Python a contender runs on: ours runs on this one, every other one in an environment of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["OURS", "compiling", "interpreter"]

OURS = "orchestrace"
_MADE = Path(__file__).parents[1] / ".build" / "bench"
"""Where `make bench` makes what benchmarks/environments/ lists."""


def interpreter(environment: str, package: str, *, here: bool = False) -> str | None:
    """
    Return the Python of an environment; None where it is not made, or without the package.

    Not every package is for every Python. With `here` all of them are said to be in this one.
    """
    if here or environment == OURS:
        return sys.executable
    made = _MADE / environment
    installed = made.glob(f"lib/*/site-packages/{package.replace('-', '_')}-*.dist-info")
    return str(made / "bin" / "python") if (made / "ready").exists() and any(installed) else None


def compiling() -> dict[str, str]:
    """Return this process's variables for one that keeps its byte code: else each one would compile everything."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
