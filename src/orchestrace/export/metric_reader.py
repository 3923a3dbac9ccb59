"""Have metrics collected every now and then, as the SDK does, with all that was measured by then."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader

from orchestrace.recording.guard import report

__all__ = ["MetricReader"]


class MetricReader(PeriodicExportingMetricReader):
    """
    Collect for `exporter`, after `settle` has brought in what waits to be measured.

    How often, and for how long at most, it reads from the environment as the SDK's own does.
    """

    def __init__(self, exporter: MetricExporter, settle: Callable[[], None]) -> None:
        self._settle = settle  # first: the SDK's constructor starts the thread
        super().__init__(exporter)

    # The SDK calls it final. It is what its timer, a flush and a shutdown have in common.
    def collect(self, timeout_millis: float = 10_000) -> None:  # type: ignore[misc] # pyright: ignore[reportIncompatibleMethodOverride]
        """Collect what was measured, and pass it on."""
        try:
            self._settle()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("metrics", error)
        super().collect(timeout_millis)
