"""The types that several modules share, each named once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

__all__ = ["JSON", "AttributeValue", "Attributes", "F", "JSONObject", "Nanoseconds", "Selector"]

F = TypeVar("F", bound=Callable[..., Any])
"""A callable that a decorator gives back with the type it came with."""

AttributeValue: TypeAlias = str | bool | int | float | Sequence[str] | Sequence[bool] | Sequence[int] | Sequence[float]
"""What OpenTelemetry allows as the value of a span attribute."""

Attributes: TypeAlias = Mapping[str, AttributeValue]
"""Span attributes by name."""

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
"""A value that came out of, or can go into, a JSON document."""

JSONObject: TypeAlias = "dict[str, JSON]"
"""A JSON document whose top is an object."""

Nanoseconds: TypeAlias = int
"""A time since the epoch, or a duration, in nanoseconds."""

Selector: TypeAlias = str | Callable[..., object]
"""Where to find a value: a dotted path over the call's arguments, or a callable that gets them."""
