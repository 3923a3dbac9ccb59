"""
Make anything writable as JSON, at a loss of type but never of the record around it.

NaN, infinities and integers beyond 64 bits become text; so do bytes (as UTF-8, else base64) and the keys of mappings.
Half of a surrogate pair becomes U+FFFD, as it does in OTLP. An object of a type that attributes cannot have is recorded
by the name of its type.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, cast

from orchestrace.recording.fields import type_name
from orchestrace.recording.scalar import number, scalar
from orchestrace.typing import JSON

__all__ = ["has_odd_number", "plain"]

_DEPTH: Final = 32
"""Nesting beyond that is cut; orjson refuses 255 levels. Attributes of spans have one."""


def has_odd_number(attributes: Mapping[str, object]) -> bool:
    """Tell whether a value is NaN or infinite: orjson, silently, would make it null."""
    for value in attributes.values():
        kind = type(value)
        if kind is str or kind is int:  # nearly all
            continue
        if kind is float:
            if _is_odd(value):
                return True
        elif kind is tuple or kind is list:
            for one in cast("Any", value):
                if type(one) is float and _is_odd(one):
                    return True
    return False


def plain(value: Any, around: tuple[int, ...] = ()) -> JSON:  # noqa: ANN401 - that is its purpose
    """Return `value` as orjson takes it. Runs no code of a stranger's type, and ends for what contains itself."""
    kind = type(value)
    if issubclass(kind, str):
        return _text(str.__str__(value))
    if issubclass(kind, (bytes, bytearray)):
        return _bytes(bytes(memoryview(value)))
    if not issubclass(kind, (dict, list, tuple)):
        return _single(value)
    if len(around) == _DEPTH or id(value) in around:
        return type_name(kind)
    around = (*around, id(value))
    if issubclass(kind, dict):
        return {_key(key): plain(one, around) for key, one in dict.items(value)}
    items = list.__iter__(value) if issubclass(kind, list) else tuple.__iter__(value)
    return [plain(one, around) for one in items]


def _is_odd(value: Any) -> bool:  # noqa: ANN401 - a float, told by its type
    return bool(value - value)  # 0 for every number, NaN for NaN and the infinities


def _key(key: object) -> str:
    return _text(str.__str__(key)) if isinstance(key, str) else str(_single(key))


def _single(value: Any) -> JSON:  # noqa: ANN401 - see `plain`
    kind = type(value)
    if value is None or kind is bool:
        return cast("bool | None", value)
    if kind is int or kind is float:
        return number(value)
    try:
        taken = scalar(value)
    except Exception:  # noqa: BLE001 - a stranger's time zone
        return type_name(kind)
    if isinstance(taken, str):
        return _text(taken)
    return taken if isinstance(taken, (int, float)) else type_name(kind)


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
