"""Every recording of this process that has not ended: what is left when the interpreter leaves was interrupted."""

from __future__ import annotations

import gc
import os
from typing import Final, Protocol
from weakref import ReferenceType, ref

from orchestrace.recording import clock, finaliser
from orchestrace.recording.ending import INTERRUPTED, End

__all__ = ["Unended", "began", "end_all", "is_over"]

_PATIENCE: Final = 0.5
"""Seconds that a process which leaves waits for the ends of what was dropped."""


class Unended(Protocol):
    """What can be ended, and disowned."""

    def end(self, end: End) -> None:
        """End, once. Never raises."""

    def disown(self) -> None:
        """Leave the end to the process that this one was forked from."""


_open: Final[dict[int, ReferenceType[Unended]]] = {}
"""Weak: a recording keeps objects of the program's, which may hold the very generator whose end is to be heard of."""


def began(recording: Unended) -> None:
    """Take note of a recording."""
    _open[id(recording)] = ref(recording)


def is_over(recording: Unended) -> None:
    """Forget a recording that has ended."""
    _open.pop(id(recording), None)


def end_all() -> None:
    """End whatever is open as interrupted, innermost first: the process is leaving."""
    if _found():
        gc.collect()  # what is in a ring of references that nobody holds was left before
        finaliser.drain(_PATIENCE)
    for recording in reversed(_found()):
        recording.end(End(INTERRUPTED, clock.now()))


def _found() -> list[Unended]:
    found = (reference() for reference in list(_open.values()))
    return [recording for recording in found if recording is not None]


def _forked() -> None:
    # A child has copies of what its parent records, and it is the parent that ends these.
    for recording in _found():
        recording.disown()
    _open.clear()


finaliser.at_exit(end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
