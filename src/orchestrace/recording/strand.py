"""Tell whether two things happen one after the other: in the same thread, and there in the same task."""

from __future__ import annotations

import sys
import threading
from typing import TypeAlias

__all__ = ["Strand", "current_strand"]

Strand: TypeAlias = "tuple[int, int]"
"""A thread and the `id()` of a task; 0 is none."""


def current_strand() -> Strand:
    """Return the thread and the task that run here. asyncio and trio are asked, if the program has them."""
    return threading.get_ident(), _asyncio_task() or _trio_task()


def _asyncio_task() -> int:
    asyncio = sys.modules.get("asyncio")
    loop = getattr(asyncio, "_get_running_loop", _nothing)()
    task = asyncio.current_task(loop) if asyncio is not None and loop is not None else None
    return 0 if task is None else id(task)


def _trio_task() -> int:
    lowlevel = sys.modules.get("trio.lowlevel")
    if lowlevel is None:
        return 0
    try:
        return id(lowlevel.current_task())
    except RuntimeError:  # it does not run here
        return 0


def _nothing() -> None:
    """Stand in for a library that is not there, or not yet all there."""
