"""Follow functions and coroutine functions."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from orchestrace.recording.drivers.drivable import Opener, fail, finish, open_with, scope_of
from orchestrace.recording.ending import RETURNED

__all__ = ["drive_coroutine", "drive_function"]


def drive_function(function: Callable[..., Any], open_call: Opener) -> Callable[..., Any]:
    """Return `function`, followed: its scope is current while it runs, and its value or exception ends the call."""

    @functools.wraps(function)
    def driven(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        followed = open_with(open_call, args, kwargs)
        try:
            with scope_of(followed):
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
        followed = open_with(open_call, args, kwargs)
        try:
            with scope_of(followed):
                value = await function(*args, **kwargs)
        except BaseException as error:
            fail(followed, error)
            raise
        finish(followed, RETURNED, value)
        return value

    return driven
