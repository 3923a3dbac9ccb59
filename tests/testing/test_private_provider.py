from __future__ import annotations

import pytest

from orchestrace.pipeline.processor import Processor
from orchestrace.records import SpanRecord
from orchestrace.testing import IncrementalIds, Memory
from orchestrace.testing.private_provider import private_provider


def recorded(attributes: int = 1, events: int = 0) -> SpanRecord:
    """Return a span with so many attributes and events, each with text of 10,000 characters."""
    memory = Memory()
    span = private_provider(Processor([memory])).get_tracer("test").start_span("a")
    span.set_attributes({f"key {number}": "x" * 10_000 for number in range(attributes)})
    for number in range(events):
        span.add_event(f"event {number}", {"key": "x" * 10_000})
    span.end()
    return memory.spans[0]


class TestIncrementalIds:
    def test_count_from_one(self) -> None:
        """Traces and spans are numbered apart."""
        ids = IncrementalIds()

        assert [1, 2, 1, 3] == [
            ids.generate_span_id(),
            ids.generate_span_id(),
            ids.generate_trace_id(),
            ids.generate_span_id(),
        ]


class TestPrivateProvider:
    def test_spans_are_numbered(self) -> None:
        """The first span of a provider has the first ids."""
        span = recorded()

        assert (f"{1:032x}", f"{1:016x}") == (span.trace_id, span.span_id)

    def test_nothing_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the environment allows elsewhere does not make a test fail here."""
        for name in ("ATTRIBUTE_COUNT", "ATTRIBUTE_VALUE_LENGTH", "EVENT_COUNT"):
            monkeypatch.setenv(f"OTEL_SPAN_{name}_LIMIT", "1")
            monkeypatch.setenv(f"OTEL_{name}_LIMIT", "1")
        span = recorded(attributes=300, events=300)

        assert (300, {10_000}) == (len(span.attributes), {len(str(value)) for value in span.attributes.values()})
        assert (300, {10_000}) == (len(span.events), {len(str(event.attributes["key"])) for event in span.events})

    def test_everything_is_sampled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A sampler in the environment is not asked."""
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")

        assert recorded().sampled
