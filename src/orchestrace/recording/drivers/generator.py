"""
Follow generators and async generators.

A generator's scope is current only while its own body runs, never across a `yield`, and each step runs in the
consumer's own task: so nothing of it shows outside, and `asyncio.timeout` and cancellation work as without us. A
generator that is never iterated is no call: its body never ran.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from orchestrace.recording.drivers.drivable import Opener, fail, finish, open_with
from orchestrace.recording.ending import ABANDONED, DRAINED

__all__ = ["drive_async_generator", "drive_generator"]


def drive_generator(
    function: Callable[..., Generator[Any, Any, Any]], open_call: Opener
) -> Callable[..., Generator[Any, Any, Any]]:
    """Return the generator function `function`, followed from its first step to its return, error or close."""

    @functools.wraps(function)
    def driven(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401 - whatever it takes
        followed = open_with(open_call, args, kwargs)
        try:
            body = function(*args, **kwargs)
            step, given = body.send, None
            while True:
                with followed.scope:
                    item = step(given)
                followed.keep(item)
                try:
                    step, given = body.send, (yield item)
                except GeneratorExit:
                    with followed.scope:
                        body.close()
                    finish(followed, ABANDONED)
                    raise
                except BaseException as thrown:  # noqa: BLE001 - it is the body's to handle
                    step, given = body.throw, thrown
        except StopIteration as stop:
            finish(followed, DRAINED, stop.value)
            return stop.value
        except BaseException as error:
            fail(followed, error)
            raise

    return driven


def drive_async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]], open_call: Opener
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return the async generator function `function`, followed from its first step to its end, error or close."""

    @functools.wraps(function)
    async def driven(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401 - whatever it takes
        followed = open_with(open_call, args, kwargs)
        try:
            body = function(*args, **kwargs)
            step, given = body.asend, None
            while True:
                with followed.scope:
                    item = await step(given)
                followed.keep(item)
                try:
                    step, given = body.asend, (yield item)
                except GeneratorExit:
                    with followed.scope:
                        await body.aclose()
                    finish(followed, ABANDONED)
                    raise
                except BaseException as thrown:  # noqa: BLE001 - it is the body's to handle
                    step, given = body.athrow, thrown
        except StopAsyncIteration:
            finish(followed, DRAINED)
        except BaseException as error:
            fail(followed, error)
            raise

    return driven
