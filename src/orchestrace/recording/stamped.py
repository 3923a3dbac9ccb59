"""
Spans whose ids are given: what is said later of a run, and must be the same span whoever says it.

OpenTelemetry's API has no way to say which id a span is to have; an SDK's tracer asks its generator. So a copy of the
tracer gets a generator of ours. A tracer of another kind makes ids of its own, and everything else as it is.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags, TraceState, set_span_in_context

from orchestrace.recording.shortening import shortened
from orchestrace.recording.tracer import tracer
from orchestrace.typing import Attributes, Nanoseconds

__all__ = ["Stamp", "would_sample"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """The ids of a span, and of the one that it stands under, if any: one that is, or is not, `sampled`."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = True
    trace_state: str = ""

    @property
    def parent(self) -> Span:
        """The span around, as far as its ids tell; the span itself where it stands alone."""
        return NonRecordingSpan(
            SpanContext(
                int(self.trace_id, 16),
                int(self.parent_id or self.span_id, 16),
                is_remote=True,
                trace_flags=TraceFlags(TraceFlags.SAMPLED if self.sampled else TraceFlags.DEFAULT),
                trace_state=TraceState.from_header([self.trace_state]) if self.trace_state else None,
            )
        )

    def start(self, name: str, attributes: Attributes, at: Nanoseconds) -> Span:
        """Start a span with these ids, whatever is current."""
        around = Context() if self.parent_id is None else set_span_in_context(self.parent, Context())
        maker: Any = copy.copy(tracer())
        if hasattr(maker, "id_generator"):
            maker.id_generator = self
        started: Span = maker.start_span(name, around, attributes=shortened(attributes), start_time=at)
        return started

    def generate_trace_id(self) -> int:
        """Return the trace's id, as an SDK asks for it."""
        return int(self.trace_id, 16)

    def generate_span_id(self) -> int:
        """Return the span's id, as an SDK asks for it."""
        return int(self.span_id, 16)

    def is_trace_id_random(self) -> bool:
        """Say, to an SDK that asks, that a given id is not to be taken for a random one."""
        return False


def would_sample(trace_id: str, name: str) -> bool:
    """
    Tell whether a trace that begins here with this id would be sampled.

    A sampler by ratio decides so in every process alike: what is said of a run goes where the run went. True where the
    tracer does not say.
    """
    sampler: Any = getattr(tracer(), "sampler", None)
    try:
        decision = sampler.should_sample(Context(), int(trace_id, 16), name).decision
        return bool(decision.is_sampled())
    except Exception:  # noqa: BLE001 - none, or a stranger's
        return True
