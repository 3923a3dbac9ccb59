"""
A function that takes a context along to where it runs.

The context is always set there, also when it is empty: a worker that was forked or started inside of one run would
else take the tasks of the next for parts of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context, get_current

from orchestrace.recording.carrier import read, write
from orchestrace.recording.scope import Scope

__all__ = ["Elsewhere", "Here", "elsewhere", "here"]


class Here:
    """A function that runs in a context of this process; pickled, it is one for another process."""

    __slots__ = ("_context", "_function")

    def __init__(self, function: Callable[..., Any], context: Context) -> None:
        self._function = function
        self._context = context

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, D102 - as the function
        with Scope(self._context):
            return self._function(*args, **kwargs)

    def __reduce__(self) -> tuple[type[Elsewhere], tuple[Any, ...]]:
        return Elsewhere, (self._function, write(self._context))


class Elsewhere:
    """A function that runs in a context of another process, as far as that can be written."""

    __slots__ = ("_carrier", "_function")

    def __init__(self, function: Callable[..., Any], carrier: dict[str, str]) -> None:
        self._function = function
        self._carrier = carrier

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, D102 - as the function
        with Scope(read(self._carrier)):
            return self._function(*args, **kwargs)

    def __reduce__(self) -> tuple[type[Elsewhere], tuple[Any, ...]]:
        return Elsewhere, (self._function, self._carrier)


def here(function: Callable[..., Any]) -> Here:
    """Have a function run in what is current now, in another thread."""
    return Here(function, get_current())


def elsewhere(function: Callable[..., Any]) -> Elsewhere:
    """Have a function run in what is current now, in another process: it is written now, not when it is pickled."""
    return Elsewhere(function, write(get_current()))
