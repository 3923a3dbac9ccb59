from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import ref

from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from orchestrace import conventions as names
from orchestrace.recording.measuring import meter

if TYPE_CHECKING:
    from tests.recording.conftest import Measured

SPAN = NonRecordingSpan(SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)))

LATER = """
from opentelemetry import metrics
from orchestrace.recording.measuring import meter
before = meter.is_silent()
from opentelemetry.sdk.metrics import MeterProvider
metrics.set_meter_provider(MeterProvider(shutdown_on_exit=False))
print(before, meter.is_silent())
"""


def never() -> Iterator[meter.Measurement]:
    """Fail if anybody asks what was measured."""
    msg = "nobody hears of it"
    raise AssertionError(msg)
    yield


class TestSilence:
    def test_where_nobody_hears_nothing_is_made(self) -> None:
        """Without a provider no measurement is even thought of."""
        meter.measure(never(), SPAN)

        assert meter.is_silent()

    def test_a_provider_that_does_nothing_is_none(self) -> None:
        """It is how what is measured is kept from everybody."""
        meter.use(NoOpMeterProvider())
        try:
            meter.measure(never(), SPAN)
            assert meter.is_silent()
        finally:
            meter.use(None)

    def test_the_global_one_is_heard_whenever_it_comes(self) -> None:
        """A program may set its provider after the first calls."""
        done = subprocess.run([sys.executable, "-c", LATER], capture_output=True, text=True, check=True)  # noqa: S603

        assert "True False\n" == done.stdout


class TestMeasure:
    def test_a_sampled_span_is_the_exemplar(self, measured: Measured) -> None:
        """From a slow bucket one gets to a trace that fell into it."""
        meter.measure([(names.INFERENCE_DURATION, 0.5, {"a": "b"})], SPAN)

        [point] = measured.points(names.INFERENCE_DURATION)
        assert [(7, 8)] == [(one.trace_id, one.span_id) for one in point.exemplars]

    def test_the_scope_is_ours(self, measured: Measured) -> None:
        """So they can be told from those of other instrumentations."""
        meter.measure([(names.INFERENCE_DURATION, 0.5, {})], SPAN)

        data = measured.reader.get_metrics_data()
        assert data is not None
        [scoped] = data.resource_metrics[0].scope_metrics
        assert ("orchestrace", names.SCHEMA_URL) == (scoped.scope.name, scoped.schema_url)


class TestPatience:
    def test_a_patient_provider_hears_when_it_says_so(self, measured: Measured) -> None:
        """Of the span that was measured, too; the others hear at once."""
        meter.be_patient(measured.provider)
        meter.measure([(names.INFERENCE_DURATION, 0.5, {"a": "b"})], SPAN)
        before = measured.reader.get_metrics_data()
        meter.settle()

        [point] = measured.points(names.INFERENCE_DURATION)
        assert before is None
        assert (1, [(7, 8)]) == (point.count, [(one.trace_id, one.span_id) for one in point.exemplars])

    def test_what_waits_holds_no_span(self, measured: Measured) -> None:
        """It may hold a whole conversation."""
        meter.be_patient(measured.provider)
        span = NonRecordingSpan(SPAN.get_span_context())
        meter.measure([(names.INFERENCE_DURATION, 0.5, {})], span)
        gone = ref(span)
        del span

        assert gone() is None
        meter.settle()

    def test_what_is_measured_is_what_was_true_then(self, measured: Measured) -> None:
        """Whoever measures may go on with what it measured."""
        taken = [(names.INFERENCE_USAGE_INPUT, 2, {"a": "b"})]
        meter.be_patient(measured.provider)
        meter.measure(taken, SPAN)
        taken.clear()
        meter.settle()

        assert [2] == [point.value for point in measured.points(names.INFERENCE_USAGE_INPUT)]
