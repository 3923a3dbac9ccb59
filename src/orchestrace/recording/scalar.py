"""Turn single values (numbers, dates, ids, paths, bytes, …) into JSON, through the methods of their own base class."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

from orchestrace.recording.fields import NOTHING, type_name
from orchestrace.typing import JSON

__all__ = ["number", "scalar", "sha256"]

_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1
_WRITTEN: Final = 8192
"""Writing an integer of more bits takes long, and Python refuses to."""
_HASHED: Final = 64 << 20
"""More bytes than that are not hashed: it would take longer than 50 ms of the caller's time."""


def number(value: float) -> int | float | str:
    """Return a number as JSON can hold it: beyond 64 bits, or not finite, as text."""
    if type(value) is int:
        return value if _SMALLEST <= value <= _LARGEST else _digits(value)
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - NaN is not itself


def scalar(value: object) -> object:
    """
    Return a single value as JSON, an enumeration's member as its value, or `NOTHING` if it is none of these.

    Durations are seconds, decimals text. What a subclass overrides is not run. May raise what a stranger's time zone
    raises.
    """
    convert = _conversion(type(value))  # type: ignore[arg-type] # a class is hashable; where not, `snapshot` copes
    return NOTHING if convert is None else convert(value)


@lru_cache(maxsize=512)
def _conversion(kind: type) -> Callable[[Any], object] | None:
    for base, convert in _CONVERSIONS:
        if issubclass(kind, base):
            return convert
    for module, name, method in _UNIMPORTED:
        found: Any = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type) and issubclass(kind, found):
            return cast("Callable[[Any], object]", getattr(found, method))
    return None


def sha256(data: bytes) -> dict[str, JSON]:
    """Return the SHA-256 as `{"sha256": hex}`; nothing for what is too large to be hashed in passing."""
    if len(data) > _HASHED:
        return {}
    import hashlib  # noqa: PLC0415 - 2 ms at import, rarely wanted

    return {"sha256": hashlib.sha256(data).hexdigest()}


def _digits(value: int) -> str:
    bits = value.bit_length()
    if bits <= _WRITTEN:
        return str(value)
    return f"{'-' if value < 0 else ''}{abs(value) >> (bits - 64):#x}… [{bits} bits]"


def _bytes(value: bytes | bytearray | memoryview) -> JSON:
    size = value.nbytes if type(value) is memoryview else len(memoryview(value))
    # A copy: a bytearray that somebody looks into cannot grow, and hashing lets other threads run.
    digest = sha256(value if type(value) is bytes else bytes(value)) if size <= _HASHED else {}
    return {"type": type_name(type(value)), "size": size, **digest}


def _range(value: range) -> JSON:
    return {"type": "range", "start": number(value.start), "stop": number(value.stop), "step": number(value.step)}


_CONVERSIONS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], object]], ...]] = (
    (Enum, lambda value: object.__getattribute__(value, "_value_")),
    (str, str.__str__),
    (int, lambda value: number(int.__int__(value))),
    (float, lambda value: number(float.__float__(value))),
    ((bytes, bytearray, memoryview), _bytes),
    (UUID, UUID.__str__),
    (range, _range),
)
_UNIMPORTED: Final = (
    ("datetime", "datetime", "isoformat"),
    ("datetime", "date", "isoformat"),
    ("datetime", "time", "isoformat"),
    ("datetime", "timedelta", "total_seconds"),
    ("decimal", "Decimal", "__str__"),
    ("pathlib", "PurePath", "__str__"),
)
"""
Classes and methods of modules that take milliseconds to import. Who has such a value has imported them.

A moment is a date as well, and stands before it.
"""
