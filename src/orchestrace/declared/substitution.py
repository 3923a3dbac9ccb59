"""Put one thing in the place of another, wherever a program holds it by name, and put everything back."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

from orchestrace.declared.search import Found, namespace_of
from orchestrace.wrapping import release

__all__ = ["Substitutes"]

_OURS: Final = "orchestrace"


@dataclass(frozen=True, slots=True)
class _Substitute:
    found: Found
    replacement: Any
    inherited: bool


@dataclass(slots=True)
class Substitutes:
    """What stands where something else stood."""

    _done: list[_Substitute] = field(default_factory=list)
    _new: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    """What other modules may hold as well, since `spread()`: by its id, with what takes its place."""

    def put(self, found: Found, replacement: Any) -> None:  # noqa: ANN401 - what was found, wrapped
        """Put `replacement` in the place of what was found. Raises what a metaclass does that does not want it."""
        owner, name = found.owner, found.name
        if isinstance(owner, type):
            inherited = name not in owner.__dict__
            setattr(owner, name, replacement)
        else:
            inherited = False
            namespace_of(owner)[name] = replacement
            self._new[id(found.value)] = found.value, replacement
        self._done.append(_Substitute(found, replacement, inherited))

    def spread(self) -> None:
        """Have every module that imported a function by its name before hold what took its place."""
        if self._new:
            _exchange(self._new)
            self._new.clear()

    def undo(self) -> None:
        """Put everything back, except where somebody else has put something of theirs since."""
        back: dict[int, tuple[Any, Any]] = {}
        while self._done:
            one = self._done.pop()
            owner, name = one.found.owner, one.found.name
            if isinstance(owner, ModuleType):
                # Here itself: a module whose import ends just now is in no list for a moment.
                if (namespace := namespace_of(owner)).get(name) is one.replacement:
                    namespace[name] = one.found.value
                back[id(one.replacement)] = one.replacement, one.found.value
            elif owner.__dict__.get(name) is one.replacement:
                with suppress(AttributeError, TypeError):  # its metaclass has changed its mind
                    if one.inherited:
                        delattr(owner, name)
                    else:
                        setattr(owner, name, one.found.value)
            release(one.replacement)
        if back:
            _exchange(back)


def _exchange(swaps: Mapping[int, tuple[Any, Any]]) -> None:
    for imported, module in sys.modules.copy().items():
        # What we call ourselves stays what it is.
        if not isinstance(module, ModuleType) or imported.partition(".")[0] == _OURS:
            continue
        namespace = namespace_of(module)
        for name, value in list(namespace.items()):
            swap = swaps.get(id(value))
            if swap is not None and swap[0] is value:
                namespace[name] = swap[1]
