"""The program itself: the module that Python runs, and what it would be called if it were imported."""

from __future__ import annotations

import sys
from pathlib import PurePath
from typing import Final

__all__ = ["MAIN", "module_that_runs", "name_of_program"]

MAIN: Final = "__main__"


def name_of_program() -> str | None:
    """Return the name by which the program could be imported: that of its file, or the one after `-m`; else None."""
    spec = getattr(sys.modules.get(MAIN), "__spec__", None)
    name = getattr(spec, "name", None) or module_that_runs()
    if isinstance(name, str):
        return name.removesuffix(f".{MAIN}") if name != MAIN else None
    path = PurePath(sys.argv[0] if sys.argv else "")
    return path.stem if path.suffix and path.stem.isidentifier() else None


def module_that_runs() -> str | None:
    """Return the module that `-m` is about to run; None if it runs already, or there is none."""
    given = sys.orig_argv
    # Options of Python's own have no value that is `-m`.
    return given[given.index("-m") + 1] if sys.argv[:1] == ["-m"] and "-m" in given[:-1] else None
