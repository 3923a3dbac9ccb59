"""Read the fields of JSON that others wrote: a value of the wrong type counts as absent."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["hexadecimal", "integer", "listed", "mapping", "plain", "text"]

_INT64: Final = range(-(2**63), 2**63)


def text(given: object) -> str:
    """Return a text, else an empty one; halves of surrogate pairs, which no file can hold, become question marks."""
    if not isinstance(given, str):
        return ""
    return given if given.isascii() else given.encode("utf-8", "replace").decode("utf-8")


def integer(given: object) -> int | None:
    """Return an integer that a column holds: OTLP writes those of 64 bits as texts."""
    if isinstance(given, str) and given.removeprefix("-").isdecimal() and len(given) < 21:  # noqa: PLR2004 - 64 bits
        given = int(given)
    return given if type(given) is int and given in _INT64 else None


def mapping(given: object) -> dict[str, Any]:
    """Return an object, else an empty one."""
    return given if isinstance(given, dict) else {}


def listed(given: object) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def hexadecimal(given: object, digits: int) -> str:
    """Return an id as so many lower-case hex digits: Jaeger may leave leading noughts out. Empty if it is none."""
    known = text(given).lower()
    valid = 0 < len(known) <= digits and not set(known) - set("0123456789abcdef")
    return known.zfill(digits) if valid and known.strip("0") else ""


def plain(given: object) -> Any:  # noqa: ANN401 - JSON
    """Return a value as one that an attribute can have, and any store can hold; None for what is nothing."""
    if isinstance(given, str):
        return text(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return given if given in _INT64 else str(given)
    if isinstance(given, list):
        return [plain(one) for one in given]
    if isinstance(given, dict):
        return {text(name): plain(one) for name, one in given.items()}
    return given
