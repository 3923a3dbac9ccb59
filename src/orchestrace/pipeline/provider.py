"""The providers that we make: OpenTelemetry's own, but for the spans of our own scope."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, DEFAULT_ON, Sampler
from opentelemetry.util.types import Attributes

from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.sampler import KeepRuns
from orchestrace.pipeline.tracer import Tracer
from orchestrace.recording.tracer import SCOPE

__all__ = ["Provider"]

_METRICS: Final = "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"
"""Whether the SDK counts its own spans, which newer ones can."""

_SPAN: Final = frozenset(
    "_attributes _context _end_time _events _instrumentation_info _instrumentation_scope _kind _limits _links _lock "
    "_name _parent _record_end_metrics _record_exception _resource _sampler _set_status_on_exception _span_processor "
    "_start_time _status _trace_config".split()
)
"""What an SDK's span has that `OwnSpan` has too, or does without."""
_TRACER: Final = frozenset(
    "_instrumentation_scope _span_limits id_generator instrumentation_info resource sampler span_processor".split()
)
"""What `OwnSpan` needs of an SDK's tracer."""


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
        tracer: Any = super().get_tracer(*scope)
        if instrumenting_module_name == SCOPE and type(tracer) is sdk.Tracer and _fits(tracer):
            # It stays the one that the SDK keeps, and tells of another resource after a fork.
            tracer.__class__ = Tracer
            tracer.scope_version = instrumenting_library_version or ""
            tracer.usual = tracer.sampler if _keeps_all(tracer.sampler) else None
        return tracer


def _fits(tracer: Any) -> bool:  # noqa: ANN401 - an SDK's, of a version that is to be seen
    if not _is_known() or not _TRACER <= vars(tracer).keys() or not isinstance(tracer.span_processor, Fence):
        return False
    limits = tracer._span_limits  # noqa: SLF001 - one of those that are known
    if limits.max_span_attributes is not None or limits.max_span_attribute_length is not None:
        return False
    return os.environ.get(_METRICS, "").strip().lower() != "true"


@lru_cache(maxsize=1)
def _is_known() -> bool:
    """Tell whether the spans of the installed SDK have nothing that ours have not."""

    class Sample(sdk.Span):
        """A span that the SDK lets us make."""

    return vars(Sample("", trace.INVALID_SPAN_CONTEXT, resource=Resource.get_empty())).keys() <= _SPAN


def _keeps_all(sampler: Sampler) -> bool:
    inner = sampler.inner if isinstance(sampler, KeepRuns) else sampler
    return inner is ALWAYS_ON or inner is DEFAULT_ON
