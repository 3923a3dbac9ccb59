"""Replace methods of other libraries so that they can be put back exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from orchestrace.recording.drivers.drivable import Drivable, Opener
from orchestrace.recording.drivers.driver import drive

__all__ = ["Maker", "Patches", "descendants"]

Maker: TypeAlias = Callable[[Any, Callable[[], bool]], Any]
"""Makes a method that replaces another: gets that one, and what tells whether the patch is still in force."""


class _Patch:
    """One method that is replaced."""

    __slots__ = ("live", "name", "original", "others", "owner", "replacement")

    def __init__(self, owner: type, name: str, original: Any, make: Maker) -> None:  # noqa: ANN401 - a method
        self.owner = owner
        self.name = name
        self.original = original
        # What subclasses have of their own cannot hold what is not made yet: `threading.Thread` has such ones.
        self.others = [one.__dict__[name] for one in descendants(owner) if name in one.__dict__]
        self.live = True
        # Asked of the class, what somebody else has put there knows that its first argument is the instance.
        self.replacement = make(original.__get__(None, owner), lambda: self.live)
        setattr(owner, name, self.replacement)

    def undo(self) -> bool:
        """Put the method back; tell whether somebody else may hold what replaced it."""
        self.live = False
        if self.owner.__dict__.get(self.name) is self.replacement:
            setattr(self.owner, self.name, self.original)
        # Whoever wrapped it where it was inherited, and has undone that, left there what was inherited then.
        for below in descendants(self.owner):
            if below.__dict__.get(self.name) is self.replacement:
                delattr(below, self.name)
        known = (None, self.original, *self.others)
        there = (one.__dict__.get(self.name) for one in (self.owner, *descendants(self.owner)))
        return any(all(method is not one for one in known) for method in there)


def descendants(owner: type) -> list[type]:
    """Return the subclasses of a class, and theirs."""
    children: list[type] = type.__subclasses__(owner)  # of a metaclass, too
    return [*children, *(below for child in children for below in descendants(child))]


@dataclass(slots=True)
class Patches:
    """What has been replaced."""

    _done: list[_Patch] = field(default_factory=list)
    _undone: list[_Patch] = field(default_factory=list)
    """Those that somebody else has wrapped, and may bring back."""

    def follow(self, owner: type, method: str, open_call: Opener) -> bool:
        """Have every call of `owner.method` followed; False if the class has no such method of its own."""

        def make(original: Any, is_live: Callable[[], bool]) -> Any:  # noqa: ANN401 - a method
            def open_while_live(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Drivable | None:
                return open_call(args, kwargs) if is_live() else None

            return drive(original, open_while_live)

        return self.replace(owner, method, make)

    def replace(self, owner: type, method: str, make: Maker) -> bool:
        """
        Replace `owner.method` by what `make` makes of it; False if the class has no such method of its own.

        A class is patched once, by whatever name it is reached.
        """
        original = owner.__dict__.get(method)
        if original is None:
            return False
        if not any((patch.owner, patch.name) == (owner, method) for patch in self._done):
            self._done.append(_Patch(owner, method, original, make))
        return True

    def undo(self) -> None:
        """
        Put back what is still ours; what somebody else has wrapped since stays, and follows nothing any more.

        Whoever put back ours meanwhile, when it was undone already, has it put back as well.
        """
        while self._done:
            self._undone.append(self._done.pop())
        self._undone = [patch for patch in self._undone if patch.undo()]
