"""
Spans that other libraries make through OpenTelemetry's global provider, brought to the capture that wants them.

The global provider can be set once in a process. So what we set is a switch that stays, and behind it stands the
provider of the innermost capture, or nothing. A provider that the program has set itself is left where it is; our
processor on it passes its spans on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.util._decorator import _agnosticcontextmanager

from orchestrace.exceptions import ConfigurationError

__all__ = ["Relay", "Switch", "as_global"]


class Switch(trace.TracerProvider):
    """Make each span with the innermost of the providers `behind`, none being there: no span."""

    def __init__(self) -> None:
        self.behind: list[trace.TracerProvider] = []

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:  # noqa: ANN401 - passed on as they come
        """Return a tracer that looks behind the switch for every span."""
        return _SwitchedTracer(self, args, kwargs)


class _SwitchedTracer(trace.Tracer):
    def __init__(self, switch: Switch, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._switch = switch
        self._args = args
        self._kwargs = kwargs

    def _tracer(self) -> trace.Tracer:
        if not self._switch.behind:
            return trace.NoOpTracer()
        return self._switch.behind[-1].get_tracer(*self._args, **self._kwargs)

    def start_span(self, *args: Any, **kwargs: Any) -> trace.Span:  # noqa: ANN401 - passed on as they come
        return self._tracer().start_span(*args, **kwargs)

    @_agnosticcontextmanager  # as the API's own proxy has it: it decorates functions of either colour
    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Iterator[trace.Span]:  # noqa: ANN401 - passed on
        with self._tracer().start_as_current_span(*args, **kwargs) as span:
            yield span


class Relay(SpanProcessor):
    """Pass the spans of a provider on to the innermost of the processors `behind`."""

    def __init__(self) -> None:
        self.behind: list[SpanProcessor] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Pass on a span that has just started."""
        if self.behind:
            self.behind[-1].on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Pass on a span that has ended."""
        if self.behind:
            self.behind[-1].on_end(span)


T = TypeVar("T")

_switch: Final = Switch()
_relays: Final[WeakKeyDictionary[TracerProvider, Relay]] = WeakKeyDictionary()


@contextmanager
def as_global(provider: TracerProvider, processor: SpanProcessor) -> Iterator[trace.TracerProvider]:
    """
    Bring the spans of the global provider to `processor`, inside the block; yields the provider that makes them.

    That is `provider`, unless the program has set a global one of its own. Raises ConfigurationError if that one takes
    no span processors.
    """
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(_switch)
    present = trace.get_tracer_provider()
    if present is _switch:
        with _standing(provider, _switch.behind):
            yield provider
    elif isinstance(present, TracerProvider):
        with _standing(processor, _relay_on(present).behind):
            yield present
    else:
        msg = (
            f"capture(as_global=True): the global tracer provider is a {type(present).__name__}, which takes no span "
            "processors. Leave it unset in tests, or set one of OpenTelemetry's SDK."
        )
        raise ConfigurationError(msg)


@contextmanager
def _standing(one: T, row: list[T]) -> Iterator[None]:
    row.append(one)
    try:
        yield
    finally:
        row.remove(one)


def _relay_on(present: TracerProvider) -> Relay:
    if present not in _relays:
        _relays[present] = Relay()
        present.add_span_processor(_relays[present])
    return _relays[present]
