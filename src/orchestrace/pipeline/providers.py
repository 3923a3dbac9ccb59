"""
The tracer providers that spans come from: one of ours, or the one that the program has set.

A provider has no way to lose a processor again. So there is one processor for the life of the process, behind each that
was ever joined.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.id_generator import configured_id_generator
from orchestrace.pipeline.latecomer import watch
from orchestrace.pipeline.limits import configured_limits
from orchestrace.pipeline.processor import Processor
from orchestrace.pipeline.provider import Provider
from orchestrace.pipeline.sampler import KeepRuns, configured_sampler, is_always_on
from orchestrace.recording.guard import guarded
from orchestrace.recording.keeper import keep

__all__ = ["catch_up", "is_foreign", "join", "make", "shared", "takes_no_processor"]

_LOG = logging.getLogger("orchestrace")

shared: Final[Processor] = Processor([])
"""The processor of all that is not isolated."""

_joined: Final[list[trace.TracerProvider]] = []
"""Providers that have it."""

_made: Final[list[trace.TracerProvider]] = []
"""Those of them that are ours."""


def join(provider: trace.TracerProvider) -> None:
    """Have the global provider make our spans: one of ours that becomes it, or one that is there and is joined."""
    if isinstance(provider, TracerProvider) and provider in _made:
        if trace.get_tracer_provider() is not provider:
            trace.set_tracer_provider(provider)
            watch(provider, shared)
    elif provider not in _joined:
        provider.add_span_processor(shared)  # type: ignore[attr-defined] # see `takes_no_processor`
        _joined.append(provider)
        sampler: Any = getattr(provider, "sampler", None)
        if not is_always_on(sampler):
            _LOG.warning(
                "orchestrace: the program's tracer provider has a sampler (%s): what it drops is not recorded. "
                "configure(isolated=True) records every run.",
                sampler.get_description(),
            )


@guarded("span around", None)
def catch_up(provider: trace.TracerProvider) -> None:
    """Have the span around be kept, if it is of a provider that was joined: it started before anybody heard of it."""
    span = trace.get_current_span()
    if span.is_recording() and getattr(span, "_span_processor", None) is getattr(provider, "_active_span_processor", 0):
        keep(span, shared)
        shared.again(span)


def make(resource: Resource, processor: Processor) -> TracerProvider:
    """Make a provider of ours, as OpenTelemetry's variables say. Raises ConfigurationError."""
    # It shuts down with us: the SDK's own exit hook costs seconds where nobody answers.
    provider = Provider(
        KeepRuns(configured_sampler()),
        resource,
        shutdown_on_exit=False,
        active_span_processor=Fence(),  # type: ignore[no-untyped-call] # the SDK's
        id_generator=configured_id_generator(),
        span_limits=configured_limits(),
    )
    provider.add_span_processor(processor)
    _made.append(provider)
    return provider


def is_foreign(provider: trace.TracerProvider) -> bool:
    """Tell whether the program has set a provider that is none of ours."""
    return not isinstance(provider, trace.ProxyTracerProvider) and provider not in _made


def takes_no_processor(provider: trace.TracerProvider) -> bool:
    """Tell whether a provider cannot be joined, so that our spans need another one; say so."""
    if not is_foreign(provider) or hasattr(provider, "add_span_processor"):
        return False
    _LOG.warning(
        "orchestrace: the program's tracer provider (%s) takes no span processors. Runs are recorded as with "
        "configure(isolated=True): it sees nothing of ours, and its spans are not in the journal.",
        type(provider).__name__,
    )
    return True
