from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData

from orchestrace.export.metric_reader import MetricReader
from orchestrace.recording.guard import faults


class Kept(MetricExporter):
    """Keep what is passed on."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[Any] = []

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any) -> MetricExportResult:
        """Keep the values of all points."""
        for sent in metrics_data.resource_metrics:
            for scoped in sent.scope_metrics:
                self.values += [point.value for metric in scoped.metrics for point in metric.data.data_points]
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Do nothing."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """Do nothing."""


@pytest.fixture
def counted() -> Iterator[Callable[[Callable[[Callable[[], None]], None]], list[Any]]]:
    """Return what has a flush pass on what `settle` counts; it is given what counts one."""
    made: list[MeterProvider] = []

    def flushed(settle: Callable[[Callable[[], None]], None]) -> list[Any]:
        exporter = Kept()
        reader = MetricReader(exporter, lambda: settle(lambda: counter.add(1)))
        made.append(MeterProvider([reader], shutdown_on_exit=False))
        counter = made[0].get_meter("here").create_counter("calls")
        counter.add(1)
        made[0].force_flush()
        return exporter.values

    yield flushed
    for provider in made:
        provider.shutdown()


class TestCollect:
    def test_what_waits_is_brought_in_first(self, counted: Callable[..., list[Any]]) -> None:
        """It is part of what is collected now."""
        assert [2] == counted(lambda count: count())

    def test_what_cannot_be_brought_in_does_not_hold_up_the_rest(self, counted: Callable[..., list[Any]]) -> None:
        """The fault is ours, and noted."""
        before = faults().get("metrics", 0)

        assert [1] == counted(lambda _: 1 / 0)
        assert before + 1 == faults()["metrics"]
