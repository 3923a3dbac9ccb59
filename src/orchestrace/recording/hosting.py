"""
Model calls that another library already has a span for: ours is merged into that span, so that one call is one span.

Such a host is known by its operation and kind, by OpenInference's kind, or by what OpenTelemetry's GenAI utilities put
into the context; never by its name. It may end before our recording does (Anthropic's SDK ends its span before the
stream closes), and an ended span takes no attributes. So what we recorded is found by the span's ids when the pipeline
has the copy that we store, and a copy that comes before the end of the call waits for it.

A span that was made when the call was over (see `retelling`) is not kept: nothing could be merged into it in time.

Where one call has two such spans, one inside the other, the inner is the host. The outer is kept, but is no second
call: its copy says `orchestrace.role` = "outer_call", and leaves the tokens to the inner one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from weakref import WeakValueDictionary

from opentelemetry.context import get_value
from opentelemetry.trace import Span, SpanContext, SpanKind

from orchestrace import conventions as names
from orchestrace.conventions import ENDING, ERROR_TYPE, OPERATION_NAME, ROLE, SPAN_KIND
from orchestrace.recording import lineage, retelling
from orchestrace.recording.ending import ABANDONED, DRAINED, ERROR, RETURNED
from orchestrace.recording.guard import guarded
from orchestrace.recording.retelling import Told
from orchestrace.records import SpanRecord
from orchestrace.typing import AttributeValue, Nanoseconds

__all__ = ["Hosted", "claim", "complete", "current_host", "stands_alone", "start_of", "started"]

OPERATIONS: Final = frozenset({"chat", "text_completion", "generate_content", "embeddings"})
KINDS: Final = frozenset({"LLM", "EMBEDDING"})
"""What OpenInference calls the spans of model calls."""

OUTER: Final = "outer_call"
"""The role of a span around the host of a call, which tells of the same call."""

_TOKENS: Final = (
    names.USAGE_INPUT_TOKENS,
    names.USAGE_OUTPUT_TOKENS,
    names.USAGE_CACHE_READ,
    names.USAGE_CACHE_WRITE,
    names.USAGE_CACHE_CREATION,
    names.USAGE_REASONING,
)
_WELL: Final = frozenset({RETURNED, DRAINED, ABANDONED})
_UNTYPED: Final = "_OTHER"
_CONTEXT_KEYS: Final = ("opentelemetry.genai.client.inference.context", "opentelemetry.genai.client.embedding.context")
"""Where opentelemetry-util-genai keeps what it knows of the call that is being made."""

_MARK: Final = "_orchestrace_call"
"""What a host has of ours: what we recorded, which lives no longer than it; not every program has a pipeline."""
_INSIDE: Final = "_orchestrace_inside"
"""What the span around a host has of ours: the same."""
_RETELLS: Final = "_orchestrace_retells"
"""What a span that was made afterwards has of ours: the call that it tells of."""

PassOn: TypeAlias = Callable[[SpanRecord], None]
_Ids: TypeAlias = tuple[int, int]


class Hosted:
    """What is recorded of a call that another library's span hosts, and the copies of spans that wait for its end."""

    __slots__ = ("__weakref__", "_done", "_waiting", "attributes", "error_type", "status")

    def __init__(self) -> None:
        self.attributes: dict[str, AttributeValue] = {}
        self.status: str | None = None
        """What went wrong, if the call failed."""
        self.error_type: str | None = None
        """What is to be said of it if the host does not: of an exception its library may know more."""
        self._done = False
        self._waiting: list[tuple[SpanRecord, PassOn, Callable[[SpanRecord], None]]] = []

    def is_over(self) -> None:
        """Hear that no more will be recorded."""
        self._done = True
        self._release()

    def complete(self, host: SpanRecord, pass_on: PassOn) -> None:
        """Pass on the copy of the host with all that is recorded of the call, when it is over."""
        self._wait(host, pass_on, self._merge)

    def complete_outer(self, outer: SpanRecord, pass_on: PassOn) -> None:
        """Pass on the copy of a span around the host without what stands on the host."""
        self._wait(outer, pass_on, self._set_apart)

    def _wait(self, record: SpanRecord, pass_on: PassOn, change: Callable[[SpanRecord], None]) -> None:
        # The call may end in another thread meanwhile: whoever of the two comes last finds what the other has left.
        self._waiting.append((record, pass_on, change))
        if self._done:
            self._release()

    def _release(self) -> None:
        while self._waiting:
            try:
                record, pass_on, change = self._waiting.pop(0)
            except IndexError:
                return
            change(record)
            pass_on(record)

    def _merge(self, host: SpanRecord) -> None:
        theirs = host.attributes.get(ERROR_TYPE)
        host.attributes.update(self.attributes)
        ending = host.attributes.get(ENDING)
        if self.status is not None:
            host.status, host.status_message = "ERROR", host.status_message or self.status or None
            if self.error_type is not None:
                host.attributes.setdefault(ERROR_TYPE, self.error_type)
        elif host.status == "ERROR" and ending == ABANDONED and theirs == _UNTYPED:
            # OpenTelemetry's GenAI utilities call it an error, of no type, that nobody read a stream to its end.
            host.status, host.status_message = "UNSET", None
            del host.attributes[ERROR_TYPE]
        elif host.status == "ERROR" and ending in _WELL:
            host.attributes[ENDING] = ERROR  # what its library made of the answer failed after we had seen it

    def _set_apart(self, outer: SpanRecord) -> None:
        for name in _TOKENS:
            if name in self.attributes:
                outer.attributes.pop(name, None)
        outer.attributes[ROLE] = OUTER


