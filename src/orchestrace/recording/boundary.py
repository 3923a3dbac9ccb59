"""
One call of an SDK's method that all of its requests go through, retries included.

A boundary makes no span: at its begin the SDK's own span, which may host the call, does not exist yet. The call is made
by the first request of a model that is sent inside, with the boundary's time of start, and ends with the boundary, or
with the stream that the method returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.context import create_key, get_current, get_value, set_value

from orchestrace.recording import clock
from orchestrace.recording.ending import End
from orchestrace.recording.model_call import ModelCall
from orchestrace.recording.scope import Scope
from orchestrace.recording.switch import is_off
from orchestrace.recording.tracer import is_silent
from orchestrace.typing import Nanoseconds

__all__ = ["Boundary", "current_boundary", "open_boundary"]

_KEY: Final = create_key("orchestrace-boundary")


class Boundary:
    """A call of an SDK's method. While it is `open`, it decides when `call` has ended."""

    __slots__ = ("_around", "call", "open", "started", "streaming")

    def __init__(self) -> None:
        self.started: Nanoseconds = clock.now()
        self.call: ModelCall | None = None
        self.streaming: object | None = None
        """The exchange whose answer is read as it comes, perhaps after the method has returned."""
        self.open: bool = True
        self._around = get_current()

    @property
    def scope(self) -> Scope:
        """A scope in which this is the boundary that is open."""
        return Scope(set_value(_KEY, self, self._around))

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
    found = get_value(_KEY)
    return found if isinstance(found, Boundary) and found.open else None
