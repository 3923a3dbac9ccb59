"""The pools of `concurrent.futures`: what is submitted runs in the context in which it was submitted."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from orchestrace.concurrency.carried import elsewhere, here
from orchestrace.taps.patch import Patches

__all__ = ["MODULES", "install"]

MODULES: Final = ("concurrent.futures.process", "concurrent.futures.thread")

_POOLS: Final[dict[str, Callable[[Any], Any]]] = {"ThreadPoolExecutor": here, "ProcessPoolExecutor": elsewhere}


def install(module: ModuleType, patches: Patches) -> None:
    """Have the pool in `module` carry the context; its `map`, and subclasses that call `super()`, go the same way."""
    for name, carry in _POOLS.items():
        pool = module.__dict__.get(name)
        if pool is not None:
            patches.replace(pool, "submit", functools.partial(_carrying, carry))


def _carrying(carry: Callable[[Any], Any], submit: Callable[..., Any], is_live: Callable[[], bool]) -> Any:  # noqa: ANN401 - a method
    @functools.wraps(submit)
    def carried(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as submitted: what is wrong with it, it says itself
        if len(args) > 1 and is_live():
            args = (args[0], carry(args[1]), *args[2:])
        return submit(*args, **kwargs)

    return carried
