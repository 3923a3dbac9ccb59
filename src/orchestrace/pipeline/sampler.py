"""
Which spans are exported: as OpenTelemetry's variables say. What a run says of itself is recorded all the same.

    OTEL_TRACES_SAMPLER       always_on, always_off, traceidratio, each also as parentbased_…, or the entry point of a
                              sampler, in the group `opentelemetry_traces_sampler`; parentbased_always_on if unset
    OTEL_TRACES_SAMPLER_ARG   the ratio, from 0 to 1 (the default); a sampler of another package gets it as it is
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    Decision,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from orchestrace.conventions import OUTCOME_NAME, SCHEMA
from orchestrace.exceptions import ConfigurationError
from orchestrace.recording import lineage

__all__ = ["KeepRuns", "configured_sampler", "is_always_on"]

_VARIABLE: Final = "OTEL_TRACES_SAMPLER"
_ARGUMENT: Final = "OTEL_TRACES_SAMPLER_ARG"
_GROUP: Final = "opentelemetry_traces_sampler"
_FIXED: Final[dict[str, Sampler]] = {
    "always_off": ALWAYS_OFF,
    "always_on": ALWAYS_ON,
    "parentbased_always_off": DEFAULT_OFF,
    "parentbased_always_on": DEFAULT_ON,
}
_OFF: Final[tuple[Sampler, ...]] = (ALWAYS_OFF, DEFAULT_OFF)
_NEVER: Final = frozenset({one.get_description() for one in _OFF})
_BY_RATIO: Final[dict[str, Callable[[float], Sampler]]] = {
    "parentbased_traceidratio": ParentBasedTraceIdRatio,
    "traceidratio": TraceIdRatioBased,
}


class KeepRuns(Sampler):
    """
    Decide as `inner` does, but record the spans of runs that it would drop: the journal has them, no exporter does.

    Our own spans are told by the schema that each carries, those of other libraries by the run around them.
    """

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner

    def should_sample(  # noqa: PLR0913, PLR0917 - the SDK's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Return what `inner` says, with RECORD_ONLY in the place of DROP for the spans of runs."""
        said = self.inner.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)
        if said.decision is not Decision.DROP:
            return said
        if SCHEMA not in (attributes or ()) and lineage.call(lineage.current(parent_context)) is None:
            return said
        if OUTCOME_NAME in (attributes or ()) and self._keeps_alone(parent_context):
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, said.trace_state)
        # A sampler that drops a span leaves its attributes out.
        return SamplingResult(Decision.RECORD_ONLY, attributes, said.trace_state)

    def _keeps_alone(self, parent_context: Context | None) -> bool:
        """
        Tell whether an outcome that stands alone is sent: unless nothing is.

        Which run it belongs to is found later, by its key: left to chance, it would be missing from runs that were
        sent.
        """
        alone = not get_current_span(parent_context).get_span_context().is_valid
        return alone and self.inner.get_description() not in _NEVER

    def get_description(self) -> str:
        """Return what `inner` is, and that runs are kept."""
        return f"KeepRuns{{{self.inner.get_description()}}}"


def configured_sampler() -> Sampler:
    """Return the sampler that OpenTelemetry's variables name. Raises ConfigurationError."""
    name = os.environ.get(_VARIABLE, "").strip() or "parentbased_always_on"
    if (fixed := _FIXED.get(name.lower())) is not None:
        return fixed
    if (by_ratio := _BY_RATIO.get(name.lower())) is not None:
        return by_ratio(_ratio())
    found = next(iter(metadata.entry_points(group=_GROUP, name=name)), None)
    if found is None:
        known = ", ".join(sorted([*_FIXED, *_BY_RATIO]))
        msg = f"{_VARIABLE}={name!r} is no sampler that is installed: write one of {known}, or install its package."
        raise ConfigurationError(msg)
    try:
        sampler: Sampler = found.load()(os.environ.get(_ARGUMENT))
    except Exception as error:
        msg = f"{_VARIABLE}={name!r} cannot be made of {_ARGUMENT}={os.environ.get(_ARGUMENT)!r}: {error}."
        raise ConfigurationError(msg) from error
    return sampler


def is_always_on(sampler: object) -> bool:
    """Tell whether a provider's sampler keeps every trace that begins here."""
    try:
        said: str = sampler.get_description()  # type: ignore[attr-defined] # caught below
    except Exception:  # noqa: BLE001 - a stranger's sampler, or none
        return True
    return said == ALWAYS_ON.get_description() or said.startswith("ParentBased{root:AlwaysOnSampler")


def _ratio() -> float:
    said = os.environ.get(_ARGUMENT, "").strip()
    try:
        ratio = float(said or 1.0)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        msg = f"{_ARGUMENT}={said!r} is no ratio: write a number from 0 to 1, such as 0.1."
        raise ConfigurationError(msg)
    return ratio
