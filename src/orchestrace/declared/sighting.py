"""What became of a target: where it appeared, or why it did not."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import ModuleType
from typing import Any, Final

from orchestrace.declared.entry import Entry
from orchestrace.declared.search import can_be_followed, names_of, namespace_of, static
from orchestrace.declared.target import Target, matches

__all__ = ["Sighting", "reason"]

_CLOSE: Final = 0.6


@dataclass(slots=True, eq=False)
class Sighting:
    """
    One target in this process.

    `followed` counts the functions that it was found to be; `refused` says why another was left as it is.
    """

    entry: Entry
    followed: int = 0
    refused: str = ""
    _decorated: set[int] = field(default_factory=set)

    @property
    def decorated(self) -> int:
        """How many functions are decorated by the program itself."""
        return len(self._decorated)

    @property
    def appeared(self) -> bool:
        """Whether anything was found that is recorded."""
        return bool(self.followed or self.decorated)

    def meets(self, value: object, taken: Mapping[int, tuple[Any, Sighting]]) -> None:
        """Take note of a function that is followed already: by the program itself, or by another target."""
        made, by = taken.get(id(value), (None, None))
        if made is not value:
            self._decorated.add(id(value))
        elif by is not None and by is not self:
            self.refused = f"{by.entry.text} names it already: of targets that name the same, the first one counts."

    def told(self, where: str) -> dict[str, Any]:
        """Return it as data, with the reason if it did not appear."""
        place = where if self.entry.line is None else f"{where}:{self.entry.line}"
        why, known = ("", True) if self.appeared else reason(self.entry.target, self.refused)
        return {
            "target": self.entry.text,
            "place": place,
            "followed": self.followed,
            "decorated": self.decorated,
            "refused": self.refused,
            "why": why,
            "imported": known,
        }


def reason(target: Target, refused: str = "") -> tuple[str, bool]:
    """Say why a target has not appeared, and what it may have been meant for; and whether its module is there."""
    if refused:
        return refused, True
    there = [one for one in sys.modules.copy().values() if isinstance(one, ModuleType)]
    modules = [one for one in there if any(map(target.is_in, names_of(one)))]
    if modules:
        return _incomplete(target, modules), True
    wanted = "no module of that name" if "*" not in target.module else "no module that matches"
    return f"{wanted} was imported.{_question(target.module, sys.modules)}", False


def _incomplete(target: Target, modules: Iterable[ModuleType]) -> str:
    words = ""
    for module in modules:
        owner: Any = module
        where = module.__name__
        for index, name in enumerate(target.names):
            held = _held(owner)
            found = [one for one in held if matches(name, one)]
            if not found:
                kind = _kind(target, index)
                words = words or f"{where} has no {kind} {name!r}.{_question(name, held)}"
                break
            owner = held[found[0]]
            where = f"{where}.{found[0]}"
        else:
            return f"{where} {_late(owner)}"
    return words


def _kind(target: Target, index: int) -> str:
    is_last = index == len(target.names) - 1
    if not is_last:
        return "class"
    return "function or class" if index == 0 else "method"


def _held(owner: Any) -> dict[str, Any]:  # noqa: ANN401 - a class, a module, or what is neither
    if isinstance(owner, type):
        return {name: static(owner, name) for kind in owner.__mro__[:-1] for name in kind.__dict__}
    return namespace_of(owner) if isinstance(owner, ModuleType) else {}


def _late(value: object) -> str:
    if isinstance(value, type) or can_be_followed(value):
        return (
            "was defined after the file had been applied, in a module that ran by then: call configure() below it, or "
            "leave that to opentelemetry-instrument."
        )
    return f"is an object of type {type(value).__name__}: it is no function."


def _question(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, [one for one in list(known) if isinstance(one, str)], 1, _CLOSE)
    return f" Did you mean {near[0]!r}?" if near else ""
