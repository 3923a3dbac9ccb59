"""Make an OpenTelemetry context current for a while, and put back what was current before."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, TypeAlias

from opentelemetry.context import Context, attach, get_current

from orchestrace.recording.guard import report

__all__ = ["NOWHERE", "Scope"]

_Stretch: TypeAlias = "tuple[Scope, Context, _Stretch | None]"
"""A stretch of a body that runs: whose it is, what was current before, and the stretch around it."""

_here: ContextVar[_Stretch | None] = ContextVar("orchestrace_scope", default=None)


class Scope:
    """
    Run a body inside `context`, in one stretch or in many.

    Nothing is detached: a token of OpenTelemetry's can only be given back where it was made, and generators are closed
    by other tasks and by the garbage collector. Instead the context that was current is attached again. `context`
    follows the body: what the body left current is current when it goes on.

    Leaving a scope leaves whatever was entered inside of it and is still held, a block around a `yield`, until the body
    goes on; leaving that when the scope was left for good does nothing. A scope that was never entered where it is left
    (another thread or task closes it) leaves what is current there alone.
    """

    __slots__ = ("_held", "context")

    def __init__(self, context: Context) -> None:
        self.context: Context = context
        self._held: tuple[tuple[Scope, Context], ...] = ()

    def __enter__(self) -> None:
        try:
            # All that is to be put back stands in the contextvars context itself, and nothing on the scope: two tasks
            # may step one async generator at once, and only one of them is refused by Python.
            stretch = (self, get_current(), _here.get())
            for scope, before in self._held:
                stretch = (scope, before, stretch)
            _here.set(stretch)
            attach(self.context)
        except Exception as error:  # noqa: BLE001 - the body runs all the same
            report("entering a context", error)

    def __exit__(self, *_: object) -> None:
        stretch = _here.get()
        held: tuple[tuple[Scope, Context], ...] = ()
        while stretch is not None and stretch[0] is not self:
            held = (stretch[:2], *held)
            stretch = stretch[2]
        if stretch is None:
            return
        _here.set(stretch[2])
        self._held = held
        try:
            self.context = get_current()
            attach(stretch[1])
        except Exception as error:  # noqa: BLE001 - the body ran all the same
            report("leaving a context", error)


class _Nowhere(Scope):
    """Run a body where it is."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Change nothing."""

    def __exit__(self, *_: object) -> None:
        """Change nothing."""


NOWHERE: Final[Scope] = _Nowhere(Context())
"""The scope of what is not recorded."""
