"""A sampler that drops: what is exported is its business, what is recorded is ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrace.testing import OtlpReceiver

AGENT = "invoke_agent A"


RECORDED = "every run is in the journal"


def living(row: str, *columns: str) -> Callable[[Any], Any]:
    """Mark facts of the table."""

    def mark(test: Any) -> Any:
        for column in columns:
            test = pytest.mark.compatibility(table="living", row=row, column=column)(test)
        return test

    return mark


class TestSampler:
    @living("sets `OTEL_TRACES_SAMPLER`, provider is ours", RECORDED)
    def test_a_dropped_run_is_recorded_and_not_sent(self, run: Callable[..., Any]) -> None:
        """Below a parent that was dropped as well; other libraries' spans are kept inside of the run alone."""
        with OtlpReceiver() as receiver:
            done = run(
                """
orchestrace.configure()
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
_, exporter = theirs()
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
craft("x"); outside()
with trace.get_tracer("web").start_as_current_span("GET /"):
    craft("y")
say(names=names(exporter), flushed=bool(orchestrace.flush()))
""",
                {
                    "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
                    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                    "OTEL_TRACES_SAMPLER_ARG": "0",
                },
            )

        assert ({"names": [], "flushed": True}, []) == (done.said, receiver.spans)
        assert ["inner", "inner", AGENT, AGENT] == done.recorded
        assert [False] * 4 == [span.sampled for span in done.spans]
        assert "" == done.log
