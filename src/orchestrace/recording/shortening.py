"""
Keep our attributes within OpenTelemetry's limit for the length of values, so that a JSON document stays one.

    OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, else OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT, else none

The SDK cuts a text after so many characters, wherever that is. So a document is made shorter before it comes there, as
`recording.document` does it; a text that is no document is left to the SDK.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from opentelemetry.trace import Span

from orchestrace.conventions import TRUNCATED
from orchestrace.typing import Attributes, AttributeValue

__all__ = ["VARIABLES", "limit", "shortened"]

VARIABLES: Final = ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")


@lru_cache(maxsize=1)
def limit() -> int | None:
    """Return how many characters a value may have, None if there is no limit; the variables are read once a process."""
    said = (os.environ.get(name, "").strip() for name in VARIABLES)
    found = next((word for word in said if word), "")
    return int(found) if found.isdecimal() else None


def shortened(attributes: Attributes, span: Span | None = None) -> Attributes:
    """
    Return attributes whose documents are within the limit, and which say so of those that were not.

    `span` is the one that they are set on later: what it says of others stays.
    """
    longest = limit()
    if longest is None:
        return attributes
    fit = {name: _fit(value, longest) for name, value in attributes.items()}
    cut = [name for name, value in fit.items() if value is not attributes[name]]
    if not cut:
        return attributes
    told = [*_told(getattr(span, "attributes", None)), *_told(attributes)]
    return {**fit, TRUNCATED: list(dict.fromkeys([*told, *cut]))}


def _told(attributes: object) -> list[str]:
    said = attributes.get(TRUNCATED) if isinstance(attributes, Mapping) else None
    return [str(name) for name in said] if isinstance(said, (list, tuple)) else []


def _fit(value: AttributeValue, longest: int) -> AttributeValue:
    if not isinstance(value, str) or len(value) <= longest or value[:1] not in {"{", "["}:
        return value
    import orjson  # noqa: PLC0415 - 3 ms, wanted where there is a limit

    from orchestrace.recording.document import write  # noqa: PLC0415 - as above

    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    text, _ = write(document, longest)
    if len(text) <= longest:
        return text
    return "[]" if isinstance(document, list) else "{}"
