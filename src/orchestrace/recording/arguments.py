"""Put the arguments of a call under the names that its function gives them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from orchestrace.recording.annotation import references_of
from orchestrace.recording.selectors import MISSING, call_selector, pick
from orchestrace.typing import Selector

__all__ = ["Arguments", "Call"]

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_SELF: Final = ("self", "cls")


class Call(NamedTuple):
    """The arguments of one call: as they came, by name, and those that are inputs; a block has none."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = _NOTHING
    named: Mapping[str, object] = _NOTHING
    inputs: Mapping[str, object] = _NOTHING
    marked: Mapping[str, Selector | None] = _NOTHING
    """Which of them, and `return`, annotations have recorded by reference, and where these find the id."""

    def find(self, selector: Selector | None) -> object:
        """Return what a selector finds among the arguments, or MISSING."""
        return MISSING if selector is None else call_selector(selector, self.named, self.args, self.kwargs)

    def chosen(self, names: Sequence[str] | None) -> Mapping[str, object]:
        """Return the inputs, or only those that were asked for, by name or path."""
        return self.inputs if names is None else pick(names, self.named)


class Arguments:
    """
    The parameters of one function.

    `receiver` is the name of its first parameter where that is `self` or `cls`: such an argument can be selected from,
    and is no input.
    """

    __slots__ = ("_defaults", "_function", "_marked", "_names", "_order", "_rest", "receiver", "takes_any")

    def __init__(self, function: Callable[..., Any]) -> None:
        parameters = _parameters(function)
        self._function = function
        self._marked: Mapping[str, Selector | None] | None = None
        self.takes_any: bool = not parameters or any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters)
        """Whether there can be arguments that have no parameter of their name."""
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        self._order = [one.name for one in parameters]
        self._names = [one.name for one in parameters if one.kind in positional]
        self._defaults = {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}
        self._rest = next((one.name for one in parameters if one.kind is inspect.Parameter.VAR_POSITIONAL), "args")
        self.receiver: str | None = next((name for name in self._names[:1] if name in _SELF), None)

    def named(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, object]:
        """
        Return all arguments by name, defaults included, in the order of the parameters.

        Further positional ones are a list under the name of `*args`. A call that does not fit, which the function
        itself will refuse, is named as far as it goes.
        """
        found: dict[str, object] = dict(zip(self._names, args, strict=False))
        if len(args) > len(self._names):
            found[self._rest] = list(args[len(self._names) :])
        found.update(kwargs)
        if not self._defaults:
            return found
        known = {**self._defaults, **found}
        return {name: known[name] for name in self._order if name in known} | found

    def call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
        """Return a call's arguments under their names."""
        named = self.named(args, kwargs)
        inputs = named if self.receiver is None else {name: one for name, one in named.items() if name != self.receiver}
        if self._marked is None:
            self._marked = references_of(self._function)
        return Call(args, kwargs, named, inputs, self._marked)

    def strange(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` that no argument of the function can have."""
        return [] if self.takes_any else sorted({*names} - {*self._order})

    @property
    def order(self) -> list[str]:
        """The names of the parameters, in their order."""
        return self._order


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        if sys.version_info >= (3, 14):
            import annotationlib  # noqa: PLC0415 - `inspect` has it there; annotations are not to be evaluated yet

            return list(inspect.signature(function, annotation_format=annotationlib.Format.STRING).parameters.values())
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some builtins have no signature
        return []
