"""The providers that we make: OpenTelemetry's own, but for the spans of our own scope."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.util.types import Attributes

from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.tracer import Tracer
from orchestrace.recording.tracer import SCOPE

__all__ = ["Provider"]

_SPAN: Final = frozenset(
    {
        *("_name", "_context", "_kind", "_parent", "_start_time", "_end_time", "_attributes", "_events", "_links"),
        *("_status", "_resource", "_instrumentation_info", "_instrumentation_scope", "_limits", "_lock"),
        *("_record_exception", "_set_status_on_exception", "_sampler", "_span_processor"),
        *("_trace_config", "_record_end_metrics"),
    }
)
"""What an SDK's span knows of itself: `OwnSpan` has it too, or, of the last line, does without."""
_TRACER: Final = frozenset({"_instrumentation_scope", "_span_limits", "instrumentation_info", "resource"})
"""What `OwnSpan` has of its tracer."""


class Provider(sdk.TracerProvider):
    """
    A provider whose tracer for our own scope makes spans of ours, cheaply.

    Every other scope has the SDK's tracer. So has ours where a span is limited in its attributes, which the SDK is
    better at, and with an SDK that we do not know.
    """

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        """Return the tracer of a scope."""
        scope = instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        tracer: trace.Tracer = super().get_tracer(*scope)
        if instrumenting_module_name == SCOPE and type(tracer) is sdk.Tracer and _fits(tracer):
            tracer = Tracer.of(tracer, instrumenting_library_version or "")
        return tracer


def _fits(tracer: Any) -> bool:  # noqa: ANN401 - an SDK's, of a version that is to be seen
    if not _is_known() or not vars(tracer).keys() >= _TRACER or not isinstance(tracer.span_processor, Fence):
        return False
    limits = tracer._span_limits  # noqa: SLF001 - one of those that are known
    if limits.max_span_attributes is not None or limits.max_span_attribute_length is not None:
        return False
    # Newer SDKs can count their own spans.
    return type(getattr(tracer, "_tracer_metrics", None)).__name__ in {"NoneType", "NoOpTracerMetrics"}


@lru_cache(maxsize=1)
def _is_known() -> bool:
    """Tell whether the spans of the installed SDK have nothing that ours have not, and their contexts neither."""

    class Sample(sdk.Span):
        """A span that the SDK lets us make."""

    flags, state = trace.TraceFlags(1), trace.TraceState()
    context = trace.SpanContext(1, 2, is_remote=False, trace_flags=flags, trace_state=state)
    fields = vars(Sample("", context, resource=Resource.get_empty())).keys()
    return fields <= _SPAN and tuple(context) == (1, 2, False, flags, state, True)
