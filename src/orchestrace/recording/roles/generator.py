"""The part of a run that makes a draft."""

from __future__ import annotations

from orchestrace.recording.roles.turn import TurnRole

__all__ = ["Generator"]


class Generator(TurnRole):
    """A call that drafts: outside of `iterations()` it is what begins the next iteration."""

    __slots__ = ()

    role = "generator"
    verb = "generate"
    category = "CHAIN"
    generates = True
