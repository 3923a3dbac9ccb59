"""Hear of the classes that are derived from a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["follow_subclasses", "within"]


def follow_subclasses(base: type, derived: Callable[[type], None]) -> Callable[[], None]:
    """
    Have `derived` called with every class that is derived from `base` from now on; return what undoes that.

    It is called for the nearest class above first, and before that class's own `__init_subclass__`. A class in between
    that has an `__init_subclass__` which does not call the one above keeps its own subclasses to itself. Raises
    TypeError where `base` takes no new attributes.
    """
    own = base.__dict__.get("__init_subclass__")
    live = True

    def follow(cls: Any, /, **options: Any) -> None:  # noqa: ANN401 - a class, and whatever its statement is given
        if live:
            derived(cls)
        here: Any = within(base, cls)
        above = super(here, cls).__init_subclass__ if own is None else own.__get__(None, cls)
        above(**options)

    replacement = classmethod(follow)
    setattr(base, "__init_subclass__", replacement)  # noqa: B010 - to a type checker it is a method

    def undo() -> None:
        nonlocal live
        live = False
        if base.__dict__.get("__init_subclass__") is not replacement:
            return
        if own is None:
            delattr(base, "__init_subclass__")
        else:
            setattr(base, "__init_subclass__", own)  # noqa: B010 - as above

    return undo


def within(meant: type, kind: type) -> type:
    """Return `meant`, or the copy of it that `kind` is derived from: dataclasses and attrs make one, for slots."""
    if meant in kind.__mro__:
        return meant
    names = meant.__module__, meant.__qualname__
    return next((one for one in kind.__mro__ if (one.__module__, one.__qualname__) == names), meant)
