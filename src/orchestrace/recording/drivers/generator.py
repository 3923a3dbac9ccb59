"""
Follow generators and async generators.

A generator's scope is current only while its own body runs, never across a `yield`, and each step runs in the
consumer's own task: so nothing of it shows outside, and `asyncio.timeout` and cancellation work as without us. A
generator that is never iterated is no call: its body never ran.

Whatever is sent or thrown in, a GeneratorExit too, goes to the body, and what comes of it goes to the consumer.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

from orchestrace.recording.drivers.drivable import Drivable, Opener, fail, finish, keep, open_with, scope_of
from orchestrace.recording.ending import ABANDONED, DRAINED

__all__ = ["drive_async_generator", "drive_generator"]


def drive_generator(
    function: Callable[..., Generator[Any, Any, Any]], open_call: Opener
) -> Callable[..., Generator[Any, Any, Any]]:
    """Return the generator function `function`, followed from its first step to its return, error or close."""

    @functools.wraps(function)
    def driven(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401 - whatever it takes
        followed, ending = open_with(open_call, args, kwargs), DRAINED
        scope = scope_of(followed)
        try:
            body = function(*args, **kwargs)
            step: Callable[[Any], Any] = body.send
            given: Any = None
            while True:
                with scope:
                    item = step(given)
                _yielded(followed, item, ending)
                try:
                    step, given = body.send, (yield item)
                except BaseException as thrown:  # noqa: BLE001 - it is the body's to handle
                    step, given, ending = body.throw, thrown, _asked_by(thrown)
        except StopIteration as stop:
            finish(followed, ending, stop.value)
            return stop.value
        except BaseException as error:
            given = None  # else this frame and what was thrown into it hold each other
            _left(followed, error, ending)
            raise

    return driven


def drive_async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]], open_call: Opener
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return the async generator function `function`, followed from its first step to its end, error or close."""

    @functools.wraps(function)
    async def driven(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401 - whatever it takes
        followed, ending = open_with(open_call, args, kwargs), DRAINED
        scope = scope_of(followed)
        try:
            body = function(*args, **kwargs)
            step: Any = _first_step(body)
            while True:
                with scope:
                    item = await step
                _yielded(followed, item, ending)
                try:
                    step = body.asend((yield item))
                except BaseException as thrown:  # noqa: BLE001 - it is the body's to handle
                    step, ending = body.athrow(thrown), _asked_by(thrown)
        except StopAsyncIteration:
            finish(followed, ending)
        except BaseException as error:
            step = None  # as above
            _left(followed, error, ending)
            raise

    return driven


def _asked_by(thrown: BaseException) -> str:
    return ABANDONED if isinstance(thrown, GeneratorExit) else DRAINED


def _yielded(followed: Drivable, item: object, ending: str) -> None:
    if ending == ABANDONED:  # it was closed, and goes on all the same: whatever it yields now, nobody asked for
        finish(followed, ABANDONED)
    keep(followed, item)


def _left(followed: Drivable, error: BaseException, ending: str) -> None:
    if ending == ABANDONED and isinstance(error, GeneratorExit):
        finish(followed, ABANDONED)
    else:
        fail(followed, error)


def _first_step(body: AsyncGenerator[Any, Any]) -> Awaitable[Any]:
    """
    Return the first step of `body`, which is then unknown to the event loop.

    A loop closes the generators that were left to the garbage collector, or are open when it ends itself, each in a
    task of its own. It knows the driven one, which closes `body`, inside of the scope: twice at once is an error.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=None, finalizer=_leave_alone)
    try:
        return body.asend(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _leave_alone(_: AsyncGenerator[Any, Any]) -> None:
    """Finalise nothing."""
