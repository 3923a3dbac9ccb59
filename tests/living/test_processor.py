"""A span processor of another product beside ours, as Sentry's SDK and others have one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

AGENT = "invoke_agent A"
SENTRY = """
import sys
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

class Sentry(SpanProcessor):
    # Keeps spans by id from start to end, adds a mark of its own, and makes one event of each root.
    def __init__(self):
        self.open, self.events = {}, []
    def on_start(self, span, parent_context=None):
        self.open[span.context.span_id] = span
        span.set_attribute("sentry.op", "default")
    def on_end(self, span):
        del self.open[span.context.span_id]
        if span.parent is None:
            self.events.append([span.name, span.attributes.get("output.value")])

class Raising(SpanProcessor):
    def on_start(self, span, parent_context=None):
        raise RuntimeError("start")
    def on_end(self, span):
        raise RuntimeError("end")

def add(*processors):
    for processor in processors:
        trace.get_tracer_provider().add_span_processor(processor)
"""


RECORDED = "every run is in the journal"
EXPORTED = "its exporters and processors get every span"
SAID = "one line in the log says what is left out"


def living(row: str, *columns: str) -> Callable[[Any], Any]:
    """Mark facts of the table."""

    def mark(test: Any) -> Any:
        for column in columns:
            test = pytest.mark.compatibility(table="living", row=row, column=column)(test)
        return test

    return mark


class TestBeside:
    @living("has another span processor, as Sentry has, before or after ours", RECORDED, EXPORTED)
    @pytest.mark.parametrize("order", ["before", "after", "ours"])
    def test_each_sees_every_span(self, run: Callable[..., Any], order: str) -> None:
        """On the program's provider or on ours; what it marks before us is recorded too."""
        steps = {
            "before": "trace.set_tracer_provider(TracerProvider()); add(sentry); orchestrace.configure()",
            "after": "trace.set_tracer_provider(TracerProvider()); orchestrace.configure(); add(sentry)",
            "ours": "orchestrace.configure(); add(sentry)",
        }
        done = run(
            f'{SENTRY}sentry = Sentry(); {steps[order]}; craft("x"); outside()\n'
            "say(events=sentry.events, open=len(sentry.open))"
        )

        assert {"events": [[AGENT, "x"], ["outside", None]], "open": 0} == done.said
        assert (["inner", AGENT, "outside"], "") == (done.recorded, done.log)
        assert [True] * 3 == [span.attributes["sentry.op"] == "default" for span in done.spans]

    @living("has a span processor that raises, provider is ours", RECORDED, EXPORTED)
    def test_one_that_raises_costs_nothing_on_ours(self, run: Callable[..., Any]) -> None:
        """The program, the journal and the processors after it go on; one line says whose fault it is."""
        done = run(
            f'{SENTRY}sentry = Sentry(); orchestrace.configure(); add(Raising(), sentry); result = craft("x")\n'
            "say(result=result, events=sentry.events)"
        )

        assert {"result": "x", "events": [[AGENT, "x"]]} == done.said
        assert ["inner", AGENT] == done.recorded
        assert ["returned"] == [
            span.attributes["orchestrace.ending"] for span in done.spans if "orchestrace.ending" in span.attributes
        ]
        assert 1 == done.log.count("orchestrace: span processor Raising failed")

    @living("has a span processor that raises, provider is its own", SAID)
    def test_one_that_raises_elsewhere_is_not_ours_to_stop(self, run: Callable[..., Any]) -> None:
        """Decorated code runs as if nothing had happened."""
        done = run(
            f"{SENTRY}trace.set_tracer_provider(TracerProvider()); add(Raising()); orchestrace.configure()\n"
            '@orchestrace.tool\ndef send(x): return x\nsay(result=send("x"))'
        )

        assert {"result": "x"} == done.said
        assert "RuntimeError: start" in done.log
