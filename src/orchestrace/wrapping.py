"""Wrap functions, methods and classes, so that every call of them is followed."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from types import CellType, FunctionType, MethodType
from typing import Any, Final
from weakref import WeakSet

from orchestrace.exceptions import UsageError
from orchestrace.recording.arguments import Arguments
from orchestrace.recording.drivers.driver import drive
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.recording.roles.role import RETURN, Role, Subject
from orchestrace.subclasses import follow_subclasses, within

__all__ = ["described", "is_followed", "release", "wrap"]

_DESCRIBED: Final = ("agent", "tool")

_PLACES: Final = "Put it on a function, a method or a classmethod; under @property, not above it."

_followed: Final[WeakSet[Callable[..., Any]]] = WeakSet()
"""Every function that was made here."""


def wrap(target: Any, declaration: Declaration, method: str | None = None) -> Any:  # noqa: ANN401 - see `F`
    """
    Return `target` with every call of it followed; raises UsageError for what cannot be called.

    It stays what it was: a function, classmethod, staticmethod, partial or bound method. Of any other object that can
    be called, its bound `__call__` is returned. Of a class, for an agent, one method is wrapped: `method`, or
    `__call__`; and so are those that override it in classes derived later, unless they are decorated themselves.
    """
    if isinstance(target, type):
        return _wrap_class(target, declaration, method)
    if method is not None:
        msg = (
            f"{declaration.role}(method={method!r}) was put on {_shown(target)}, which is no class: leave method= out."
        )
        raise UsageError(msg)
    _check_references(target, declaration)
    return _wrap_callable(target, declaration)


def _wrap_class(target: type, declaration: Declaration, method: str | None) -> type:
    if declaration.role != "agent":
        raise UsageError(_on_a_class(target, declaration.role))
    name = method or "__call__"
    found = next((kind.__dict__[name] for kind in target.__mro__ if name in kind.__dict__), None)
    if found is None:
        msg = (
            f"agent was put on the class {target.__qualname__}, which has no {name}: "
            "name the method that runs it, as in @agent(method='run')."
        )
        raise UsageError(msg)
    _check_references(found, declaration)
    wrapped = _wrap_callable(found, described(declaration, target))
    try:
        setattr(target, name, wrapped)
    except TypeError as error:
        msg = (
            f"agent was put on the class {target.__qualname__}, which takes no new attributes: derive a class from it."
        )
        raise UsageError(msg) from error
    _follow_subclasses(target, name, declaration)
    return target


def _check_references(target: Any, declaration: Declaration) -> None:  # noqa: ANN401 - see `wrap`
    paths = {path for path in declaration.inputs or () if path in declaration.reference_only}
    named = {*declaration.reference_only} - paths - {RETURN}
    if not named:
        return
    plain = target
    while not isinstance(plain, FunctionType) and (inner := _inner(plain)) is not None:
        plain = inner
    arguments = Arguments(plain) if callable(plain) else None
    if arguments is not None and (strange := arguments.strange(named)):
        msg = (
            f"{declaration.role}(reference_only={{{strange[0]!r}}}): {_shown(target)} has no such argument. "
            f"It has {', '.join(arguments.order) or 'none'}."
        )
        raise UsageError(msg)


def _inner(target: Any) -> Any:  # noqa: ANN401 - see `wrap`
    """Return what a method or partial calls."""
    if isinstance(target, functools.partial):
        return target.func
    return target.__func__ if isinstance(target, (classmethod, staticmethod, MethodType)) else None


def _follow_subclasses(target: type, name: str, declaration: Declaration) -> None:
    def override(cls: type) -> None:
        overriding = cls.__dict__.get(name)
        if overriding is not None and not is_followed(overriding):
            with contextlib.suppress(UsageError):  # `run = None` is how a subclass says that it has none
                setattr(cls, name, _wrap_callable(overriding, described(declaration, cls)))

    follow_subclasses(target, override)


def is_followed(found: Any) -> bool:  # noqa: ANN401 - whatever stands in a class or module
    """Tell whether every call of it is followed already, by whatever it was wrapped since."""
    while isinstance(found, functools.partial):
        found = found.func
    with contextlib.suppress(ValueError):  # it wraps itself
        return _is_made_here(inspect.unwrap(getattr(found, "__func__", found), stop=_is_made_here))
    return False


def release(wrapped: Any) -> None:  # noqa: ANN401 - what `wrap` has made of a function, method or classmethod
    """Forget that `wrapped` was made here: its declaration is no longer in force, and it may be wrapped again."""
    if isinstance(wrapped, functools.partial):
        release(wrapped.func)
    elif isinstance(wrapped, (classmethod, staticmethod, MethodType)):
        release(wrapped.__func__)
    else:
        _followed.discard(wrapped)


def _is_made_here(function: object) -> bool:
    return isinstance(function, FunctionType) and function in _followed


def _wrap_callable(target: Any, declaration: Declaration) -> Any:  # noqa: ANN401 - see `wrap`
    if isinstance(target, type):
        raise UsageError(_on_a_class(target, declaration.role))
    if isinstance(target, (classmethod, staticmethod)):
        return type(target)(_wrap_callable(target.__func__, declaration))
    if isinstance(target, functools.partial):
        return type(target)(_wrap_callable(target.func, declaration), *target.args, **target.keywords)
    if isinstance(target, MethodType):
        return MethodType(_wrap_callable(target.__func__, declaration), target.__self__)
    if not callable(target):
        hint = (
            f"Options have names, as in @{declaration.role}(name={target!r})." if isinstance(target, str) else _PLACES
        )
        msg = f"{declaration.role} was put on {_shown(target)}, which cannot be called. {hint}"
        raise UsageError(msg)
    if not hasattr(target, "__name__"):
        kind = type(target)
        return MethodType(_wrap_callable(kind.__call__, described(declaration, kind)), target)
    return _wrap_function(target, declaration)


def _wrap_function(function: Callable[..., Any], declaration: Declaration) -> Callable[..., Any]:
    arguments = Arguments(function)
    own_name: str = function.__name__
    cell = _class_cell(function)
    declaration = described(declaration, function)

    def open_call(args: tuple[Any, ...], kwargs: Any) -> Role | None:  # noqa: ANN401 - the call's own
        receiver = args[0] if args and arguments.receiver is not None else None
        if cell is not None:
            _mend(cell, receiver)
        name = declaration.name or (own_name if receiver is None else _class_of(receiver).__name__)
        subject = None if receiver is None else Subject(id(receiver), own_name, function)
        return begin(declaration, name, arguments.call(args, kwargs), subject)

    driven = drive(function, open_call)
    _followed.add(driven)
    if not isinstance(function, FunctionType):
        _lend_methods(function, driven)
    return driven


def _lend_methods(lender: Any, function: Callable[..., Any]) -> None:  # noqa: ANN401 - a function that is more than one
    """Keep what else can be done with it, such as `cache_clear()` of `functools.lru_cache`."""
    kind = type(lender)
    for name in dir(kind):
        if not name.startswith("_") and inspect.isroutine(inspect.getattr_static(kind, name)):
            setattr(function, name, getattr(lender, name))


def _class_cell(function: Any) -> CellType | None:  # noqa: ANN401 - a function, or what is like one
    """Return where a method keeps its class for `super()`; None if it does not say `super()`."""
    if not isinstance(function, FunctionType):
        return None
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    return cells.get("__class__")


def _mend(cell: CellType, receiver: object) -> None:
    """
    Have `super()` mean the class that the receiver is of.

    attrs does so when it copies a class, for the methods that it sees: not for what is wrapped.
    """
    meant, kind = cell.cell_contents, _class_of(receiver)
    if meant not in kind.__mro__:
        cell.cell_contents = within(meant, kind)


def _class_of(receiver: object) -> type:
    return receiver if issubclass(type(receiver), type) else type(receiver)  # type: ignore[return-value] # a class


def described(declaration: Declaration, documented: Any) -> Declaration:  # noqa: ANN401 - a class or function
    """Return the declaration with the first line of a docstring, where its role has a description and says none."""
    if declaration.role not in _DESCRIBED or declaration.description is not None:
        return declaration
    words = documented.__doc__ if isinstance(documented.__doc__, str) else ""
    line = next(iter(inspect.cleandoc(words).splitlines()), "")
    # A dataclass or named tuple without a docstring is given its signature for one.
    generated = line.startswith(f"{documented.__name__}(")
    return declaration._replace(description=None if generated else line or None)


def _on_a_class(target: type, role: str) -> str:
    return (
        f"{role} was put on the class {target.__qualname__}. "
        f"Only agent can be put on a class, as a decorator: put {role} on one of its methods."
    )


def _shown(target: Any) -> str:  # noqa: ANN401 - anything at all
    inside = getattr(target, "fget", None) or getattr(target, "func", target)  # of a property, of a cached one
    name = getattr(inside, "__qualname__", None)
    return f"the {type(target).__name__} {name}" if isinstance(name, str) else f"{target!r:.80}"
