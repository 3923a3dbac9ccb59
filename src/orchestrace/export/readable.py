"""Turn a record into the span that OpenTelemetry's encoders read, so that encoding it cannot fail."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from orchestrace.conventions import SCHEMA_URL
from orchestrace.recording.tracer import SCOPE
from orchestrace.records import LinkRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["readable", "sendable"]

_KINDS: Final = {kind.value: kind for kind in SpanKind}
_STATUSES: Final = {code.name: code for code in StatusCode}
_LAST_NANOSECOND: Final = 2**64 - 1
_INTEGERS: Final = range(-(2**63), 2**63)


def readable(record: SpanRecord, resource: Resource) -> ReadableSpan:
    """
    Return `record` as a span of the SDK.

    Proto3 text is UTF-8: a lone surrogate becomes U+FFFD. An attribute that OTLP cannot carry is left out, so that it
    costs neither its span nor the batch. Raises ValueError for an id that is not hex of the right length.
    """
    flags = TraceFlags(TraceFlags.SAMPLED if record.sampled else TraceFlags.DEFAULT)
    state = TraceState.from_header([record.trace_state]) if record.trace_state else TraceState()
    trace_id = _id(record.trace_id, 16)
    parent = None
    if record.parent_id is not None:
        parent = SpanContext(trace_id, _id(record.parent_id, 8), is_remote=False, trace_flags=flags)
    return ReadableSpan(
        name=_text(record.name),
        context=SpanContext(trace_id, _id(record.span_id, 8), is_remote=False, trace_flags=flags, trace_state=state),
        parent=parent,
        resource=resource,
        attributes=_legal(record.attributes),
        events=[Event(_text(event.name), _legal(event.attributes), _time(event.time)) for event in record.events],
        links=[_link(link) for link in record.links],
        kind=_KINDS.get(record.kind, SpanKind.INTERNAL),
        status=_status(record),
        start_time=_time(record.start),
        end_time=None if record.end is None else _time(record.end),
        instrumentation_scope=_scope(_text(record.scope), _text(record.scope_version)),
    )


def sendable(resource: Resource) -> Resource:
    """Return `resource` with the attributes that can be sent: variables of the environment may hold any byte."""
    return Resource(_legal(resource.attributes), _text(resource.schema_url))


def _link(link: LinkRecord) -> Link:
    return Link(SpanContext(_id(link.trace_id, 16), _id(link.span_id, 8), is_remote=False), _legal(link.attributes))


def _status(record: SpanRecord) -> Status:
    code = _STATUSES.get(record.status, StatusCode.UNSET)
    # The conventions know a description of errors only, and the SDK logs a line for any other.
    described = code is StatusCode.ERROR and record.status_message is not None
    return Status(code, _text(record.status_message or "") if described else None)


@lru_cache(maxsize=256)
def _scope(name: str, version: str) -> InstrumentationScope:
    return InstrumentationScope(name, version, SCHEMA_URL if name == SCOPE else None)


def _id(digits: str, size: int) -> int:
    octets = bytes.fromhex(digits)
    if len(octets) != size:
        msg = f"{digits!r} is no id of {size} bytes"
        raise ValueError(msg)
    return int.from_bytes(octets, "big")


def _time(nanoseconds: int) -> int:
    return min(max(nanoseconds, 0), _LAST_NANOSECOND)


def _text(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16, where two halves that belong together become the character that they are halves of.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _legal(attributes: Mapping[str, object]) -> dict[str, AttributeValue]:
    kept: dict[str, AttributeValue] = {}
    for key, value in attributes.items():
        sent = _value(value)
        if sent is not None and isinstance(key, str) and key:
            kept[_text(key)] = sent
    return kept


def _value(value: object) -> AttributeValue | None:
    if isinstance(value, (list, tuple)):
        items = [_scalar(item) for item in value]
        # Items of several types pass, as OTLP lets them: nothing is gained by losing them.
        return None if None in items else items  # type: ignore[return-value]
    return _scalar(value)


def _scalar(value: object) -> str | bool | int | float | None:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) or (isinstance(value, int) and value in _INTEGERS):
        return value
    return None
