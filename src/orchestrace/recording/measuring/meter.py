"""Where our measurements go: to the meter provider in use, or the global one; nowhere as long as there is none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from opentelemetry.context import Context
from opentelemetry.trace import Span, set_span_in_context

from orchestrace.recording import naming
from orchestrace.recording.measuring.instruments import Instruments
from orchestrace.typing import Attributes

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

__all__ = ["Measurement", "is_silent", "measure", "provider", "use"]

Measurement: TypeAlias = "tuple[str, float, Attributes]"
"""The metric's name, the amount, and the attributes."""

_provider: MeterProvider | None = None


def use(provider: MeterProvider | None) -> None:
    """Measure with `provider` from now on; None means the global one, whenever it comes."""
    global _provider  # noqa: PLW0603 - the process has one
    _provider = provider
    _instruments_of.cache_clear()


def is_silent() -> bool:
    """Tell whether nobody would hear of a measurement, because no provider was ever set."""
    return provider() is None


def measure(measurements: Iterable[Measurement], span: Span) -> None:
    """Take measurements of what `span` is about. They are made only where somebody hears of them."""
    listener = provider()
    if listener is None:
        return
    instruments = _instruments_of(listener)
    context = set_span_in_context(span, Context())
    for name, amount, attributes in naming.measurements(measurements):
        instruments.measure(name, amount, attributes, context)


def provider() -> MeterProvider | None:
    """Return whoever hears of measurements; None where nobody does."""
    from opentelemetry import metrics  # noqa: PLC0415 - 4 ms at import, wanted at the first end

    found = metrics.get_meter_provider() if _provider is None else _provider
    # The API's own ones stand for a provider that is not there.
    return None if type(found).__module__.startswith(metrics.__name__) else found


@lru_cache(maxsize=1)
def _instruments_of(provider: MeterProvider) -> Instruments:
    return Instruments(provider)
