"""Follow the body of a `with` or `async with` block."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from orchestrace.recording import lineage
from orchestrace.recording.drivers.drivable import UNRECORDED, Drivable, fail, finish, open_with, scope_of
from orchestrace.recording.ending import RETURNED
from orchestrace.recording.guard import guarded
from orchestrace.recording.recording import Recording

__all__ = ["Passage", "Passages"]


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


class Passages:
    """The passes through one block, which may be entered again while it is open, also by other threads and tasks."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: list[Passage] = []

    def enter(self, open_call: Callable[[], Drivable | None]) -> Drivable | None:
        """Begin a pass; return who follows it, if anybody does."""
        passage = Passage(open_call)
        passage.enter()
        self._open.append(passage)
        return passage.followed

    def leave(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the pass that is being left, with whatever came out of it. Never swallows it."""
        passage = self._take()
        if passage is not None:
            passage.leave(kind, error, trace)

    def _take(self) -> Passage | None:
        """Take the passage that is being left: of those around what runs here, the one that was entered last."""
        entered = self._open[::-1]
        around = _around()
        found = [one for one in entered if one.followed in around] or [one for one in entered if one.followed is None]
        # Where it was entered in another context, as a fixture may be, the last one is the best guess.
        passage = next(iter(found or entered), None)
        with suppress(ValueError):  # another thread guessed the same
            self._open.remove(passage)  # type: ignore[arg-type] # nothing is not in it either
        return passage


@guarded("end of a block", tuple[Recording, ...]())
def _around() -> tuple[Recording, ...]:
    return tuple(lineage.upwards(lineage.current()))
