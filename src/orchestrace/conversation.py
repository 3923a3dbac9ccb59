"""Read the messages back that a span carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from orchestrace import conventions as names
from orchestrace.messages import Message

__all__ = ["messages_of"]

_HISTORY: Final = (names.INPUT_MESSAGES, names.OUTPUT_MESSAGES)


def messages_of(span: Any) -> list[Message]:  # noqa: ANN401 - whoever made it
    """
    Return the conversation on a span: system instructions, input and output messages, in this order.

    `span` is an SDK's span, a `SpanRecord`, or a mapping of attributes. What is no valid JSON is left out.
    """
    attributes = span if isinstance(span, Mapping) else getattr(span, "attributes", None) or {}
    system = _list(attributes.get(names.SYSTEM_INSTRUCTIONS))
    said: list[Message] = [{"role": "system", "parts": system}] if system else []
    for name in _HISTORY:
        said += _list(attributes.get(name))
    return said


def _list(document: object) -> list[Any]:
    if not isinstance(document, str):
        return []
    try:
        value = orjson.loads(document)
    except ValueError:
        return []
    return value if isinstance(value, list) else []
