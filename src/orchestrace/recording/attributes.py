"""Set attributes on a span, at a price that does not grow with how much they say."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.trace import Span

from orchestrace.typing import Attributes

__all__ = ["set_on"]

_PLAIN: Final = frozenset({str, bool, int, float})
"""Types whose values stay as they are, also in a list, which is copied, so that nobody changes it afterwards."""


def set_on(span: Span, attributes: Attributes) -> None:
    """
    Set attributes on a span that is recording.

    The SDK asks of each value, and of each item of a list, of what kind it is, through five calls: half a microsecond
    each. Where its mapping is the one that we know, and has room, ours go in as they are.
    """
    bounded: Any = getattr(span, "_attributes", None)
    if type(bounded) is BoundedAttributes and _has_room(bounded, len(attributes)):
        plain = attributes if _PLAIN.issuperset(map(type, attributes.values())) else _copied(attributes)
        if plain is not None:
            with bounded._lock:  # noqa: SLF001 - see above
                bounded._dict.update(plain)  # noqa: SLF001 - likewise
            return
    span.set_attributes(attributes)


def _copied(attributes: Attributes) -> Attributes | None:
    """Return attributes with their lists as tuples; None where something else is among them."""
    copied = {name: tuple(value) if type(value) is list else value for name, value in attributes.items()}
    lists = [value for value in copied.values() if type(value) is tuple]
    rest = (type(value) for value in copied.values() if type(value) is not tuple)
    return copied if _PLAIN.issuperset(rest) and all(_PLAIN.issuperset(map(type, one)) for one in lists) else None


def _has_room(bounded: Any, more: int) -> bool:  # noqa: ANN401 - what it holds is its own
    if bounded._immutable or bounded.max_value_len is not None:  # noqa: SLF001 - it has no other way to say so
        return False
    return bounded.maxlen is None or len(bounded) + more <= bounded.maxlen
