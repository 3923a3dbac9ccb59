"""Cut spans into requests that a receiver takes, by the bytes they encode to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import Attributes

__all__ = ["LARGEST_REQUEST", "batches", "encoded_bound"]

LARGEST_REQUEST: Final = 3_670_016
"""3.5 MiB: a gRPC receiver refuses more than 4 MiB unless told otherwise, and a batch with it."""

# Tags and lengths around the payload; a length takes at most five bytes.
_SPAN = 128
_EVENT = 32
_LINK = 64
_ATTRIBUTE = 32
_ITEM = 24


def batches(spans: Iterable[ReadableSpan], limit: int = LARGEST_REQUEST) -> Iterator[list[ReadableSpan]]:
    """Yield `spans` in order, as many together as encode to `limit` bytes; a larger span goes alone."""
    batch: list[ReadableSpan] = []
    size = 0
    for span in spans:
        bound = encoded_bound(span)
        if batch and size + bound > limit:
            yield batch
            batch, size = [], 0
        batch.append(span)
        size += bound
    if batch:
        yield batch


def encoded_bound(span: ReadableSpan) -> int:
    """
    Return a number of bytes that `span` does not exceed in OTLP, without what it shares with others of its resource.

    Counting costs a tenth of encoding, which happens again in the exporter.
    """
    context = span.get_span_context()
    state = len(context.trace_state.to_header()) if context is not None else 0
    events = sum(_EVENT + _bytes(event.name) + _attributes(event.attributes) for event in span.events)
    links = sum(_LINK + _attributes(link.attributes) for link in span.links)
    texts = _bytes(span.name) + _bytes(span.status.description or "") + state
    return _SPAN + texts + _attributes(span.attributes) + events + links


def _attributes(attributes: Attributes) -> int:
    return sum(_ATTRIBUTE + _bytes(key) + _value(value) for key, value in (attributes or {}).items())


def _value(value: object) -> int:
    if isinstance(value, str):
        return _bytes(value)
    return sum(_ITEM + _value(item) for item in value) if isinstance(value, (list, tuple)) else 0


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
