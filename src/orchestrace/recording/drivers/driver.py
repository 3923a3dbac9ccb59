"""Choose the driver for a function by what it was declared as, never by what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from orchestrace.recording.drivers.drivable import Opener
from orchestrace.recording.drivers.function import drive_coroutine, drive_function
from orchestrace.recording.drivers.generator import drive_async_generator, drive_generator

__all__ = ["drive"]


def drive(function: Callable[..., Any], open_call: Opener) -> Callable[..., Any]:
    """
    Return a function of the same kind, name, signature and type that is followed whenever it is called.

    It is a plain closure: it pickles and copies by name, as `function` does, which is its `__wrapped__`.
    """
    if inspect.isasyncgenfunction(function):
        return drive_async_generator(function, open_call)
    if inspect.isgeneratorfunction(function):
        return drive_generator(function, open_call)
    if inspect.iscoroutinefunction(function):
        return drive_coroutine(function, open_call)
    return drive_function(function, open_call)
