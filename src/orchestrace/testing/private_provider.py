"""A tracer provider of a test's own, whose spans are the same in every run."""

from __future__ import annotations

from itertools import count

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.provider import Provider

__all__ = ["IncrementalIds", "private_provider"]


class IncrementalIds(IdGenerator):
    """Number traces and spans, each from 1."""

    def __init__(self) -> None:
        self._traces = count(1)
        self._spans = count(1)

    def generate_trace_id(self) -> int:
        """Return the next number for a trace."""
        return next(self._traces)

    def generate_span_id(self) -> int:
        """Return the next number for a span."""
        return next(self._spans)


def private_provider(processor: SpanProcessor) -> Provider:
    """Make a provider that samples everything, cuts nothing, and ignores what the environment says about it."""
    unlimited = SpanLimits.UNSET
    limits = SpanLimits(
        max_attributes=unlimited,
        max_events=unlimited,
        max_links=unlimited,
        max_attribute_length=unlimited,
        max_span_attributes=unlimited,
        max_span_attribute_length=unlimited,
    )
    provider = Provider(
        sampler=ALWAYS_ON,
        resource=Resource.get_empty(),
        shutdown_on_exit=False,
        active_span_processor=Fence(),  # type: ignore[no-untyped-call] # the SDK's
        id_generator=IncrementalIds(),
        span_limits=limits,
    )
    provider.add_span_processor(processor)
    return provider
