"""Look for what a target names in a module, without running any of the module's code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final

from orchestrace.declared.program import MAIN, name_of_program
from orchestrace.declared.target import Target, matches

__all__ = ["Found", "callee", "can_be_followed", "members", "names_of", "namespace_of", "search", "static"]

_FOLLOWED: Final = (
    FunctionType,
    MethodType,
    classmethod,
    staticmethod,
    functools.partial,
    type(functools.lru_cache(lambda: None)),
)


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
    # Any other object that can be called has more to it, which would be gone. A proxy says that it is a function.
    kind = type(value)
    is_one = issubclass(kind, _FOLLOWED) or kind.__name__ == "cython_function_or_method"
    return is_one or isinstance(value, FunctionType) or (inspect.isroutine(value) and not isinstance(value, _FOLLOWED))


def callee(found: Found) -> Any:  # noqa: ANN401 - a function of some kind
    """Return what is to be called in place of what was found."""
    if not isinstance(found.owner, type) or issubclass(type(found.value), _FOLLOWED):
        return found.value
    # Asked of the class, what another library has put there knows that its first argument is the instance.
    return found.value.__get__(None, found.owner)


def names_of(module: ModuleType) -> list[str]:
    """Return the names that a module goes by: the program itself has the one it would be imported by as well."""
    name = str(namespace_of(module).get("__name__"))
    own = name_of_program() if name == MAIN else None
    return [name] if own is None else [name, own]


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
