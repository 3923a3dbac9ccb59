"""
Model calls that another library already has a span for: ours is merged into that span, so that one call is one span.

Such a host is known by its operation and kind, or by OpenInference's kind, never by its name. It may end before our
recording does (Anthropic's SDK ends its span before the stream closes), and an ended span takes no attributes. So what
we recorded is found by the span's ids, when the pipeline asks for it with the copy that we store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakValueDictionary

from opentelemetry.trace import Span, SpanKind, format_span_id, format_trace_id, get_current_span

from orchestrace.conventions import ENDING, OPERATION_NAME, SPAN_KIND
from orchestrace.recording.ending import ABANDONED, DRAINED, ERROR, RETURNED
from orchestrace.records import SpanRecord
from orchestrace.typing import Nanoseconds

if TYPE_CHECKING:
    from orchestrace.recording.model_call import ModelCall

__all__ = ["claim", "completed", "current_host", "start_of"]

OPERATIONS: Final = frozenset({"chat", "text_completion", "generate_content", "embeddings"})

_WELL: Final = frozenset({RETURNED, DRAINED, ABANDONED})

_MARK: Final = "_orchestrace_call"
"""What a host has of ours: its call, which lives no longer than it; not every program has a pipeline that asks."""

_Ids: TypeAlias = tuple[str, str]

_claims: Final[WeakValueDictionary[_Ids, ModelCall]] = WeakValueDictionary()


def current_host() -> Span | None:
    """Return the current span if it is a model call's, still open, and not yet the host of another recording."""
    span = get_current_span()
    if not span.is_recording() or _MARK in getattr(span, "__dict__", {_MARK: None}):
        return None
    return span if _is_model_call(span) else None


def start_of(span: Span) -> Nanoseconds:
    """Return when a host started; 0 if it does not say."""
    start = getattr(span, "start_time", None)
    return start if isinstance(start, int) else 0


def claim(span: Span, call: ModelCall) -> None:
    """Keep what `call` records for the span that hosts it."""
    context = span.get_span_context()
    setattr(span, _MARK, call)
    _claims[format_trace_id(context.trace_id), format_span_id(context.span_id)] = call


def completed(record: SpanRecord) -> SpanRecord:
    """Return the record of an ended span with all that we know of the call that it hosts."""
    call = _claims.pop((record.trace_id, record.span_id), None)
    if call is not None:
        setattr(call.span, _MARK, None)  # they held each other
        call.host_ended(record.end)
        call.merge_into(record)
        if record.status == "ERROR" and record.attributes.get(ENDING) in _WELL:
            record.attributes[ENDING] = ERROR  # what its library made of the answer failed after we had seen it
    return record


def _is_model_call(span: Any) -> bool:  # noqa: ANN401 - an SDK's span: the API has no way to read one
    attributes = getattr(span, "attributes", None)
    if not isinstance(attributes, Mapping):
        return False
    if attributes.get(SPAN_KIND) == "LLM":
        return True
    return getattr(span, "kind", None) is SpanKind.CLIENT and attributes.get(OPERATION_NAME) in OPERATIONS
