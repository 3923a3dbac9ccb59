"""Read the messages back that a span carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from orchestrace import conventions as names
from orchestrace.messages import Message
from orchestrace.prompts import Example
from orchestrace.recording.few_shot import Places, find

__all__ = ["examples_in", "messages_of"]

_HISTORY: Final = (names.INPUT_MESSAGES, names.OUTPUT_MESSAGES)


def messages_of(span: Any) -> list[Message]:  # noqa: ANN401 - whoever made it
    """
    Return the conversation on a span: system instructions, input and output messages, in this order.

    `span` is an SDK's span, a `SpanRecord`, or a mapping of attributes. What is no valid JSON is left out.
    """
    attributes = _attributes(span)
    system = _list(attributes.get(names.SYSTEM_INSTRUCTIONS))
    said: list[Message] = [{"role": "system", "parts": system}] if system else []
    for name in _HISTORY:
        said += _list(attributes.get(name))
    return said


def examples_in(span: Any, examples: Iterable[Example] = ()) -> Places:  # noqa: ANN401 - as above
    """
    Return which of `messages_of(span)` are few-shot examples: by the id of each, the indices of its messages.

    Two, what was given and the answer, or one that holds both. Without `examples` it is what the span says, which knows
    those of the prompt that the call came from; with them, they are looked for in its messages.
    """
    given = [example.record() for example in examples]
    if given:
        return find(given, messages_of(span))
    attributes = _attributes(span)
    before = 1 if _list(attributes.get(names.SYSTEM_INSTRUCTIONS)) else 0
    told = [one for one in _list(attributes.get(names.FEW_SHOT_MESSAGES)) if isinstance(one, dict)]
    return {str(one.get("id")): [index + before for index in _indices(one.get("messages"))] for one in told}


def _attributes(span: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    return span if isinstance(span, Mapping) else getattr(span, "attributes", None) or {}


def _indices(value: object) -> list[int]:
    return [one for one in value if isinstance(one, int)] if isinstance(value, list) else []


def _list(document: object) -> list[Any]:
    if not isinstance(document, str):
        return []
    try:
        value = orjson.loads(document)
    except ValueError:
        return []
    return value if isinstance(value, list) else []
