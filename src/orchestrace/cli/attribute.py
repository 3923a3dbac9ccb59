"""Read single attributes, each in the one type that it should have: anything else counts as absent."""

from __future__ import annotations

from typing import Any

import orjson

from orchestrace.typing import JSON, Attributes

__all__ = ["document", "flag", "integer", "number", "numbers", "parsed", "text", "texts"]


def text(attributes: Attributes, name: str) -> str | None:
    """Return an attribute that is text, unless it is empty."""
    value = attributes.get(name)
    return value if isinstance(value, str) and value else None


def texts(attributes: Attributes, name: str) -> list[str]:
    """Return an attribute that is a list, as texts."""
    value = attributes.get(name)
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []


def flag(attributes: Attributes, name: str) -> bool | None:
    """Return an attribute that is true or false."""
    value = attributes.get(name)
    return value if isinstance(value, bool) else None


def integer(attributes: Attributes, name: str) -> int | None:
    """Return an attribute that is a whole number."""
    value = attributes.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(attributes: Attributes, name: str) -> float | None:
    """Return an attribute that is a number."""
    value = attributes.get(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def numbers(attributes: Attributes, name: str) -> list[float]:
    """Return an attribute that is a list of numbers; empty if any of them is none."""
    value = attributes.get(name)
    listed = value if isinstance(value, (list, tuple)) else ()
    found: list[float] = [one for one in listed if isinstance(one, (int, float)) and not isinstance(one, bool)]
    return found if len(found) == len(listed) else []


def document(attributes: Attributes, name: str) -> JSON:
    """Return an attribute that is a JSON text as what it says; text that is no JSON as it is."""
    value = attributes.get(name)
    return parsed(value) if isinstance(value, str) else None


def parsed(value: str) -> JSON:
    """Return what a JSON text says, or the text."""
    try:
        said: Any = orjson.loads(value)
    except ValueError:
        return value
    return said  # type: ignore[no-any-return] # JSON by construction
