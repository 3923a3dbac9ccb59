"""
One call of an SDK's method that all of its requests go through, retries included.

A boundary makes no span: at its begin the SDK's own span, which may host the call, does not exist yet. The call is made
by the first request of a model that is sent inside, with the boundary's time of start, and ends with the boundary, or
with the stream that the method returned.

Which one is open stands in a variable of our own, not in OpenTelemetry's context, which follows the program into pools:
what a task in another thread asks is no attempt of this call.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from orchestrace.recording import clock
from orchestrace.recording.ending import End
from orchestrace.recording.model_call import ModelCall
from orchestrace.recording.switch import is_off
from orchestrace.recording.tracer import is_silent
from orchestrace.typing import Nanoseconds

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Boundary", "current_boundary", "open_boundary"]

_here: Final[ContextVar[Boundary | None]] = ContextVar("orchestrace-boundary", default=None)


class Boundary:
    """
    A call of an SDK's method. While it is `open`, it decides when `call` has ended.

    It is its own scope: inside of it, this is the boundary that is open.
    """

    __slots__ = ("_around", "call", "open", "started", "streaming")

    def __init__(self) -> None:
        self.started: Nanoseconds = clock.now()
        self.call: ModelCall | None = None
        self.streaming: object | None = None
        """The exchange whose answer is read as it comes, perhaps after the method has returned."""
        self.open: bool = True
        self._around: Boundary | None = None

    @property
    def scope(self) -> Self:
        """What is current while the method runs."""
        return self

    def __enter__(self) -> None:
        self._around = _here.get()
        _here.set(self)

    def __exit__(self, *_: object) -> None:
        # Nothing is reset by a token: a coroutine is closed by another task, or by the garbage collector.
        if _here.get() is self:
            _here.set(self._around)
        self._around = None

    def keep(self, item: object) -> None:
        """Let it pass: what SDKs yield is read at the wire."""

    def end(self, end: End) -> None:
        """End the call with the method, unless its stream goes on."""
        self.open = False
        # Let go of: the call was made in a context that holds this, and what waits for the garbage collector holds a
        # prompt, and makes it run more often.
        call, self.call = self.call, None
        if call is not None and (end.error is not None or self.streaming is None):
            call.end(end)


def open_boundary(_args: tuple[Any, ...], _kwargs: Mapping[str, Any]) -> Boundary | None:
    """Open a boundary for a call of an SDK's method, where anything can be recorded."""
    return None if is_off() or is_silent() else Boundary()


def current_boundary() -> Boundary | None:
    """Return the boundary that is open here."""
    found = _here.get()
    return found if found is not None and found.open else None
