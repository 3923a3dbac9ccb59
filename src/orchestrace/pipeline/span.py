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
from operator import attrgetter
from time import time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import DEFAULT_TRACE_STATE, SpanContext, SpanKind, Status, TraceFlags

from orchestrace.pipeline.attribute_view import AttributeView
from orchestrace.pipeline.processor import Processor
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

_CLIENT: Final = SpanKind.CLIENT
_INTERNAL: Final = SpanKind.INTERNAL
_SAMPLED: Final[int] = TraceFlags.SAMPLED
_UNSET: Final = Status()
_TRACE_ID: Final = "%032x"
_SPAN_ID: Final = "%016x"
"""This way it takes half of the time of a format string."""


class OwnSpan(Span):
    """
    A span of our own scope, which a `Tracer` makes.

    Its steps are a list's or a dict's own, which no other thread comes between: a lock would be in the way of a garbage
    collection that ends spans while this very thread does something to one.
    """

    number: int
    trace_hex: str
    span_hex: str
    parent_hex: str | None
    _tracer: Tracer
    _claims: list[None]
    _context: SpanContext
    _start_time: Nanoseconds
    _end_time: Nanoseconds | None = None
    _attributes: dict[str, Any]
    _dropped: int = 0
    _status: Status = _UNSET
    _happened: BoundedList[Any] | None = None
    _linked: BoundedList[Any] | None = None

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
        records_exception: bool,  # noqa: FBT001 - as the SDK's tracer has it
        sets_status: bool,  # noqa: FBT001 - likewise
    ) -> OwnSpan:
        """Make a span, without what the SDK's constructor does."""
        span = object.__new__(cls)
        span._tracer = tracer
        span._name = name
        span._context = context
        span._kind = kind
        span.number = 2 if kind is _CLIENT else 0 if kind is _INTERNAL else kind.value
        span._attributes = attributes
        span._start_time = time_ns() if start is None else start
        span._record_exception, span._set_status_on_exception = records_exception, sets_status
        span._claims = [None]  # whoever takes it is the one that ends the span
        span.span_hex = _SPAN_ID % context[1]
        if type(around) is cls:
            span._parent = around._context  # noqa: SLF001 - same class
            span.trace_hex, span.parent_hex = around.trace_hex, around.span_hex
        else:
            span._parent = parent = None if around is None else around.get_span_context()
            span.trace_hex = _TRACE_ID % context[0]
            span.parent_hex = None if parent is None else _SPAN_ID % parent[1]
        return span

    def take_attributes(self, attributes: Attributes) -> None:
        """Set what we have recorded: all of it at once, where nothing of it is to be cleaned."""
        plain = as_they_are(attributes)
        if plain is None or self._end_time is not None:
            self.set_attributes(attributes)
        else:
            self._attributes.update(plain)

    def announce(self) -> None:
        """Have those of our own who keep spans keep this one as it is by now, should it never end."""
        for processor in self._tracer.span_processor.inside:
            if isinstance(processor, Processor):
                processor.again(self)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes, as far as OpenTelemetry allows them."""
        self._take_clean(BoundedAttributes(attributes=attributes, immutable=False))

    def set_attribute(self, key: str, value: Any) -> None:  # noqa: ANN401 - whatever is given
        """Set one attribute, if OpenTelemetry allows it."""
        clean = BoundedAttributes(immutable=False)
        clean[key] = value
        self._take_clean(clean)

    def _take_clean(self, clean: BoundedAttributes) -> None:
        if self._end_time is not None:
            _LOG.warning("Setting attribute on ended span.")
            return
        self._dropped += clean.dropped
        self._attributes.update(clean)

    def end(self, end_time: Nanoseconds | None = None) -> None:
        """End the span, once, and pass it on."""
        try:
            self._claims.pop()
        except IndexError:
            _LOG.warning("Calling end() on an ended span.")
            return
        self._end_time = time_ns() if end_time is None else end_time
        processors = self._tracer.span_processor
        if isinstance(alone := processors.alone, Processor):
            alone.ended(self)
            return
        getattr(processors, "_on_ending", lambda _: None)(self)  # newer SDKs have it
        processors.on_end(self._ended())

    def is_recording(self) -> bool:
        """Tell whether it has not ended."""
        return self._end_time is None

    def get_span_context(self) -> SpanContext:
        """Return what others know the span by."""
        return self._context

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What it says by now, also for who looks again later."""
        said = self._attributes
        return MappingProxyType(said if self._end_time is not None else AttributeView(said))

    def value_of(self, name: str) -> Any:  # noqa: ANN401 - of any type
        """Return the value of one attribute; None if there is none."""
        return self._attributes.get(name)

    @property
    def dropped_attributes(self) -> int:
        """How many attributes had names that are none."""
        return self._dropped

    def record(self) -> SpanRecord:
        """Return what the span holds right now."""
        status = self._status
        _, _, _, flags, state, _ = self._context
        return SpanRecord(
            self.trace_hex,
            self.span_hex,
            self.parent_hex,
            self._name,
            self.number,
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

    def _ended(self) -> ReadableSpan:
        # As the SDK passes it on to strangers.
        attributes: Any = self._attributes
        if self._dropped:
            attributes = BoundedAttributes(attributes=attributes)
            attributes.dropped = self._dropped
        return ReadableSpan(
            self._name,
            self._context,
            self._parent,
            self._resource,
            attributes,
            () if self._happened is None else self._happened,
            () if self._linked is None else self._linked,
            self._kind,
            self._instrumentation_info,
            self._status,
            self._start_time,
            self._end_time,
            self._instrumentation_scope,
        )

    # What the SDK's own methods ask for by these names: the tracer's, or made when it is asked for.
    _sampler: Any = property(attrgetter("_tracer.sampler"))
    _span_processor: Any = property(attrgetter("_tracer.span_processor"))
    _resource: Any = property(attrgetter("_tracer.resource"))
    _limits: Any = property(attrgetter("_tracer._span_limits"))
    _instrumentation_scope: Any = property(attrgetter("_tracer._instrumentation_scope"))
    _instrumentation_info: Any = property(attrgetter("_tracer.instrumentation_info"))
    _lock: Any = property(lambda span: vars(span).setdefault("_guard", threading.Lock()))

    @property
    def _events(self) -> Any:  # type: ignore[override] # noqa: ANN401 - a field there, without a type
        return vars(self).setdefault("_happened", BoundedList(self._limits.max_events))

    @property
    def _links(self) -> Any:  # type: ignore[override] # noqa: ANN401 - likewise
        return vars(self).setdefault("_linked", BoundedList(self._limits.max_links))
