from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
)
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.util.types import Attributes

from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.processor import Processor
from orchestrace.pipeline.provider import Provider
from orchestrace.pipeline.sampler import KeepRuns
from orchestrace.pipeline.span import OwnSpan
from orchestrace.recording.tracer import SCOPE
from orchestrace.testing import IncrementalIds, Memory

STATE = TraceState([("vendor", "x")])


class Marking(Sampler):
    """Decide always alike, and mark the span."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision

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
        """Decide."""
        return SamplingResult(self._decision, {**(attributes or {}), "marked": trace_id}, STATE)

    def get_description(self) -> str:
        """Say what it is."""
        return "Marking"


class Odd(IncrementalIds):
    """Make ids that are too large, or none."""

    def generate_span_id(self) -> int:
        """Return what is no id."""
        return [0, 2**64][super().generate_span_id() % 2]


SAMPLERS: dict[str, Sampler] = {
    "always on": ALWAYS_ON,
    "as the parent": DEFAULT_ON,
    "runs are kept": KeepRuns(DEFAULT_ON),
    "always off": ALWAYS_OFF,
    "off, but runs are kept": KeepRuns(ALWAYS_OFF),
    "off where the parent is": ParentBased(ALWAYS_ON),
    **{f"marking, {one.name}": Marking(one) for one in Decision},
}
PARENTS: dict[str, SpanContext | None] = {
    "none": None,
    "sampled": SpanContext(5, 6, is_remote=True, trace_flags=TraceFlags(1), trace_state=STATE),
    "not sampled": SpanContext(5, 6, is_remote=False, trace_flags=TraceFlags(0)),
    "with other flags": SpanContext(5, 6, is_remote=False, trace_flags=TraceFlags(7)),
    "invalid": SpanContext(0, 6, is_remote=False, trace_flags=TraceFlags(1)),
}


def both(sampler: Sampler, ids: type[IncrementalIds], memory: Memory) -> list[Any]:
    """Return the tracers of our scope of a provider of ours, and of one of the SDK's, that are alike."""
    tracers = []
    for provider in (Provider, sdk.TracerProvider):
        made = provider(
            sampler,
            shutdown_on_exit=False,
            active_span_processor=Fence(),
            id_generator=ids(),
            span_limits=sdk.SpanLimits(max_span_attributes=sdk.SpanLimits.UNSET),
        )
        made.add_span_processor(Processor([memory]))
        tracers.append(made.get_tracer(SCOPE, "1"))
    return tracers


def under(parent: SpanContext | None) -> Context:
    """Return a context in which a parent is current."""
    return Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context())


class TestTracer:
    @pytest.mark.parametrize("ids", [IncrementalIds, Odd])
    @pytest.mark.parametrize("parent", PARENTS)
    @pytest.mark.parametrize("sampler", SAMPLERS)
    @pytest.mark.parametrize("schema", [{}, {"orchestrace.schema": "1"}])
    def test_decides_as_the_sdk(
        self, sampler: str, parent: str, schema: dict[str, str], ids: type[IncrementalIds]
    ) -> None:
        """Ids, flags, state, and whether there is anything to be recorded, whatever the sampler and the parent are."""
        memory, found = Memory(), []
        for tracer in both(SAMPLERS[sampler], ids, memory):
            span = tracer.start_span("one", under(PARENTS[parent]), attributes=schema, start_time=1)
            span.end(2)
            found.append((span.get_span_context(), tuple(span.get_span_context()), span.is_recording()))
        ours, theirs = found
        kept = memory.spans

        assert theirs == ours
        assert kept[: len(kept) // 2] == kept[len(kept) // 2 :]

    def test_one_inside_of_another_is_in_its_trace(self) -> None:
        """What it has of the other it says in the same words."""
        memory = Memory()
        for tracer in both(KeepRuns(DEFAULT_ON), IncrementalIds, memory):
            outer = tracer.start_span("outer", Context(), start_time=1)
            tracer.start_span("inner", set_span_in_context(outer, Context()), start_time=1).end(2)
        ours, theirs = memory.spans

        assert (theirs, f"{1:032x}", f"{1:016x}") == (ours, ours.trace_id, ours.parent_id)

    def test_links_are_left_to_the_sdk(self) -> None:
        """So is what hardly anybody asks for."""
        tracer, _ = both(ALWAYS_ON, IncrementalIds, Memory())
        span: Any = tracer.start_span("one", Context(), links=[Link(SpanContext(5, 6, is_remote=True))])

        assert (False, 1) == (isinstance(span, OwnSpan), len(span.links))

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("attributes", [{"b": object()}, {"b": [1, object()]}])
    def test_what_is_no_attribute_is_left_out(self, attributes: Any) -> None:
        """As the SDK leaves it out."""
        memory = Memory()
        for tracer in both(ALWAYS_ON, IncrementalIds, memory):
            tracer.start_span("one", Context(), attributes=attributes, start_time=1).end(2)
        ours, theirs = memory.spans

        assert theirs == ours

    def test_makes_blocks(self) -> None:
        """A span that is current is the parent of the next."""
        memory = Memory()
        tracer, _ = both(ALWAYS_ON, IncrementalIds, memory)
        with tracer.start_as_current_span("outer", Context()) as outer, tracer.start_as_current_span("inner") as inner:
            assert inner.parent == outer.get_span_context()

        assert ["inner", "outer"] == [record.name for record in memory.spans]
