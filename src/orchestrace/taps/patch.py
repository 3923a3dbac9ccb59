"""Replace methods of other libraries so that they can be put back exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrace.recording.drivers.drivable import Drivable, Opener
from orchestrace.recording.drivers.driver import drive

__all__ = ["Patches"]


class _Patch:
    """One method that is followed."""

    __slots__ = ("driven", "live", "name", "original", "owner")

    def __init__(self, owner: type, name: str, original: Any, open_call: Opener) -> None:  # noqa: ANN401 - a method
        self.owner = owner
        self.name = name
        self.original = original
        self.live = True

        def open_while_live(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Drivable | None:
            return open_call(args, kwargs) if self.live else None

        self.driven = drive(original, open_while_live)
        setattr(owner, name, self.driven)

    def undo(self) -> None:
        self.live = False
        if self.owner.__dict__.get(self.name) is self.driven:
            setattr(self.owner, self.name, self.original)


@dataclass(slots=True)
class Patches:
    """What has been replaced."""

    _done: list[_Patch] = field(default_factory=list)

    def follow(self, owner: type, method: str, open_call: Opener) -> bool:
        """
        Have every call of `owner.method` followed; False if the class has no such method of its own.

        A class is patched once, by whatever name it is reached.
        """
        original = owner.__dict__.get(method)
        if original is None:
            return False
        if not any((patch.owner, patch.name) == (owner, method) for patch in self._done):
            self._done.append(_Patch(owner, method, original, open_call))
        return True

    def undo(self) -> None:
        """Put back what is still ours; what somebody else has wrapped since stays, and follows nothing any more."""
        while self._done:
            self._done.pop().undo()
