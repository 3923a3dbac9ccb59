"""
Sections of our threads that no fork may cut through: a child would find SQLite's locks, or an import, half-way.

A fork waits, a second at most, for whoever is inside of such a section; nobody else ever does.
"""

from __future__ import annotations

import os
import threading
import weakref
from types import TracebackType
from typing import Final

__all__ = ["ForkGuard"]

_PATIENCE: Final = 1.0
"""Seconds that a fork waits at most for a section."""

_alive: weakref.WeakSet[ForkGuard] = weakref.WeakSet()
_held: dict[int, list[ForkGuard]] = {}
"""Whose sections wait for a fork that a thread is in."""


class ForkGuard:
    """A context manager around each section of one thread; in a forked child it is new."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _alive.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


def _before_fork() -> None:
    _held[threading.get_ident()] = [guard for guard in list(_alive) if guard._lock.acquire(timeout=_PATIENCE)]  # noqa: SLF001 - same module


def _after_fork_in_parent() -> None:
    for guard in _held.pop(threading.get_ident(), ()):
        guard._lock.release()  # noqa: SLF001 - same module


def _after_fork_in_child() -> None:
    _held.clear()
    for guard in list(_alive):
        guard._lock = threading.RLock()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
