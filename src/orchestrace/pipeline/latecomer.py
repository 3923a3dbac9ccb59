"""
A program that sets its tracer provider after ours has become the global one.

OpenTelemetry keeps the first, and says so in the log. But the program's exporters hang on the second, and would never
see a span. So both get everything: the newcomer's processors see the spans that ours makes, and what is made with the
newcomer itself is recorded, too.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from orchestrace.recording.guard import guarded
from orchestrace.recording.tracer import version

__all__ = ["DISTRIBUTION", "watch"]

DISTRIBUTION: Final = {"telemetry.distro.name": "orchestrace", "telemetry.distro.version": version()}
"""What the resource of every provider of ours says."""

_LOG = logging.getLogger("orchestrace")

_SETTERS: Final = ("_set_tracer_provider", "set_tracer_provider")
"""Who sets the global provider: the one inside, which serves names imported before as well; else the public one."""


class _Others(SpanProcessor):
    """Pass on to `inner` what is made with another provider than ours, whose spans it gets already."""

    def __init__(self, inner: SpanProcessor) -> None:
        self._inner = inner

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if not _is_ours(span):
            self._inner.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if not _is_ours(span):
            self._inner.on_end(span)


def _is_ours(span: ReadableSpan) -> bool:
    # A span does not name its provider, and in a forked child a provider's resource is another object.
    return DISTRIBUTION.items() <= span.resource.attributes.items()


def watch(own: TracerProvider, processor: SpanProcessor) -> None:
    """
    Look out for a provider that is set after `own`, whose spans go to `processor`.

    OpenTelemetry has no event for it, so what refuses the newcomer is wrapped; it says its own word as before.
    """
    name = next(name for name in _SETTERS if hasattr(trace, name))
    refuse: Callable[..., None] = getattr(trace, name)

    @functools.wraps(refuse)
    def set_tracer_provider(tracer_provider: trace.TracerProvider, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        refuse(tracer_provider, *args, **kwargs)
        if tracer_provider is not own and trace.get_tracer_provider() is own:
            _share(own, processor, tracer_provider)

    setattr(trace, name, set_tracer_provider)


@guarded("a second tracer provider", None)
def _share(own: TracerProvider, processor: SpanProcessor, newcomer: Any) -> None:  # noqa: ANN401 - anybody's provider
    # The one place where the SDK has them. Whatever is added to the newcomer later is behind it, too.
    theirs = getattr(newcomer, "_active_span_processor", None)
    if not isinstance(theirs, SpanProcessor):
        _LOG.warning(
            "orchestrace: a %s was set after configure(): it gets no spans. Set it before, and it is joined.",
            type(newcomer).__name__,
        )
        return
    if getattr(theirs, "_orchestrace_shared", False):
        return
    theirs._orchestrace_shared = True  # type: ignore[attr-defined] # noqa: SLF001 - a mark of ours
    own.add_span_processor(theirs)
    newcomer.add_span_processor(_Others(processor))
    _LOG.warning(
        "orchestrace: a tracer provider was set after configure(). Its span processors get every span, with the "
        "resource and the sampler of the first. Set it before configure() to have its own."
    )
