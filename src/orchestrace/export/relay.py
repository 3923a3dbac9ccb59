"""
Stand before a stock exporter: keep account of what arrives, and let a receiver be that knows no such signal.

A provider has its exporter for life, and the global one lives as long as the process. So an exporter is put in, and
taken out again, behind a relay that stays.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)

from orchestrace.export.stock_log import overhear

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

__all__ = ["LogRelay", "MetricRelay"]

_LOG = logging.getLogger("orchestrace")

_UNKNOWN: Final = re.compile(r"code: (404|405|501|StatusCode\.UNIMPLEMENTED)\b")
"""How the stock exporters say, over HTTP and gRPC, that the receiver has no place for what they send."""


class _Target:
    """
    An exporter in use, and what became of what it was given.

    What it sends may be `cumulative`: then the next batch tells what one that was lost would have.
    """

    def __init__(self, exporter: Any, destination: str, what: str, *, cumulative: bool = False) -> None:  # noqa: ANN401
        self.exporter = exporter
        self.destination = destination
        self.complete: bool = True
        self._what = what
        self._cumulative = cumulative
        self._is_known = True
        self._said = False

    def send(self, batch: Any, **more: Any) -> None:  # noqa: ANN401 - of either kind
        """Send, unless the receiver has said that it knows nothing of the kind. Never raises."""
        if not self._is_known:
            return
        with overhear() as said:
            try:
                arrived = self.exporter.export(batch, **more).name == "SUCCESS"
            except Exception as error:  # noqa: BLE001 - an exporter may be anybody's
                said.append(f"{type(error).__name__}: {error}")
                arrived = False
        if not arrived:
            self._refused(said or ["no reason given"])
        self.complete = (self.complete or self._cumulative) and (arrived or not self._is_known)

    def _refused(self, said: list[str]) -> None:
        self._is_known = not any(_UNKNOWN.search(line) for line in said)
        if self._said:
            return
        self._said = True
        what_follows = "It is tried again; failures" if self._is_known else "No more are sent; this"
        _LOG.warning(
            "orchestrace: %s were not sent to %s (%s). %s will not be said again. Traces are not concerned.",
            self._what,
            self.destination,
            said[0],
            what_follows,
        )


class MetricRelay(MetricExporter):
    """Pass metrics on to the exporter in use, summed up as the `first` one wants them; with its user's resource."""

    def __init__(self, first: MetricExporter) -> None:
        temporality = first._preferred_temporality or {}  # noqa: SLF001 - as the SDK's reader asks for them
        super().__init__(temporality, first._preferred_aggregation)  # noqa: SLF001
        self._cumulative = AggregationTemporality.DELTA not in temporality.values()
        self._target: _Target | None = None
        self._resource: Resource | None = None
        self._arrived: object = None
        self.repeats: bool = True
        """Whether sums are sent that have arrived and have not changed since: as long as the process goes on."""

    @property
    def complete(self) -> bool:
        """Tell whether all that was measured has arrived."""
        return self._target is None or self._target.complete

    def use(self, exporter: MetricExporter | None, destination: str = "", resource: Resource | None = None) -> None:
        """Send through `exporter` from now on; None sends nothing."""
        before, self._target = self._target, None
        if exporter is not None:
            self._resource, self._arrived, self.repeats = resource, None, True
            self._target = _Target(exporter, destination, "metrics", cumulative=self._cumulative)
        _close(before)

    def export(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,
        **_: Any,  # noqa: ANN401 - the SDK's own signature
    ) -> MetricExportResult:
        """Send. What became of it is kept; the reader would only log it."""
        gist = _gist(metrics_data)
        if (target := self._target) is not None and (self.repeats or gist != self._arrived):
            own = [replace(one, resource=self._resource or one.resource) for one in metrics_data.resource_metrics]
            target.send(replace(metrics_data, resource_metrics=own), timeout_millis=timeout_millis)
            self._arrived = gist if target.complete else None
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - as above
        """Do nothing: nothing waits here."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """Close the exporter."""
        self.use(None)


class LogRelay:
    """Pass log records on to the exporter in use, with its user's resource."""

    repeats: bool = False
    """Nothing of it is ever sent again."""

    def __init__(self) -> None:
        self._target: _Target | None = None
        self._resource: Resource | None = None

    @property
    def complete(self) -> bool:
        """Tell whether all records have arrived."""
        return self._target is None or self._target.complete

    def use(self, exporter: Any | None, destination: str = "", resource: Resource | None = None) -> None:  # noqa: ANN401
        """Send through `exporter` from now on; None sends nothing."""
        before, self._target = self._target, None
        if exporter is not None:
            self._resource = resource
            self._target = _Target(exporter, destination, "log records")
        _close(before)

    def export(self, batch: Sequence[Any]) -> None:
        """Send; the processor does not ask what became of it."""
        if (target := self._target) is not None:
            target.send([_belonging(record, self._resource) for record in batch])

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's own signature
        """Do nothing: nothing waits here."""
        return True

    def shutdown(self) -> None:
        """Close the exporter."""
        self.use(None)


def _gist(data: MetricsData) -> list[tuple[object, ...]]:
    """Return what metrics say, without when they say it."""
    metrics = [metric for sent in data.resource_metrics for scoped in sent.scope_metrics for metric in scoped.metrics]
    said = ("attributes", "value", "count", "sum")
    return [
        (metric.name, *(getattr(point, field, None) for field in said))
        for metric in metrics
        for point in metric.data.data_points
    ]


def _belonging(record: Any, resource: Resource | None) -> Any:  # noqa: ANN401 - its class was renamed, and has changed
    if resource is None:
        return record
    if hasattr(record, "resource"):
        return replace(record, resource=resource)
    record.log_record.resource = resource  # SDKs before 1.37
    return record


def _close(target: _Target | None) -> None:
    if target is not None:
        with overhear():
            target.exporter.shutdown()
