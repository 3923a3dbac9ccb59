from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from orchestrace import accounting
from orchestrace.balance import Balance
from orchestrace.recording.measuring import meter


@pytest.fixture
def reader() -> Iterator[InMemoryMetricReader]:
    """Read what is measured with a provider of the test's own."""
    reading = InMemoryMetricReader()
    provider = MeterProvider([reading], shutdown_on_exit=False)
    meter.use(provider)
    yield reading
    accounting.observe(None)
    meter.use(None)
    provider.shutdown()


def points(reader: InMemoryMetricReader) -> dict[str, list[tuple[object, dict[str, object]]]]:
    """Collect, and return values and attributes by the metric's name."""
    data = reader.get_metrics_data()
    metrics = [metric for one in data.resource_metrics for scope in one.scope_metrics for metric in scope.metrics]
    return {
        metric.name: [(point.value, dict(point.attributes)) for point in metric.data.data_points] for metric in metrics
    }


class TestObserve:
    def test_the_balance_is_measured(self, reader: InMemoryMetricReader) -> None:
        """Each time it is collected; what was dropped by its reason."""
        accounting.observe(lambda: Balance(3, 2, 1, {"not sampled": 4, "older than 7 days": 5}))
        found = points(reader)

        assert [(15, {}), (3, {}), (2, {}), (1, {})] == [
            found[f"orchestrace.spans.{word}"][0] for word in ("ended", "delivered", "waiting", "refused")
        ]
        assert [
            (4, {"orchestrace.drop.reason": "not sampled"}),
            (5, {"orchestrace.drop.reason": "older than 7 days"}),
        ] == sorted(found["orchestrace.spans.dropped"], key=str)

    def test_asked_twice_it_counts_once(self, reader: InMemoryMetricReader) -> None:
        """A provider asks for life; the latest balance answers."""
        accounting.observe(lambda: Balance(1))
        accounting.observe(lambda: Balance(2))

        assert [(2, {})] == points(reader)["orchestrace.spans.delivered"]
