from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk import _logs as sdk_logs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from orchestrace.export.relay import LogRelay, MetricRelay
from orchestrace.recording import guard
from orchestrace.records import LogRecord, MetricsRecord
from orchestrace.testing.otlp_decoding import decode_metrics

OURS = Resource({"service.name": "ours"})
FIRST = Resource({"service.name": "first"})
PREFERENCE = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
AGGREGATION = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"


@dataclass
class Kept:
    """A sink that keeps what comes."""

    logs: list[LogRecord] = field(default_factory=list)
    metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)
    full: bool = False

    def logged(self, record: LogRecord) -> None:
        self._check()
        self.logs.append(record)

    def measured(self, record: MetricsRecord) -> None:
        self._check()
        self.metrics.append(ExportMetricsServiceRequest.FromString(record.data))

    def _check(self) -> None:
        if self.full:
            msg = "full"
            raise OSError(msg)

    @property
    def values(self) -> list[float]:
        """Return the value of every point that came."""
        return [point.value for message in self.metrics for point in decode_metrics(message)]


@pytest.fixture(autouse=True)
def said_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every fault be said: another test may have been here a moment ago."""
    monkeypatch.setattr(guard, "_last_said", {})


@pytest.fixture
def sink() -> Kept:
    """Return where records come to."""
    return Kept()


class Metered:
    """A provider of metrics with a relay behind it that has no sink yet."""

    def __init__(self) -> None:
        self.relay = MetricRelay()
        reader = PeriodicExportingMetricReader(self.relay, export_interval_millis=float("inf"))
        self.provider = MeterProvider([reader], FIRST, shutdown_on_exit=False)
        self.meter = self.provider.get_meter("m")
        self.counter = self.meter.create_counter("c")


@pytest.fixture
def metered() -> Iterator[Metered]:
    """Measure."""
    metered = Metered()
    yield metered
    metered.provider.shutdown()


class TestMetricRelay:
    def test_passes_on_with_the_resource_of_its_user(self, metered: Metered, sink: Kept) -> None:
        """The provider lives longer than a configuration, and so does its own resource."""
        metered.relay.use(sink, OURS)
        metered.counter.add(3, {"a": "b"})
        metered.provider.force_flush()
        [message] = sink.metrics
        [sent] = message.resource_metrics
        [point] = decode_metrics(message)

        assert ["ours"] == [pair.value.string_value for pair in sent.resource.attributes]
        assert ("c", 3, {"a": "b"}, "m") == (point.metric, point.value, point.attributes, point.scope)

    def test_without_a_resource_the_provider_s_own_goes_along(self, metered: Metered, sink: Kept) -> None:
        """Then there is no better one."""
        metered.relay.use(sink)
        metered.counter.add(3)
        metered.provider.force_flush()

        [sent] = sink.metrics[0].resource_metrics
        assert ["first"] == [pair.value.string_value for pair in sent.resource.attributes]

    def test_without_a_sink_nothing_is_passed_on(self, metered: Metered, sink: Kept) -> None:
        """What comes before `use()`, and after its end, goes nowhere; the provider is none the wiser."""
        metered.counter.add(1)
        before = metered.provider.force_flush()
        metered.relay.use(sink)
        metered.relay.use(None)
        after = metered.provider.force_flush()
        metered.relay.use(sink)
        metered.relay.shutdown()

        assert ([], True, True) == (sink.metrics, before, after)
        assert metered.relay._sink is None

    def test_sums_are_told_again_as_long_as_the_process_goes_on(self, metered: Metered, sink: Kept) -> None:
        """Receivers take a counter that falls silent for one that is gone."""
        metered.relay.use(sink)
        metered.counter.add(3)
        metered.provider.force_flush()
        metered.provider.force_flush()

        assert [3, 3] == sink.values

    def test_when_it_leaves_nothing_is_told_twice(self, metered: Metered, sink: Kept) -> None:
        """What has not changed since is not passed on again; what has is."""
        metered.relay.use(sink)
        metered.counter.add(3)
        metered.provider.force_flush()
        metered.relay.repeats = False
        metered.provider.force_flush()
        metered.counter.add(1)
        metered.provider.force_flush()

        assert [3, 4] == sink.values

    def test_a_histogram_counts_too(self, metered: Metered, sink: Kept) -> None:
        """It has changed when another value came, though its sum did not."""
        metered.relay.use(sink)
        histogram = metered.meter.create_histogram("h")
        histogram.record(3)
        metered.provider.force_flush()
        metered.relay.repeats = False
        metered.provider.force_flush()
        histogram.record(0)
        metered.provider.force_flush()

        assert [3, 3] == sink.values

    def test_who_comes_next_is_told_everything(self, metered: Metered, sink: Kept) -> None:
        """What the one before had been told, and that it left, is forgotten."""
        other = Kept()
        metered.relay.use(sink)
        metered.counter.add(3)
        metered.provider.force_flush()
        metered.relay.repeats = False
        metered.relay.use(other)
        metered.provider.force_flush()
        metered.provider.force_flush()

        assert [3, 3] == other.values

    def test_deltas_are_always_new(self, sink: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
        """By OpenTelemetry's variable; one that says the same as the last is another one, when it leaves too."""
        monkeypatch.setenv(PREFERENCE, "delta")
        metered = Metered()
        metered.relay.use(sink)
        metered.counter.add(3)
        metered.provider.force_flush()
        metered.relay.repeats = False
        metered.counter.add(3)
        metered.provider.force_flush()
        metered.provider.force_flush()
        metered.provider.shutdown()

        assert [3, 3] == sink.values

    @pytest.mark.parametrize(("said", "temporality"), [("", 2), ("cumulative", 2), ("DELTA", 1), ("lowmemory", 1)])
    def test_temporality_is_by_variable(
        self, sink: Kept, monkeypatch: pytest.MonkeyPatch, said: str, temporality: int
    ) -> None:
        """As of the stock exporters: sums are cumulative unless somebody wants deltas."""
        monkeypatch.setenv(PREFERENCE, said)
        metered = Metered()
        metered.relay.use(sink)
        metered.counter.add(3)
        metered.provider.force_flush()
        metered.provider.shutdown()
        [metric] = sink.metrics[0].resource_metrics[0].scope_metrics[0].metrics

        assert temporality == metric.sum.aggregation_temporality

    @pytest.mark.parametrize(
        ("said", "data"),
        [("explicit_bucket_histogram", "histogram"), ("base2_exponential_bucket_histogram", "exponential_histogram")],
    )
    def test_histograms_are_by_variable(
        self, sink: Kept, monkeypatch: pytest.MonkeyPatch, said: str, data: str
    ) -> None:
        """As of the stock exporters."""
        monkeypatch.setenv(AGGREGATION, said)
        metered = Metered()
        metered.relay.use(sink)
        metered.meter.create_histogram("h").record(1)
        metered.provider.force_flush()
        metered.provider.shutdown()
        [metric] = sink.metrics[0].resource_metrics[0].scope_metrics[0].metrics

        assert data == metric.WhichOneof("data")

    def test_a_fault_does_not_reach_the_program(
        self, metered: Metered, sink: Kept, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is reported; the reader has nothing to do about it, and the next sums tell all."""
        sink.full = True
        metered.relay.use(sink)
        metered.counter.add(3)
        flushed = metered.provider.force_flush()
        sink.full = False
        metered.provider.force_flush()

        assert (True, [3]) == (flushed, sink.values)
        assert ["orchestrace"] == [line.name for line in caplog.records]
        assert "metrics failed (OSError: full)" in caplog.messages[0]

    def test_a_fault_is_no_telling(self, metered: Metered, sink: Kept) -> None:
        """What could not be passed on is passed on when it leaves."""
        metered.relay.use(sink)
        metered.counter.add(3)
        sink.full = True
        metered.provider.force_flush()
        sink.full, metered.relay.repeats = False, False
        metered.provider.force_flush()

        assert [3] == sink.values

    def test_is_an_exporter(self, metered: Metered) -> None:
        """The SDK's own reader takes it."""
        assert metered.relay.force_flush() is True
        assert MetricExportResult.SUCCESS is metered.relay.export(SimpleNamespace(resource_metrics=[]))  # type: ignore[arg-type]


class Logged:
    """A provider of logs with a relay behind it that has no sink yet."""

    def __init__(self) -> None:
        self.relay = LogRelay()
        self.provider = LoggerProvider(FIRST, shutdown_on_exit=False)
        self.provider.add_log_record_processor(self.relay)  # type: ignore[arg-type]
        self.logger = self.provider.get_logger("library", "2")


@pytest.fixture
def logged(sink: Kept) -> Iterator[Logged]:
    """Emit."""
    logged = Logged()
    logged.relay.use(sink)
    yield logged
    logged.provider.shutdown()  # type: ignore[no-untyped-call]


class TestLogRelay:
    def test_an_event_in_a_span(self, logged: Logged, sink: Kept) -> None:
        """Everything that it says is passed on: its name, times, severity, ids and scope; nested values as they are."""
        context = SpanContext(0xAB, 0xCD, is_remote=False, trace_flags=TraceFlags(1))
        with trace.use_span(NonRecordingSpan(context)):
            logged.logger.emit(
                timestamp=5,
                observed_timestamp=6,
                event_name="gen_ai.x",
                severity_number=SeverityNumber.WARN,
                severity_text="WARN",
                body={"a": [1, {"b": None}]},
                attributes={"plain": 1, "nested": {"list": [1, {"deep": True}]}},
            )
        [record] = sink.logs

        assert (5, 6, "gen_ai.x", 13, "WARN") == (
            record.time,
            record.observed,
            record.event_name,
            record.severity,
            record.severity_text,
        )
        assert (f"{0xAB:032x}", f"{0xCD:016x}", True) == (record.trace_id, record.span_id, record.sampled)
        assert ("library", "2", {"a": [1, {"b": None}]}) == (record.scope, record.scope_version, record.body)
        assert {"plain": 1, "nested": {"list": [1, {"deep": True}]}} == _lists(record.attributes)

    def test_outside_of_a_span(self, logged: Logged, sink: Kept) -> None:
        """There are no ids, and no severity that nobody gave; when it was noticed is known."""
        logged.logger.emit(body="hello")
        [record] = sink.logs

        assert (None, None, 0, "", "hello") == (
            record.trace_id,
            record.span_id,
            record.severity,
            record.event_name,
            record.body,
        )
        assert record.observed > 0

    def test_in_a_span_that_is_not_sampled(self, logged: Logged, sink: Kept) -> None:
        """Its flags say so."""
        context = SpanContext(0xAB, 0xCD, is_remote=False, trace_flags=TraceFlags(0))
        with trace.use_span(NonRecordingSpan(context)):
            logged.logger.emit(body="hello")

        assert [False] == [record.sampled for record in sink.logs]

    def test_without_a_sink_nothing_is_passed_on(self, logged: Logged, sink: Kept) -> None:
        """Nor does it wait for the next one."""
        logged.logger.emit(body="first")
        logged.relay.use(None)
        logged.logger.emit(body="second")
        logged.relay.use(sink)
        logged.relay.shutdown()
        logged.logger.emit(body="third")

        assert ["first"] == [record.body for record in sink.logs]

    def test_a_fault_does_not_reach_the_program(
        self, logged: Logged, sink: Kept, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is reported, once a minute."""
        sink.full = True
        logged.logger.emit(body="first")
        logged.logger.emit(body="second")

        assert 1 == len([line for line in caplog.messages if "log record failed (OSError: full)" in line])

    def test_what_the_program_logs_may_come_too(self, logged: Logged, sink: Kept) -> None:
        """Through a handler that the program has put there: its words, its severity, and what it added."""
        log = logging.getLogger("a.program")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it has moved, and later SDKs say so
            handler: Any = sdk_logs.LoggingHandler(logger_provider=logged.provider)
        log.addHandler(handler)
        try:
            log.warning("%s is late", "Ada", extra={"job": 7})
        finally:
            log.removeHandler(handler)
        [record] = sink.logs

        assert ("Ada is late", 13, 7) == (record.body, record.severity, record.attributes["job"])

    def test_as_older_sdks_call_it(self, logged: Logged, sink: Kept) -> None:
        """Before 1.35 the method was called `emit`, and records had no event name."""
        old = SimpleNamespace(
            timestamp=5,
            observed_timestamp=None,
            body="b",
            attributes=None,
            trace_id=0,
            span_id=0,
            trace_flags=None,
            severity_number=None,
            severity_text=None,
        )
        logged.relay.emit(SimpleNamespace(log_record=old, instrumentation_scope=None))
        [record] = sink.logs

        assert (5, "b", "", "", None) == (record.time, record.body, record.event_name, record.scope, record.trace_id)
        assert logged.relay.force_flush() is True


def _lists(value: Any) -> Any:
    """Return a value with its sequences as lists: the SDK keeps some as tuples."""
    if isinstance(value, dict) or hasattr(value, "items"):
        return {name: _lists(each) for name, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, (list, tuple)) else value
