"""Find a value in the arguments or the result of a call: by a dotted path, or by asking a callable."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from orchestrace.recording.guard import report
from orchestrace.typing import Selector

__all__ = ["MISSING", "call_selector", "follow", "pick", "select", "select_from"]


class _Missing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""There is no such value; None is a value."""

_INDEX: Final = re.compile(r"-?[0-9]{1,9}")


def select(selector: Selector, arguments: Mapping[str, object], root: object = MISSING) -> object:
    """
    Return what a selector finds in a call's arguments by name, or MISSING. Never raises.

    A path whose first name is no argument is followed from `root`, where one is given. A callable gets the arguments
    by name; `call_selector` gives them to it as they came.
    """
    try:
        if not isinstance(selector, str):
            return selector(**arguments)
        names = selector.split(".")
        return follow(root if root is not MISSING and names[0] not in arguments else arguments, names)
    except Exception as error:  # noqa: BLE001 - a property or a selector of the user's
        report(_named(selector), error)
        return MISSING


def call_selector(
    selector: Selector, arguments: Mapping[str, object], args: Sequence[object], kwargs: Mapping[str, object]
) -> object:
    """
    Return what a selector finds in a call, or MISSING. Never raises.

    A callable gets the call's own arguments, as they came. One that cannot take them so gets those of `arguments` that
    it has parameters for: `lambda job: job.id` is enough for `craft(candidate, job)`.
    """
    if isinstance(selector, str):
        return select(selector, arguments)
    try:
        try:
            return selector(*args, **kwargs)
        except TypeError:
            signature = inspect.signature(selector)
            if _takes(signature, args, kwargs):
                raise
            return selector(**{name: arguments[name] for name in signature.parameters if name in arguments})
    except Exception as error:  # noqa: BLE001 - a selector of the user's
        report(_named(selector), error)
        return MISSING


def select_from(result: object, selector: Selector) -> object:
    """Return what a path, or a callable that gets the result, finds in it, or MISSING. Never raises."""
    try:
        return follow(result, selector.split(".")) if isinstance(selector, str) else selector(result)
    except Exception as error:  # noqa: BLE001 - a property or a selector of the user's
        report(_named(selector), error)
        return MISSING


def pick(names: Iterable[str], arguments: Mapping[str, object]) -> dict[str, object]:
    """Return those arguments, or values at paths over them, that exist, by the name they were asked for."""
    found = {name: select(name, arguments) for name in names}
    return {name: value for name, value in found.items() if value is not MISSING}


def follow(value: object, names: Iterable[str]) -> object:
    """Return the value at the end of a path, or MISSING. Raises what the user's own properties raise."""
    for name in names:
        value = _step(value, name)
        if value is MISSING:
            break
    return value


def _step(value: Any, name: str) -> object:  # noqa: ANN401 - anything at all
    if type(value) is dict and name in value:
        return value[name]
    index = int(name) if name[-1:].isdigit() and _INDEX.fullmatch(name) else None
    if isinstance(value, Mapping):
        found: object = value.get(name, MISSING)
        if found is MISSING and index is not None:
            found = value.get(index, MISSING)
        if found is not MISSING or type(value) is dict:
            return found
    elif index is not None and isinstance(value, Sequence):
        inside = -len(value) <= index < len(value) and not isinstance(value, (str, bytes, bytearray))
        return value[index] if inside else MISSING
    try:
        return getattr(value, name)
    except AttributeError:
        return _at(value, name if index is None else index)


def _at(value: Any, key: str | int) -> object:  # noqa: ANN401 - anything at all
    # Rows of databases and frames have keys, and are no mappings.
    if isinstance(value, (Mapping, Sequence)) or not hasattr(type(value), "__getitem__"):
        return MISSING
    try:
        return value[key]
    except (LookupError, TypeError):
        return MISSING


def _takes(signature: inspect.Signature, args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _named(selector: Selector) -> str:
    return f"selector {selector!s:.80}" if isinstance(selector, str) else "selector"
