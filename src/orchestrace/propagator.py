"""Whose run a request belongs to, read where OpenTelemetry reads whose trace it does: before anything else is done."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)

from orchestrace.recording.carrier import FIELDS, RUN, read
from orchestrace.recording.guard import guarded

__all__ = ["RunPropagator"]


class RunPropagator(TextMapPropagator):
    """
    Read what `inject` has written into a request. It is called `orchestrace` in OTEL_PROPAGATORS.

    A server's own span, which begins before any middleware of the program, so has session, user, tenant, tags and
    variants, too. It writes nothing: what is written by propagators goes to everybody, providers of models among them.
    """

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """Return `context` with the run that the carrier names, if it names one. Never raises."""
        around = Context() if context is None else context
        found = _fields(carrier, getter)
        return read(found, around) if RUN in found else around

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """Write nothing."""

    @property
    def fields(self) -> set[str]:
        """The fields that `inject` writes: none."""
        return set()


@guarded("reading a request", dict[str, str]())
def _fields(carrier: Any, getter: Getter[Any]) -> dict[str, str]:  # noqa: ANN401 - the getter knows
    said = ((field, getter.get(carrier, field)) for field in FIELDS)
    return {field: values[0] for field, values in said if values}
