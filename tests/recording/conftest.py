"""What was measured and emitted beside the spans, as an SDK of OpenTelemetry's has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from orchestrace.recording import events
from orchestrace.recording.measuring import meter


class Measured:
    """The points of each metric."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader], Resource.get_empty(), shutdown_on_exit=False)

    @property
    def metrics(self) -> dict[str, Any]:
        """Every metric that has a point, by name."""
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        scopes = [scoped for sent in data.resource_metrics for scoped in sent.scope_metrics]
        return {metric.name: metric for scoped in scopes for metric in scoped.metrics}

    def points(self, name: str) -> list[Any]:
        """Return the points of one metric; none if it has none."""
        found = self.metrics.get(name)
        return [] if found is None else list(found.data.data_points)


@pytest.fixture
def measured() -> Iterator[Measured]:
    """Hear of what is measured."""
    heard = Measured()
    meter.use(heard.provider)
    yield heard
    meter.use(None)
    heard.provider.shutdown()


class Heard:
    """The events that were emitted."""

    def __init__(self) -> None:
        self.exporter = InMemoryLogRecordExporter()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self.exporter))

    @property
    def records(self) -> list[Any]:
        """Every log record, with its scope."""
        return list(self.exporter.get_finished_logs())

    def events(self, name: str) -> list[Any]:
        """Return the log records of the events with this name."""
        return [one.log_record for one in self.records if one.log_record.event_name == name]


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Hear of events."""
    hearing = Heard()
    events.use(hearing.provider)
    yield hearing
    events.use(None)
