"""Follow functions and coroutine functions."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from orchestrace.recording.drivers.drivable import Opener, begun_with, fail, finish
from orchestrace.recording.ending import RETURNED

__all__ = ["drive_coroutine", "drive_function"]


def drive_function(function: Callable[..., Any], open_call: Opener) -> Callable[..., Any]:
    """Return `function`, followed: its scope is current while it runs, and its value or exception ends the call."""

    @functools.wraps(function)
    def driven(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        begun = begun_with(open_call, args, kwargs)
        if begun is None:
            return function(*args, **kwargs)
        followed, scope = begun
        try:
            with scope:
                value = function(*args, **kwargs)
        except BaseException as error:
            fail(followed, error)
            raise
        finish(followed, RETURNED, value)
        return value

    return driven


def drive_coroutine(function: Callable[..., Awaitable[Any]], open_call: Opener) -> Callable[..., Awaitable[Any]]:
    """Return the coroutine function `function`, followed; the call begins when it is first awaited."""

    @functools.wraps(function)
    async def driven(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        begun = begun_with(open_call, args, kwargs)
        if begun is None:
            return await function(*args, **kwargs)
        followed, scope = begun
        try:
            with scope:
                value = await function(*args, **kwargs)
        except BaseException as error:
            fail(followed, error)
            raise
        finish(followed, RETURNED, value)
        return value

    return driven
