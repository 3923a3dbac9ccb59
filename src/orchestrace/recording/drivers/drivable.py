"""What a driver drives: somebody who wants to be current while a body runs, and to hear how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from orchestrace.recording import clock
from orchestrace.recording.ending import End, ending_of
from orchestrace.recording.guard import report
from orchestrace.recording.scope import NOWHERE
from orchestrace.recording.selectors import MISSING

__all__ = [
    "UNRECORDED",
    "Around",
    "Drivable",
    "Opener",
    "begun_with",
    "fail",
    "finish",
    "keep",
    "open_with",
    "scope_of",
]

Around: TypeAlias = "AbstractContextManager[None, None]"
"""What is current around a body: it can be entered and left again and again."""


class Drivable(Protocol):
    """One call that is being followed: a recording, an HTTP exchange, a boundary."""

    @property
    def scope(self) -> Around:
        """What is current while the body runs; a body that runs in many stretches keeps the one it got."""
        raise NotImplementedError

    def keep(self, item: object) -> None:
        """Take an item that the body yielded."""

    def end(self, end: End) -> None:
        """Hear how the body ended; only the first time counts."""


Opener: TypeAlias = Callable[[tuple[Any, ...], Mapping[str, Any]], "Drivable | None"]
"""Gets the arguments of a call that is about to run; None means that nobody wants to follow it."""


class _Unrecorded:
    """Follow nothing."""

    scope = NOWHERE

    def keep(self, item: object) -> None:
        """Forget it."""

    def end(self, end: End) -> None:
        """Forget it."""


UNRECORDED: Drivable = _Unrecorded()


def open_with(open_call: Opener, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Drivable:
    """Return who follows the call. Never raises."""
    try:
        return open_call(args, kwargs) or UNRECORDED
    except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
        report("begin of a call", error)
        return UNRECORDED


def begun_with(open_call: Opener, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Drivable, Around] | None:
    """Return who follows the call, and what is to be current while its body runs; None: nobody. Never raises."""
    followed = open_with(open_call, args, kwargs)
    return None if followed is UNRECORDED else (followed, scope_of(followed))


def scope_of(followed: Drivable) -> Around:
    """Return what is to be current while the body runs. Never raises."""
    try:
        return followed.scope
    except Exception as fault:  # noqa: BLE001 - nothing of ours reaches the program
        report("scope of a call", fault)
        return NOWHERE


def keep(followed: Drivable, item: object) -> None:
    """Give what the body yielded. Never raises."""
    try:
        followed.keep(item)
    except Exception as fault:  # noqa: BLE001 - nothing of ours reaches the program
        report("item of a stream", fault)


def finish(followed: Drivable, ending: str, value: object = MISSING, error: BaseException | None = None) -> None:
    """Tell that the body ended just now. Never raises."""
    try:
        followed.end(End(ending, clock.now(), value, error))
    except Exception as fault:  # noqa: BLE001 - nothing of ours reaches the program
        report("end of a call", fault)


def fail(followed: Drivable, error: BaseException) -> None:
    """Tell that an exception came out of the body. Never raises."""
    finish(followed, ending_of(error), error=error)
