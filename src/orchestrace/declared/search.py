"""Look for what a target names in a module, without running any of the module's code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final

from orchestrace.declared.target import Target, matches

__all__ = ["Found", "can_be_followed", "members", "names_of", "namespace_of", "search", "static"]

_FOLLOWED: Final = (
    FunctionType,
    MethodType,
    classmethod,
    staticmethod,
    functools.partial,
    type(functools.lru_cache(lambda: None)),
)
_MAIN: Final = "__main__"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, under which name, and in which class or module."""

    owner: type | ModuleType
    name: str
    value: Any


def search(module: ModuleType, target: Target) -> Iterator[Found]:
    """
    Return everything in a module that a target names.

    A name that is written out is found wherever it comes from; one with a wildcard, only what is defined here.
    """
    owners: list[type | ModuleType] = [module]
    *around, last = target.names
    for name in around:
        owners = [one.value for owner in owners for one in members(owner, name) if isinstance(one.value, type)]
    for owner in owners:
        yield from members(owner, last)


def can_be_followed(value: object) -> bool:
    """Tell whether something is a function of some kind, which another can stand for without being noticed."""
    # Any other object that can be called has more to it, which would be gone.
    return (
        isinstance(value, _FOLLOWED) or inspect.isroutine(value) or type(value).__name__ == "cython_function_or_method"
    )


def names_of(module: ModuleType) -> list[str]:
    """Return the names that a module goes by: `python -m shop.app` runs it under another than its own."""
    namespace = namespace_of(module)
    name = str(namespace.get("__name__"))
    real = getattr(namespace.get("__spec__"), "name", None) if name == _MAIN else None
    return [name, real] if isinstance(real, str) and real != name else [name]


def namespace_of(module: ModuleType) -> dict[str, Any]:
    """Return what a module holds; a module that loads itself when it is looked at is not looked at."""
    found = object.__getattribute__(module, "__dict__")
    return found if isinstance(found, dict) else {}


def static(kind: type, name: str) -> Any:  # noqa: ANN401 - whatever stands in a class
    """Return what stands in a class, or in one that it is derived from, under a name; None if nothing does."""
    return next((one.__dict__[name] for one in kind.__mro__[:-1] if name in one.__dict__), None)


def members(owner: type | ModuleType, name: str) -> Iterator[Found]:
    """Return what a class or module holds by a name: written out, or with a wildcard, as for `search`."""
    if "*" not in name:
        value = static(owner, name) if isinstance(owner, type) else namespace_of(owner).get(name)
        if value is not None:
            yield Found(owner, name, value)
        return
    held: Mapping[str, Any] = owner.__dict__ if isinstance(owner, type) else namespace_of(owner)
    for found, value in list(held.items()):
        if matches(name, found) and _is_defined_in(owner, value):
            yield Found(owner, found, value)


def _is_defined_in(owner: type | ModuleType, value: object) -> bool:
    if not (isinstance(value, type) or can_be_followed(value)):
        return False
    home = owner.__module__ if isinstance(owner, type) else namespace_of(owner).get("__name__")
    inner = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
    return getattr(inner, "__module__", None) == home
