"""Write runs and traces as JSON, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import orjson

from orchestrace.conventions import INPUT_MIME_TYPE, INPUT_VALUE, OUTPUT_MIME_TYPE, OUTPUT_VALUE
from orchestrace.journal.reader import Run
from orchestrace.recording.text import TEXT_TYPE
from orchestrace.records import SpanRecord

__all__ = ["runs_document", "trace_document"]

_TYPED: Final = {INPUT_VALUE: INPUT_MIME_TYPE, OUTPUT_VALUE: OUTPUT_MIME_TYPE}
"""Attributes that say elsewhere whether they are JSON."""


def runs_document(runs: Iterable[Run]) -> bytes:
    """Return runs as a JSON list; times are nanoseconds since the epoch."""
    return _dumped([asdict(run) for run in runs])


def trace_document(spans: Iterable[SpanRecord]) -> bytes:
    """
    Return the spans of a trace as a JSON object `{"trace_id": …, "spans": […]}`.

    A span has the fields of `SpanRecord`. An attribute that is a JSON object or list stands there as one, to the digit,
    not as text.
    """
    written = [_span(span) for span in spans]
    return _dumped({"trace_id": written[0]["trace_id"] if written else None, "spans": written})


def _span(span: SpanRecord) -> dict[str, Any]:
    fields = asdict(span)
    fields["attributes"] = _attributes(span.attributes)
    for written, event in zip(fields["events"], span.events, strict=True):
        written["attributes"] = _attributes(event.attributes)
    return fields


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value, attributes) for name, value in attributes.items()}


def _value(name: str, value: object, attributes: Mapping[str, Any]) -> object:
    if not isinstance(value, str) or value[:1] not in ("{", "[") or attributes.get(_TYPED.get(name, "")) == TEXT_TYPE:
        return value
    try:
        orjson.loads(value)
    except ValueError:
        return value
    return orjson.Fragment(value)


def _dumped(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)
