"""Where our measurements go: to the meter provider in use, or the global one; nowhere as long as there is none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from weakref import WeakSet

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, set_span_in_context

from orchestrace.recording import naming
from orchestrace.recording.measuring.instruments import Instruments
from orchestrace.recording.measuring.postponed import Postponed
from orchestrace.recording.set_provider import SetProvider
from orchestrace.typing import Attributes

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

__all__ = ["Measurement", "be_patient", "is_silent", "measure", "provider", "settle", "use"]

Measurement: TypeAlias = "tuple[str, float, Attributes]"
"""The metric's name, the amount, and the attributes."""

_set_provider: Final = SetProvider("opentelemetry.metrics", "get_meter_provider", "METER")
_provider: MeterProvider | None = None


def use(provider: MeterProvider | None) -> None:
    """Measure with `provider` from now on; None means the global one, whenever it comes."""
    global _provider  # noqa: PLW0603 - the process has one
    _provider = provider
    _instruments_of.cache_clear()


def is_silent() -> bool:
    """Tell whether nobody would hear of a measurement, because no provider was ever set."""
    return (_set_provider() if _provider is None else provider()) is None


def measure(measurements: Iterable[Measurement], span: Span) -> None:
    """Take measurements of what `span` is about. They are made only where somebody hears of them."""
    listener = provider()
    if listener is None:
        return
    measured = _Measured(listener, [*naming.measurements(measurements)], span.get_span_context())
    if listener in _patient:
        _postponed.add(measured)
    else:
        _make(measured)


def be_patient(provider: MeterProvider) -> None:
    """Let measurements for a provider wait from now on: it calls `settle` before it collects them."""
    _patient.add(provider)


def settle() -> None:
    """Have a patient provider hear of what waits."""
    _postponed.settle()


def provider() -> MeterProvider | None:
    """Return whoever hears of measurements; None where nobody does."""
    if _provider is None:
        return _set_provider()  # type: ignore[no-any-return] # one of meters
    return None if _set_provider.stands_in(_provider) else _provider


class _Measured(NamedTuple):
    """What was measured of one span. Of that only its ids are kept, which exemplars need: it may hold long texts."""

    listener: MeterProvider
    measurements: list[Measurement]
    span: SpanContext


def _make(measured: _Measured) -> None:
    instruments = _instruments_of(measured.listener)
    context = set_span_in_context(NonRecordingSpan(measured.span), Context())
    for name, amount, attributes in measured.measurements:
        instruments.measure(name, amount, attributes, context)


@lru_cache(maxsize=1)
def _instruments_of(provider: MeterProvider) -> Instruments:
    return Instruments(provider)


_patient: Final[WeakSet[MeterProvider]] = WeakSet()
_postponed: Final = Postponed(_make)
