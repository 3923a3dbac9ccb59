"""
Which arguments of a function its annotations have recorded by reference.

Annotations are looked at when the function is first called, and no sooner: they may name what is defined further down,
or is imported for type checkers alone. A name that nobody knows here is taken for some type.
"""

from __future__ import annotations

import builtins
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final, ForwardRef

from orchestrace.recording.by_reference import ByReference
from orchestrace.recording.guard import guarded, report
from orchestrace.typing import Selector

__all__ = ["references_of"]

_DEEPEST: Final = 8
"""Nobody writes such an annotation."""


@guarded("annotations", dict[str, "Selector | None"]())
def references_of(function: Callable[..., Any]) -> dict[str, Selector | None]:
    """Return the selectors of those arguments, and of `return`, that are marked with `ByReference`. Never raises."""
    plain: Any = inspect.unwrap(function)
    found = _annotations(plain)
    if not found:
        return {}
    names = _Names(plain)
    marks = ((name, next(_marks(annotation, names), None)) for name, annotation in found.items())
    return {name: mark.selector for name, mark in marks if mark is not None}


def _annotations(function: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever can be called
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415 - there it is known without running what cannot be

        return annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
    found = getattr(function, "__annotations__", None)
    return dict(found) if isinstance(found, dict) else {}


def _marks(annotation: Any, names: _Names, depth: int = 0) -> Iterator[ByReference]:  # noqa: ANN401 - anything at all
    if depth > _DEEPEST:
        return
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):  # and perhaps what it stands for is one again: quotes where all are texts anyway
        yield from _marks(names.evaluated(annotation), names, depth + 1)
        return
    for said in getattr(annotation, "__metadata__", ()):
        if isinstance(said, ByReference):
            yield said
        elif said is ByReference:
            yield ByReference()
    inside = (*getattr(annotation, "__args__", ()), getattr(annotation, "__value__", None))
    for one in inside:  # of `Annotated`, a union, a list; what a `type` statement stands for
        if one is not None:
            yield from _marks(one, names, depth + 1)


class _AnyType(type):
    """The type of a name that is not known: it has whatever is asked of it."""

    def __getattr__(cls, name: str) -> Any:  # noqa: ANN401 - likewise
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, item: object) -> Any:  # noqa: ANN401 - likewise
        return cls


class _Unknown(metaclass=_AnyType):
    """Some type."""

    def __init__(self, *_: object, **__: object) -> None: ...


class _Names(dict[str, Any]):
    """The names that a function's annotations are made of; as locals, they are asked first."""

    def __init__(self, function: Any) -> None:  # noqa: ANN401 - whatever can be called
        super().__init__()
        code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None) or ()
        self._around: dict[str, Any] = dict(zip(getattr(code, "co_freevars", ()), cells, strict=False))
        self._module: Mapping[str, Any] = getattr(function, "__globals__", {})

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - whatever it is
        if name in self._around:
            return self._around[name].cell_contents
        for known in (self._module, vars(builtins), {"ByReference": ByReference, "Annotated": Annotated}):
            if name in known:
                return known[name]
        return _Unknown

    def evaluated(self, annotation: str) -> Any:  # noqa: ANN401 - whatever it is
        """Return what an annotation that is still text stands for; None if it cannot be told."""
        try:
            return eval(annotation, {}, self)  # noqa: S307 - the program's own code, as `typing.get_type_hints` does
        except Exception as error:  # noqa: BLE001 - nothing that could be evaluated
            if ByReference.__name__ in annotation:
                report("annotations", error)
            return None
