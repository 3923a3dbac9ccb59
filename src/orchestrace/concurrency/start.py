"""
Threads and processes that are started inside of a run: they are parts of it.

Not so those that serve many (the workers of a pool, somebody's sender): these start outside of all runs, or the first
one would keep them for ever.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from operator import methodcaller
from types import ModuleType
from typing import Any, Final, cast

from opentelemetry.context import Context

from orchestrace.concurrency.carried import Elsewhere, Here, elsewhere, here
from orchestrace.recording import lineage
from orchestrace.recording.guard import guarded
from orchestrace.recording.scope import NOWHERE, Scope
from orchestrace.taps.patch import Patches

__all__ = ["MODULES", "install"]

MODULES: Final = ("multiprocessing.process", "threading")

_STARTED: Final[dict[str, Callable[[Any], Here | Elsewhere]]] = {"BaseProcess": elsewhere, "Thread": here}

_SERVING: Final = frozenset(
    {
        "anyio",
        "apscheduler",
        "asyncio",
        "concurrent",
        "ddtrace",
        "grpc",
        "logging",
        "multiprocessing",
        "opentelemetry",
        "orchestrace",
        "pymongo",
        "redis",
        "sentry_sdk",
        "trio",
    }
)
"""Packages whose threads and processes work for whoever comes; what their pools are given carries its own context."""

_RUN: Final = methodcaller("run")


def install(module: ModuleType, patches: Patches) -> None:
    """Have what `module` starts run in the context in which it was started."""
    for name, carry in _STARTED.items():
        kind = module.__dict__.get(name)
        if kind is not None:
            patches.replace(kind, "start", functools.partial(_carrying, carry))


def _carrying(carry: Callable[[Any], Here | Elsewhere], start: Any, is_live: Callable[[], bool]) -> Any:  # noqa: ANN401 - a method
    @functools.wraps(start)
    def carried(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as called: what is wrong with it, it says itself
        with _around(carry, args[0]) if args and is_live() else NOWHERE:
            return start(*args, **kwargs)

    return carried


@guarded("start of a thread or process", cast("AbstractContextManager[None]", NOWHERE))
def _around(carry: Callable[[Any], Here | Elsewhere], started: object) -> AbstractContextManager[None]:
    if lineage.current() is None:
        return NOWHERE
    return Scope(Context()) if _serves_many(started) else _Arrival(started, carry(_RUN))


def _serves_many(started: object) -> bool:
    function = getattr(started, "_target", None) or type(started).run  # type: ignore[attr-defined] # both kinds have it
    return (getattr(function, "__module__", None) or "").partition(".")[0] in _SERVING


class _Arrival:
    """
    The `run` of a thread or process, for its first moment in a context; then it is its own again.

    Leaving the block in which it is started puts that back here, if it did not start, or if what runs is a copy.
    """

    __slots__ = ("_own", "_started", "_within")

    def __init__(self, started: Any, within: Here | Elsewhere) -> None:  # noqa: ANN401 - a thread or process
        self._own = started.__dict__.get("run")
        self._started = started
        self._within = within
        started.run = self

    def __call__(self) -> None:
        self._put_back()
        self._within(self._started)

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None or isinstance(self._within, Elsewhere):
            self._put_back()

    def _put_back(self) -> None:
        if self._own is None:
            self._started.__dict__.pop("run", None)
        else:
            self._started.run = self._own
