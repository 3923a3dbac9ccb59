"""How old and how large a journal may become."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from orchestrace.exceptions import ConfigurationError

__all__ = [
    "AGE_VARIABLE",
    "MAX_AGE",
    "MAX_BYTES",
    "SIZE_VARIABLE",
    "Bounds",
    "age_of",
    "as_age",
    "as_size",
    "size_of",
    "stated_bounds",
]

AGE_VARIABLE: Final = "ORCHESTRACE_JOURNAL_MAX_AGE"
SIZE_VARIABLE: Final = "ORCHESTRACE_JOURNAL_MAX_SIZE"
MAX_AGE: Final = 7 * 86_400
MAX_BYTES: Final = 1 << 30

_UNITS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_AGES: Final = {unit[0]: seconds for unit, seconds in _UNITS.items()} | {"w": 7 * 86_400}
_BINARY: Final = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZES: Final = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12} | {
    unit.lower(): size for unit, size in _BINARY.items()
}
_AMOUNT: Final = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,9})?)\s*(?P<unit>[a-z]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds that a trace is kept after its end, and bytes that the journal may have."""

    max_age: int = MAX_AGE
    max_bytes: int = MAX_BYTES


def stated_bounds() -> Bounds:
    """Return what the variables say, else the defaults. Raises ConfigurationError."""
    age, size = (os.environ.get(name, "").strip() for name in (AGE_VARIABLE, SIZE_VARIABLE))
    return Bounds(
        max_age=age_of(age, AGE_VARIABLE) if age else MAX_AGE,
        max_bytes=size_of(size, SIZE_VARIABLE) if size else MAX_BYTES,
    )


def age_of(words: str, where: str) -> int:
    """Return the seconds that an age such as "7d", "12h" or "90m" has; `where` it was said, for the error."""
    seconds = _amount(words, _AGES)
    if not seconds:
        msg = f"{where}={words!r} is no age: write a number and s, m, h, d or w, such as 7d or 12h."
        raise ConfigurationError(msg)
    return seconds


def size_of(words: str, where: str) -> int:
    """Return the bytes that a size such as "1GiB", "256MiB" or "500MB" has; `where` it was said, for the error."""
    size = _amount(words, {"": 1} | _SIZES)
    if not size:
        msg = f"{where}={words!r} is no size: write a number and a unit, such as 1GiB, 256MiB or 500MB."
        raise ConfigurationError(msg)
    return size


def as_age(seconds: int) -> str:
    """Return for example "7 days", in the largest unit that fits without a rest."""
    unit, length = next((unit, length) for unit, length in reversed(_UNITS.items()) if seconds % length == 0)
    return f"{seconds // length} {unit}{'s' * (seconds != length)}"


def as_size(size: int) -> str:
    """Return for example "1 GiB" or "1.5 MiB"."""
    unit, length = next(((unit, one) for unit, one in reversed(_BINARY.items()) if size >= one), ("bytes", 1))
    return f"{round(size / length, 1):g} {unit}"


def _amount(words: str, units: dict[str, int]) -> int:
    found = _AMOUNT.fullmatch(words.strip().lower())
    return int(float(found["number"]) * units.get(found["unit"], 0)) if found else 0
