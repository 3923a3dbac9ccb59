"""
Make anything writable as JSON, at a loss of type but never of the record around it.

NaN, infinities and integers beyond 64 bits become text; so do bytes (as UTF-8, else base64) and the keys of mappings.
Half of a surrogate pair becomes U+FFFD, as it does in OTLP. An object of a type that attributes cannot have is recorded
by the name of its type.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from orchestrace.recording.fields import NOTHING, type_name
from orchestrace.recording.scalar import number, scalar

__all__ = ["has_odd_number", "plain"]

_DEPTH: Final = 64
"""Nesting beyond that is cut; orjson refuses 255 levels. Attributes have one."""


def has_odd_number(attributes: Mapping[str, object]) -> bool:
    """Tell whether a value is NaN or infinite: orjson, silently, would make it null."""
    for value in attributes.values():
        kind = type(value)
        if kind is float:
            if value - value != 0:  # type: ignore[operator] # noqa: PLR0124 - true of NaN and the infinities alone
                return True
        elif (kind is tuple or kind is list) and _has_odd_item(value):  # type: ignore[arg-type]
            return True
    return False


def plain(value: object, depth: int = 0) -> Any:
    """Return `value` as orjson takes it. Runs no code of a stranger's type, and ends for what contains itself."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, str):
        return _text(str.__str__(value))  # type: ignore[arg-type]
    if issubclass(kind, (bytes, bytearray)):
        return _bytes(bytes(memoryview(value)))  # type: ignore[arg-type]
    if depth < _DEPTH and issubclass(kind, dict):
        return {_key(key): plain(one, depth + 1) for key, one in dict.items(value)}  # type: ignore[arg-type]
    if depth < _DEPTH and issubclass(kind, (list, tuple)):
        items = list.__iter__(value) if issubclass(kind, list) else tuple.__iter__(value)  # type: ignore[arg-type]
        return [plain(one, depth + 1) for one in items]
    return _other(value)


def _has_odd_item(values: list[object] | tuple[object, ...]) -> bool:
    return any(type(one) is float and one - one != 0 for one in values)  # noqa: PLR0124 - see above


def _key(key: object) -> str:
    return _text(str.__str__(key)) if isinstance(key, str) else str(_other(key))


def _other(value: object) -> Any:
    kind = type(value)
    if kind is int or kind is float:
        return number(value)  # type: ignore[arg-type]
    try:
        taken = scalar(value)
    except Exception:  # noqa: BLE001 - a stranger's time zone
        taken = NOTHING
    if taken is NOTHING or not isinstance(taken, (str, int, float)):
        return type_name(kind)
    return _text(taken) if isinstance(taken, str) else taken


def _bytes(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode("ascii")


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16, where two halves that belong together become the character that they are halves of.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
