"""Follow the body of a `with` or `async with` block."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from orchestrace.recording.drivers.drivable import UNRECORDED, Drivable, fail, finish, open_with, scope_of
from orchestrace.recording.ending import RETURNED

__all__ = ["Passage"]


class Passage:
    """One pass through a block: the scope is current from `enter` to `leave`."""

    __slots__ = ("_followed", "_scope")

    def __init__(self, open_call: Callable[[], Drivable | None]) -> None:
        self._followed = open_with(lambda *_: open_call(), (), {})
        self._scope = scope_of(self._followed)

    @property
    def followed(self) -> Drivable | None:
        """Who follows this block, if anybody does."""
        return None if self._followed is UNRECORDED else self._followed

    def enter(self) -> None:
        """Begin the body."""
        self._scope.__enter__()

    def leave(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the body, with whatever came out of it. Never swallows it."""
        self._scope.__exit__(kind, error, trace)
        if error is None:
            finish(self._followed, RETURNED)
        else:
            fail(self._followed, error)
