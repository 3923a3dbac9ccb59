"""What a target names: `module:Class.method`, in which `*` stands for any part of a name, and `Base+` for a family."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["Target", "matches"]


@dataclass(frozen=True, slots=True)
class Target:
    """
    Where something is defined: in which module, and under which names, one inside of the other.

    The class that is `family[-1]` stands for all that are derived from it as well; `family` is empty where none does.
    """

    module: str
    names: tuple[str, ...]
    family: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Target:
        """Return what a text says that the schema lets pass."""
        module, _, names = text.strip().partition(":")
        family, plus, _ = names.partition("+")
        return cls(module, tuple(names.replace("+", "").split(".")), tuple(family.split(".")) if plus else ())

    def is_in(self, module: str) -> bool:
        """Tell whether it may be in a module of that name."""
        return bool(_pattern(self.module).fullmatch(module))

    def is_of(self, kind: type) -> bool:
        """Tell whether it names a method of a class, as far as the names say."""
        names = kind.__qualname__.split(".")
        if len(names) != len(self.names) - 1 or not self.is_in(kind.__module__):
            return False
        return all(matches(pattern, name) for pattern, name in zip(self.names, names, strict=False))

    @property
    def has_wildcard(self) -> bool:
        """Whether it may be in several modules."""
        return "*" in self.module


def matches(pattern: str, name: str) -> bool:
    """Tell whether a name is meant; a leading `*` does not stand for an underscore, as in a shell for a dot."""
    return (name[:1] != "_" or pattern[:1] != "*") and bool(_pattern(pattern).fullmatch(name))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))))
