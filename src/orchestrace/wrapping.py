"""Wrap functions, methods and classes, so that every call of them is followed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from orchestrace.exceptions import UsageError
from orchestrace.recording.arguments import Arguments
from orchestrace.recording.drivers.driver import drive
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.recording.roles.role import Role, Subject

__all__ = ["wrap"]

_DESCRIBED: Final = ("agent", "tool")


def wrap(target: Any, declaration: Declaration, method: str | None = None) -> Any:  # noqa: ANN401 - see `F`
    """
    Return `target` with every call of it followed: a function, a classmethod, a staticmethod; for an agent also a class.

    Of a class one method is wrapped: `method`, or `__call__`. Raises UsageError for anything that cannot be called.
    """
    if isinstance(target, type):
        return _wrap_class(target, declaration, method)
    if method is not None:
        msg = f"{declaration.role}(method={method!r}) is for classes, and {target!r} is none: leave method= out."
        raise UsageError(msg)
    if isinstance(target, (classmethod, staticmethod)):
        return type(target)(_wrap_function(target.__func__, declaration))
    if not callable(target):
        msg = (
            f"{declaration.role} was put on {target!r}, which cannot be called. "
            "Put it on a function, a method or a classmethod; under @property, not above it."
        )
        raise UsageError(msg)
    return _wrap_function(target, declaration)


def _wrap_class(target: type, declaration: Declaration, method: str | None) -> type:
    if declaration.role != "agent":
        msg = f"{declaration.role} was put on the class {target.__qualname__}: put it on one of its methods."
        raise UsageError(msg)
    name = method or "__call__"
    found = next((kind.__dict__[name] for kind in target.__mro__ if name in kind.__dict__), None)
    if found is None:
        asked = f"has no method {method!r}" if method else "has no __call__"
        msg = f"The class {target.__qualname__} {asked}: say which of its methods runs it, as in @agent(method='run')."
        raise UsageError(msg)
    described = replace(declaration, description=declaration.description or _first_line(target))
    setattr(target, name, wrap(found, described))
    return target


def _wrap_function(function: Callable[..., Any], declaration: Declaration) -> Callable[..., Any]:
    arguments = Arguments(function)
    own_name = _name_of(function)
    if declaration.role in _DESCRIBED and declaration.description is None:
        declaration = replace(declaration, description=_first_line(function))

    def open_call(args: tuple[Any, ...], kwargs: Any) -> Role | None:  # noqa: ANN401 - the call's own
        receiver = args[0] if args and arguments.receiver is not None else None
        name = declaration.name or (own_name if receiver is None else _name_of_receiver(receiver))
        subject = None if receiver is None else Subject(id(receiver), own_name, function)
        return begin(declaration, name, arguments.call(args, kwargs), subject)

    return drive(function, open_call)


def _name_of(function: Any) -> str:  # noqa: ANN401 - anything that can be called
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", None) or type(function).__name__


def _name_of_receiver(receiver: object) -> str:
    return receiver.__name__ if isinstance(receiver, type) else type(receiver).__name__


def _first_line(documented: object) -> str | None:
    return next(iter((inspect.getdoc(documented) or "").splitlines()), None)
