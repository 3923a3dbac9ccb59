"""Set attributes on a span, at a price that does not grow with how much they say."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.trace import Span

from orchestrace.typing import Attributes

__all__ = ["as_they_are", "set_on"]

_PLAIN: Final = frozenset({str, bool, int, float})
"""Types whose values stay as they are, also in a list, which is copied, so that nobody changes it afterwards."""

_ROWS: Final = frozenset({list, tuple})


def set_on(span: Span, attributes: Attributes) -> None:
    """
    Set attributes on a span that is recording.

    The SDK asks of each value, and of each item of a list, of what kind it is, through five calls: half a microsecond
    each. A span of ours takes them at once; so does the SDK's mapping, where it is the one that we know and has room.
    """
    take = getattr(span, "take_attributes", None)
    if take is not None:
        take(attributes)
        return
    bounded: Any = getattr(span, "_attributes", None)
    if type(bounded) is BoundedAttributes and _has_room(bounded, len(attributes)):
        plain = as_they_are(attributes)
        if plain is not None:
            with bounded._lock:  # noqa: SLF001 - see above
                bounded._dict.update(plain)  # noqa: SLF001 - likewise
            return
    span.set_attributes(attributes)


def as_they_are(attributes: Attributes) -> Attributes | None:
    """Return attributes that the SDK would not change, with their lists as tuples; None where others are among them."""
    if _PLAIN.issuperset(map(type, attributes.values())):
        return attributes
    others: dict[str, Any] = {name: value for name, value in attributes.items() if type(value) not in _PLAIN}
    for name, value in others.items():
        if type(value) not in _ROWS or not _PLAIN.issuperset(map(type, value)):
            return None
        others[name] = tuple(value)
    return {**attributes, **others}


def _has_room(bounded: Any, more: int) -> bool:  # noqa: ANN401 - what it holds is its own
    if bounded._immutable or bounded.max_value_len is not None:  # noqa: SLF001 - it has no other way to say so
        return False
    return bounded.maxlen is None or len(bounded) + more <= bounded.maxlen