_hosted: Final[WeakValueDictionary[_Ids, Hosted]] = WeakValueDictionary()
_clients: Final[WeakValueDictionary[_Ids, Span]] = WeakValueDictionary()
"""The CLIENT spans of others that the pipeline has seen start: a host knows its parent by ids alone."""


def current_host() -> Span | None:
    """Return the current span if it is a model call's of this process, open, and not yet the host of a recording."""
    span = lineage.current_span()
    if not span.is_recording() or not _is_model_call(span):
        return None
    return None if _MARK in getattr(span, "__dict__", {_MARK: None}) else span


def start_of(span: Span) -> Nanoseconds:
    """Return when a host started; 0 if it does not say."""
    start = getattr(span, "start_time", None)
    return start if isinstance(start, int) else 0


def claim(span: Span) -> Hosted:
    """Return what keeps the recording of a call for the span that hosts it."""
    hosted = Hosted()
    setattr(span, _MARK, hosted)
    _hosted[_ids(span.get_span_context())] = hosted
    outer = _around(getattr(span, "parent", None))
    if outer is not None and _is_model_call(outer):
        setattr(outer, _INSIDE, hosted)
        _clients[_ids(outer.get_span_context())] = outer
    return hosted


def _around(parent: object) -> Span | None:
    """Return the span of some ids: another library's, or ours, which was made by hand around a host."""
    if not isinstance(parent, SpanContext):
        return None
    ours = (one.span for one in lineage.upwards(lineage.current()))
    return _clients.get(_ids(parent)) or next((span for span in ours if span.get_span_context() == parent), None)


def started(span: Span) -> bool:
    """Hear of a span that has started; False if another library's only tells again of a call that has one of ours."""
    if _hosted:
        _hosted.pop(_ids(span.get_span_context()), None)  # tests number their spans from 1, each anew
    if getattr(span, "kind", None) is not SpanKind.CLIENT:
        return True
    _clients[_ids(span.get_span_context())] = span
    told = retelling.retold(span)
    if told is not None:
        setattr(span, _RETELLS, told)
    return told is None


def complete(record: SpanRecord, pass_on: PassOn) -> None:
    """Pass on the record of an ended span, with all that is known of the call that it hosts, as soon as it is known."""
    ids = int(record.trace_id, 16), int(record.span_id, 16)
    if (hosted := _hosted.get(ids)) is not None:
        hosted.complete(record, pass_on)
        return
    client = _clients.get(ids)
    told: Told | None = getattr(client, _RETELLS, None)
    inside: Hosted | None = getattr(client, _INSIDE, None)
    if told is not None and told.is_in(record):
        return
    if inside is not None:
        inside.complete_outer(record, pass_on)
    else:
        pass_on(record)


def stands_alone(span: Span) -> bool:
    """Tell whether no call is known that a span of ours would host, or have inside: `complete` only passes it on."""
    return getattr(span, _MARK, None) is None and getattr(span, _INSIDE, None) is None


@guarded("fork", None)
def _disown() -> None:
    # In a forked child the span around is its parent's, who ends it and knows nothing of the calls that are made here.
    span = lineage.current_span()
    if span.is_recording():
        setattr(span, _MARK, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown)


def _ids(context: SpanContext) -> _Ids:
    return context.trace_id, context.span_id


def _is_model_call(span: Any) -> bool:  # noqa: ANN401 - an SDK's span: the API has no way to read one
    said: Callable[[str], object] | None = getattr(span, "value_of", None)  # a span of ours, which need not be copied
    if said is None:
        attributes = getattr(span, "attributes", None)
        if not isinstance(attributes, Mapping):
            return False
        said = attributes.get
    if said(SPAN_KIND) in KINDS:
        return True
    if getattr(span, "kind", None) is not SpanKind.CLIENT:
        return False
    operation = said(OPERATION_NAME)
    if operation is None:
        return any(get_value(key) is not None for key in _CONTEXT_KEYS)
    return operation in OPERATIONS
