from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.resources import Resource

from orchestrace.export.relay import LogRelay, MetricRelay

STOCK = logging.getLogger("opentelemetry.exporter.otlp.proto.http.metric_exporter")
OURS = Resource({"service.name": "ours"})


@dataclass
class Exporter:
    """Stand in for a stock exporter, which logs why it failed and says no more."""

    says: list[str | Exception | None] = field(default_factory=list)
    got: list[Any] = field(default_factory=list)
    closed: int = 0
    _preferred_temporality: dict[type, AggregationTemporality] = field(default_factory=dict)
    _preferred_aggregation: None = None

    def export(self, batch: Any, **_: Any) -> MetricExportResult:
        self.got.append(batch)
        said = self.says.pop(0) if self.says else None
        if isinstance(said, Exception):
            raise said
        if said is None:
            return MetricExportResult.SUCCESS
        STOCK.error(said)
        return MetricExportResult.FAILURE

    def shutdown(self) -> None:
        self.closed += 1


def metrics(*amounts: int) -> MetricsData:
    """Return what a counter says after these amounts."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], Resource({"service.name": "first"}), shutdown_on_exit=False)
    counter = provider.get_meter("m").create_counter("c")
    for amount in amounts:
        counter.add(amount)
    data = reader.get_metrics_data()
    provider.shutdown()
    assert data is not None
    return data


def relay_of(exporter: Any) -> MetricRelay:
    """Return a relay that has `exporter`."""
    relay = MetricRelay(exporter)
    relay.use(exporter, "http://there", OURS)
    return relay


class TestMetricRelay:
    def test_passes_on_with_the_resource_of_its_user(self) -> None:
        """The provider lives longer than a configuration, and so does its own resource."""
        exporter = Exporter()

        relay_of(exporter).export(metrics(3))

        assert ["ours"] == [one.resource.attributes["service.name"] for one in exporter.got[0].resource_metrics]

    def test_without_an_exporter_nothing_is_sent(self) -> None:
        """What comes after `shutdown()` goes nowhere, and the exporter is closed."""
        exporter = Exporter()
        relay = relay_of(exporter)

        relay.use(None)
        relay.export(metrics(3))

        assert ([], 1, True) == (exporter.got, exporter.closed, relay.complete)

    @pytest.mark.parametrize(
        "reason",
        [
            "Failed to export metrics batch code: 404, reason: Not Found",
            "Failed to export metrics to h:4317, error code: StatusCode.UNIMPLEMENTED, error details: unknown service",
        ],
    )
    def test_a_receiver_that_knows_no_metrics_is_left_alone(
        self, reason: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One request, one line in the log, and nothing is missing: Jaeger takes traces alone."""
        exporter = Exporter([reason])
        relay = relay_of(exporter)

        relay.export(metrics(1))
        relay.export(metrics(1, 2))

        assert (1, True) == (len(exporter.got), relay.complete)
        [line] = caplog.messages
        assert reason in line
        assert "No more are sent" in line

    @pytest.mark.parametrize("failure", ["Failed to export metrics batch code: 503, reason: x", OSError("broken")])
    def test_a_failure_is_said_once_and_made_good_by_the_next(
        self, failure: str | Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Sums are cumulative: the next request tells what the lost one would have."""
        relay = relay_of(Exporter([failure, failure]))

        complete = []
        for amount in (1, 2, 3):
            relay.export(metrics(amount))
            complete.append(relay.complete)

        assert [False, False, True] == complete
        assert ["orchestrace"] == [record.name for record in caplog.records]

    def test_what_is_no_sum_is_lost(self) -> None:
        """Where the program has chosen deltas, the next request tells nothing of those before."""
        exporter = Exporter(["Failed: code: 503"], _preferred_temporality={int: AggregationTemporality.DELTA})
        relay = relay_of(exporter)

        relay.export(metrics(1))
        relay.export(metrics(2))

        assert not relay.complete

    def test_at_the_end_nothing_is_repeated(self) -> None:
        """Sums that have arrived and did not change need not be sent again: nobody may be there any more."""
        exporter = Exporter()
        relay = relay_of(exporter)

        relay.export(metrics(1))
        relay.export(metrics(1))
        relay.repeats = False
        relay.export(metrics(1))
        relay.export(metrics(1, 2))

        assert 3 == len(exporter.got)


class TestLogRelay:
    def test_passes_on_with_the_resource_of_its_user(self) -> None:
        """As metrics are."""
        exporter, relay = Exporter(), LogRelay()
        relay.use(exporter, "http://there", OURS)
        provider = LoggerProvider(Resource({"service.name": "first"}), shutdown_on_exit=False)
        provider.add_log_record_processor(SimpleLogRecordProcessor(relay))  # type: ignore[arg-type]

        provider.get_logger("l").emit(event_name="e")
        relay.use(None)
        provider.get_logger("l").emit(event_name="e")

        assert [["ours"]] == [[one.resource.attributes["service.name"] for one in batch] for batch in exporter.got]

    def test_what_was_lost_once_is_never_made_good(self) -> None:
        """A log record is sent once."""
        relay = LogRelay()
        relay.use(Exporter(["Failed: code: 503"]), "http://there")

        relay.export([])
        relay.export([])

        assert not relay.complete
