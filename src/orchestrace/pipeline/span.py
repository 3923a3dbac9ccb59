"""
The spans of our own scope: an SDK's span for everybody who looks at it, which costs a fraction.

What the SDK does for each span it does for strangers: it asks of each value what it is, guards each step with a lock,
and copies the span when it ends. What we record is clean, and has one owner. So a span of ours has the SDK's fields and
its methods, but neither its constructor nor its way to end; what hardly a span has (events, links, a lock for them) is
made when somebody asks for it, and what all the spans of a tracer share is the tracer's.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from time import time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import DEFAULT_TRACE_STATE, SpanContext, SpanKind, Status, TraceFlags

from orchestrace.pipeline.span_record import events_of, links_of
from orchestrace.recording.attributes import as_they_are
from orchestrace.recording.tracer import SCOPE
from orchestrace.records import SpanRecord
from orchestrace.typing import Attributes, AttributeValue, Nanoseconds

if TYPE_CHECKING:
    from orchestrace.pipeline.tracer import Tracer

__all__ = ["OwnSpan"]

_LOG: Final = logging.getLogger("opentelemetry.sdk.trace")
"""Who misuses a span hears of it where the SDK says it."""

_INTERNAL: Final = SpanKind.INTERNAL
_CLIENT: Final = SpanKind.CLIENT
_SAMPLED: Final[int] = TraceFlags.SAMPLED
_UNSET: Final = Status()


class OwnSpan(Span):
    """
    A span of our own scope, which a `Tracer` makes.

    Where a step has to be one of a kind, it is one of a list or a dict: a garbage collection may set attributes and end
    spans while this very thread does.
    """

    trace_hex: str
    span_hex: str
    parent_hex: str | None
    _tracer: Tracer
    _claims: list[None]
    _end_time: Nanoseconds | None = None
    _status: Status = _UNSET
    _dropped: int = 0
    _happened: BoundedList | None = None
    _linked: BoundedList | None = None
    _guard: Any = None

    @classmethod
    def made(  # noqa: PLR0913, PLR0917 - what a span is
        cls,
        tracer: Tracer,
        name: str,
        context: SpanContext,
        around: Any,  # noqa: ANN401 - any span, or None
        kind: SpanKind,
        attributes: dict[str, AttributeValue],
        start: Nanoseconds | None,
    ) -> OwnSpan:
        """Make a span, without what the SDK's constructor does."""
        span = object.__new__(cls)
        span._tracer = tracer
        span._name = name
        span._context = context
        span._kind = kind
        span._attributes = attributes
        span._start_time = time_ns() if start is None else start
        span._claims = [None]  # whoever takes it is the one that ends the span
        span.span_hex = "%016x" % context[1]
        if type(around) is cls:
            span._parent = around._context
            span.trace_hex, span.parent_hex = around.trace_hex, around.span_hex
        else:
            span._parent = parent = None if around is None else around.get_span_context()
            span.trace_hex = "%032x" % context[0]
            span.parent_hex = None if parent is None else "%016x" % parent[1]
        return span

    def take_attributes(self, attributes: Attributes) -> None:
        """Set what we have recorded: all of it at once, where nothing of it is to be cleaned."""
        plain = as_they_are(attributes)
        if plain is None or self._end_time is not None:
            self.set_attributes(attributes)
        else:
            self._attributes.update(plain)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes, once they are what OpenTelemetry allows."""
        if self._end_time is not None:
            _LOG.warning("Setting attribute on ended span.")
            return
        clean = BoundedAttributes(attributes=attributes, immutable=False)
        self._dropped += clean.dropped
        self._attributes.update(clean)

    def set_attribute(self, key: str, value: Any) -> None:  # noqa: ANN401 - whatever is given
        """Set one attribute."""
        self.set_attributes({key: value})

    def end(self, end_time: Nanoseconds | None = None) -> None:
        """End the span, once, and pass it on."""
        try:
            self._claims.pop()
        except IndexError:
            _LOG.warning("Calling end() on an ended span.")
            return
        self._end_time = time_ns() if end_time is None else end_time
        self._tracer.finish(self)

    def is_recording(self) -> bool:
        """Tell whether it has not ended."""
        return self._end_time is None

    def get_span_context(self) -> SpanContext:
        """Return what others know the span by."""
        return self._context

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What it says; as long as it runs, a copy, which nobody changes while it is read."""
        return MappingProxyType(self._attributes if self._end_time is not None else self._attributes.copy())

    @property
    def dropped_attributes(self) -> int:
        """How many attributes had names that are none."""
        return self._dropped

    def record(self) -> SpanRecord:
        """Return what the span holds right now."""
        kind, status = self._kind, self._status
        _, _, _, flags, state, _ = self._context
        return SpanRecord(
            self.trace_hex,
            self.span_hex,
            self.parent_hex,
            self._name,
            2 if kind is _CLIENT else 0 if kind is _INTERNAL else kind.value,
            self._start_time,
            self._end_time,
            "UNSET" if status is _UNSET else status.status_code.name,
            None if status is _UNSET else status.description,
            self._attributes.copy(),
            [] if self._happened is None else events_of(self._happened),
            [] if self._linked is None else links_of(self._linked),
            SCOPE,
            self._tracer.scope_version,
            "" if state is DEFAULT_TRACE_STATE else state.to_header(),
            flags & _SAMPLED == _SAMPLED,
        )

    def ended(self) -> ReadableSpan:
        """Return the span as the SDK passes it on when it has ended."""
        return ReadableSpan(
            self._name,
            self._context,
            self._parent,
            self._resource,
            self._attributes,
            self._events,
            self._links,
            self._kind,
            self._instrumentation_info,
            self._status,
            self._start_time,
            self._end_time,
            self._instrumentation_scope,
        )

    # What the SDK's own methods ask for by these names, and make for each span.

    @property
    def _resource(self) -> Resource:
        return self._tracer.resource

    @property
    def _limits(self) -> SpanLimits:
        return self._tracer._span_limits  # noqa: SLF001 - as the SDK's spans do

    @property
    def _instrumentation_scope(self) -> InstrumentationScope:
        return self._tracer._instrumentation_scope

    @property
    def _instrumentation_info(self) -> Any:
        return self._tracer.instrumentation_info

    @property
    def _lock(self) -> Any:
        return self._guard or self.__dict__.setdefault("_guard", threading.Lock())

    @property
    def _events(self) -> BoundedList:
        return self.__dict__.setdefault("_happened", BoundedList(self._limits.max_events))

    @property
    def _links(self) -> BoundedList:
        return self.__dict__.setdefault("_linked", BoundedList(self._limits.max_links))
