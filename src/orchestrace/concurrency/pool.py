"""The pools of `multiprocessing`: a task runs in the context in which it was given to the pool."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from orchestrace.concurrency.carried import elsewhere, here
from orchestrace.taps.patch import Patches

__all__ = ["MODULE", "install"]

MODULE: Final = "multiprocessing.pool"

_METHODS: Final = ("apply_async", "imap", "imap_unordered", "map", "map_async", "starmap", "starmap_async")
"""Each takes the function first; `apply` goes through `apply_async`."""


def install(module: ModuleType, patches: Patches) -> None:
    """Have the pools in `module` carry the context."""
    for name in _METHODS:
        patches.replace(module.Pool, name, functools.partial(_carrying, module))


def _carrying(module: ModuleType, method: Callable[..., Any], is_live: Callable[[], bool]) -> Any:  # noqa: ANN401 - a method
    @functools.wraps(method)
    def carried(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as given: what is wrong with it, it says itself
        if args and is_live():
            carry = here if isinstance(args[0], module.ThreadPool) else elsewhere
            if len(args) > 1:
                args = (args[0], carry(args[1]), *args[2:])
            elif "func" in kwargs:
                kwargs["func"] = carry(kwargs["func"])
        return method(*args, **kwargs)

    return carried
