"""
Who keeps spans while they run: told once more when something is said that would be needed after a kill.

What a span says when it starts is kept before its body runs; what is said later comes with its end, which a killed
process never writes. So whoever was told of a start leaves a mark on the span, whatever provider made it and whoever
stands in between.
"""

from __future__ import annotations

import os
import threading
from typing import Final, Protocol

from opentelemetry.trace import Span

__all__ = ["Keeper", "announce", "keep"]

_MARK: Final = "_orchestrace_keepers"
_turn = threading.RLock()


class Keeper(Protocol):
    """Who keeps spans."""

    def again(self, span: Span) -> None:
        """Take a span that runs, as it is by now. Never raises."""


def keep(span: Span, keeper: Keeper) -> None:
    """Take note that `keeper` has a span that started just now."""
    known: tuple[Keeper, ...] = getattr(span, _MARK, ())
    if keeper not in known:
        setattr(span, _MARK, (*known, keeper))


def announce(span: Span) -> None:
    """Have a running span be kept once more, with what it says by now: so that it is known even if it never ends."""
    # One thread after the other: what is kept last is to be what was said last, because the end leaves it out.
    with _turn:
        tell = getattr(span, "announce", None)  # a span of ours is not marked: it knows who keeps it
        if tell is not None:
            tell()
            return
        for keeper in getattr(span, _MARK, ()):
            keeper.again(span)


def _forked() -> None:
    # Whose turn it was in the parent may be a thread that is not here.
    global _turn  # noqa: PLW0603 - the process has one
    _turn = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
