"""Where the spans of our own scope are made, in one step where nothing unusual is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    get_current_span,
)
from opentelemetry.util.types import Attributes

from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.processor import Processor
from orchestrace.pipeline.span import OwnSpan
from orchestrace.recording.attributes import as_they_are
from orchestrace.typing import Nanoseconds

__all__ = ["Tracer"]

_SAMPLED: Final = TraceFlags.SAMPLED
_RANDOM: Final[int] = getattr(TraceFlags, "RANDOM_TRACE_ID", 0) if hasattr(IdGenerator, "is_trace_id_random") else 0
"""What says that the id of a trace is random; older SDKs do not tell."""
_KEPT: Final = _SAMPLED | _RANDOM
_FLAGS: Final = {bits: TraceFlags(bits) for bits in (0, _SAMPLED, _RANDOM, _SAMPLED | _RANDOM)}
_MOST_TRACE: Final = 2**128 - 1
_MOST_SPAN: Final = 2**64 - 1
_TEXT: Final = frozenset({str})


class _Enabled:
    is_enabled = True


class Tracer(sdk.Tracer):
    """
    Make spans as the SDK's tracer does, as `OwnSpan`.

    It becomes one: see `Provider`.
    """

    usual: Sampler | None = None
    """A sampler that keeps whatever begins here, or inside of what is kept: it need not be asked."""
    scope_version: str = ""

    span_processor: Fence
    _tracer_config: Any = _Enabled()  # older SDKs have none

    def start_span(  # noqa: PLR0913, PLR0917 - the SDK's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: Nanoseconds | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002 - likewise
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002 - likewise
    ) -> Span:
        """Start a span; it is recorded, and sampled, as the sampler says."""
        around: Any = get_current_span(context)
        above = around.get_span_context()
        if links or type(above) is not SpanContext or not self._tracer_config.is_enabled:
            how = start_time, record_exception, set_status_on_exception
            return super().start_span(name, context, kind, attributes, links, *how)
        ids, said = self.id_generator, None
        trace_id, _, _, bits, state, is_valid = above
        if not is_valid:
            around, state, trace_id = None, DEFAULT_TRACE_STATE, ids.generate_trace_id()
            bits = _KEPT if _RANDOM and ids.is_trace_id_random() else _SAMPLED
        if self.sampler is not self.usual or not bits & _SAMPLED:
            said = self.sampler.should_sample(context, trace_id, name, kind, attributes, links)
            attributes, state = said.attributes, said.trace_state or DEFAULT_TRACE_STATE
            bits = bits & _RANDOM | said.decision.is_sampled()
        own = _context(trace_id, ids.generate_span_id(), _FLAGS[bits & _KEPT], state)
        if said is not None and not said.decision.is_recording():
            return NonRecordingSpan(own)
        plain = as_they_are(attributes) if attributes else {}
        is_clean = plain is not None and "" not in plain and _TEXT.issuperset(map(type, plain))
        span = OwnSpan.made(self, name, own, around, kind, dict(plain) if is_clean else {}, start_time)
        span._record_exception, span._set_status_on_exception = record_exception, set_status_on_exception
        if not is_clean:
            span.set_attributes(attributes)
        processors = self.span_processor
        if isinstance(alone := processors.alone, Processor):
            alone.begun(span)
        else:
            processors.on_start(span, context)
        return span

    def finish(self, span: OwnSpan) -> None:
        """Pass on a span of ours that has ended."""
        processors = self.span_processor
        if isinstance(alone := processors.alone, Processor):
            alone.ended(span)
            return
        getattr(processors, "_on_ending", lambda _: None)(span)  # newer SDKs have it
        processors.on_end(span.ended())


def _context(trace_id: int, span_id: int, flags: TraceFlags, state: TraceState) -> SpanContext:
    """Return what the constructor would, which takes as long as all the rest of a span."""
    if 0 < trace_id <= _MOST_TRACE and 0 < span_id <= _MOST_SPAN:
        return tuple.__new__(SpanContext, (trace_id, span_id, False, flags, state, True))
    return SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags, trace_state=state)
