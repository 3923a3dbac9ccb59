"""Read the fields that an object declares, from where they are stored: no property, `__getattr__` or `repr` is run."""

from __future__ import annotations

import dataclasses
from types import MemberDescriptorType
from typing import Any, Final

__all__ = ["NOTHING", "fields_of", "type_name"]

NOTHING: Final = object()
"""Says that there is no value, where None would be one."""

_PYDANTIC_FIELDS: Final = ("__pydantic_fields__", "model_fields", "__fields__")
"""Where the versions of pydantic keep a model's fields: 2.10 and later, 2.0, 1."""

_LONGEST: Final = 256
"""A class can be given a name of any length; more of it tells nothing."""

_module = type.__dict__["__module__"].__get__
_qualified = type.__dict__["__qualname__"].__get__


def type_name(kind: type) -> str:
    """Return `module.QualName`, cut, without `builtins.`; a metaclass has no say in it. Never raises."""
    try:
        module, name = _module(kind), _qualified(kind)
    except AttributeError:  # a class made in C need not say where
        return kind.__name__[:_LONGEST]
    return (name if module == "builtins" or type(module) is not str else f"{module}.{name}")[:_LONGEST]


def fields_of(value: Any) -> object:  # noqa: ANN401 - anything at all
    """
    Return the declared fields of a named tuple, dataclass, attrs or pydantic object by name; else `NOTHING`.

    Fields that are not set, or that only a property could tell, are left out, as are those that pydantic excludes. Of a
    pydantic root model, return the root alone, in a tuple.
    """
    kind: Any = type(value)
    if issubclass(kind, tuple):
        names = _static(kind, "_fields")
        return dict(zip(names, tuple.__iter__(value), strict=False)) if type(names) is tuple else NOTHING
    if _static(kind, "__dataclass_fields__") is not NOTHING:
        return _read(value, [field.name for field in dataclasses.fields(kind)])
    if isinstance(attributes := _static(kind, "__attrs_attrs__"), tuple):
        return _read(value, [attribute.name for attribute in attributes])
    if any(base.__name__ == "BaseModel" and _is_pydantic(base) for base in kind.__mro__[1:]):
        return _of_model(value)
    return NOTHING


def _is_pydantic(kind: type) -> bool:
    module = _module(kind)
    return type(module) is str and module.partition(".")[0] == "pydantic"


def _of_model(value: object) -> object:
    declared = next((found for name in _PYDANTIC_FIELDS if type(found := _static(type(value), name)) is dict), {})
    shown = [name for name, field in declared.items() if getattr(field, "exclude", None) is not True]
    found = _read(value, shown)
    extra = _stored(value, "__pydantic_extra__")
    if type(extra) is dict:
        found |= {name: item for name, item in extra.copy().items() if type(name) is str}
    is_root = list(declared) == ["root"] and any(base.__name__ == "RootModel" for base in type(value).__mro__)
    return (found.get("root"),) if is_root else found


def _read(value: object, names: list[str]) -> dict[str, object]:
    stored = ((name, _stored(value, name)) for name in names)
    return {name: item for name, item in stored if item is not NOTHING}


def _stored(value: object, name: str) -> object:
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:  # slots alone
        own = None
    if type(own) is dict and name in own:
        return own[name]
    found: Any = _static(type(value), name)
    if type(found) is MemberDescriptorType:
        try:
            return found.__get__(value)
        except AttributeError:  # an empty slot
            return NOTHING
    return NOTHING if hasattr(type(found), "__get__") else found


def _static(kind: type, name: str) -> object:
    """Look an attribute up on a class as Python does, without asking a metaclass or binding anything."""
    return next((base.__dict__[name] for base in kind.__mro__ if name in base.__dict__), NOTHING)
