"""
Stand behind the providers of metrics and logs: what they have goes into the journal, as spans do, and on from there.

A provider has its exporter for life, and the global one lives as long as the process. So a sink is put in, and taken
out again, behind a relay that stays.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.exporter.otlp.proto.common._internal.metrics_encoder import OTLPMetricExporterMixin
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData

from orchestrace.recording.guard import report
from orchestrace.records import LogRecord, MetricsRecord

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

__all__ = ["LogRelay", "MetricRelay", "SignalSink"]


class SignalSink(Protocol):
    """Take log records and metrics; never raises, never waits."""

    def logged(self, record: LogRecord) -> None:
        """Take a log record."""

    def measured(self, record: MetricsRecord) -> None:
        """Take metrics."""


class MetricRelay(OTLPMetricExporterMixin, MetricExporter):
    """
    Pass metrics on, with their user's resource; summed up as OpenTelemetry's variables want them for OTLP.

    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: as the
    stock exporters read them, by their own code.
    """

    def __init__(self) -> None:
        self._common_configuration()
        self.repeats: bool = True
        """Whether sums are passed on that have not changed since: as long as the process goes on."""
        self._sink: SignalSink | None = None
        self._resource: Resource | None = None
        self._passed: object = None

    def use(self, sink: SignalSink | None, resource: Resource | None = None) -> None:
        """Pass on to `sink` from now on; None passes nothing on."""
        self._sink, self._resource, self._passed, self.repeats = sink, resource, None, True

    def export(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,  # noqa: ARG002 - the SDK's own signature
        **_: Any,  # noqa: ANN401 - as above
    ) -> MetricExportResult:
        """Pass metrics on. Nothing can fail that the reader would have to know of."""
        try:
            gist = _gist(metrics_data)
            if (sink := self._sink) is not None and (self.repeats or gist != self._passed):
                own = [replace(one, resource=self._resource or one.resource) for one in metrics_data.resource_metrics]
                encoded = encode_metrics(replace(metrics_data, resource_metrics=own)).SerializeToString()
                sink.measured(MetricsRecord(time.time_ns(), encoded))
                self._passed = gist
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("metrics", error)
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - as above
        """Do nothing: nothing waits here."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """Pass nothing more on."""
        self.use(None)


class LogRelay:
    """Pass log records on; a processor of a logger provider."""

    repeats: bool = False
    """Nothing of it is ever passed on again."""

    def __init__(self) -> None:
        self._sink: SignalSink | None = None

    def use(self, sink: SignalSink | None, resource: Resource | None = None) -> None:  # noqa: ARG002 - as metrics do
        """Pass on to `sink` from now on; None passes nothing on."""
        self._sink = sink

    def on_emit(self, log_record: Any) -> None:  # noqa: ANN401 - its class was renamed, and has changed
        """Pass a record on, as soon as it is there."""
        try:
            if (sink := self._sink) is not None:
                sink.logged(_plain(log_record))
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("log record", error)

    def emit(self, log_data: Any) -> None:  # noqa: ANN401 - as SDKs before 1.35 call it
        """Pass a record on."""
        self.on_emit(log_data)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's own signature
        """Do nothing: nothing waits here."""
        return True

    def shutdown(self) -> None:
        """Pass nothing more on."""
        self.use(None)


def _plain(emitted: Any) -> LogRecord:  # noqa: ANN401 - as above
    record, scope = emitted.log_record, emitted.instrumentation_scope
    attributes = dict(record.attributes or {})
    return LogRecord(
        time=record.timestamp or 0,
        observed=record.observed_timestamp or time.time_ns(),
        event_name=getattr(record, "event_name", None) or "",
        body=record.body,
        attributes=attributes,
        trace_id=f"{record.trace_id:032x}" if record.trace_id else None,
        span_id=f"{record.span_id:016x}" if record.span_id else None,
        sampled=bool((record.trace_flags or 0) & 1),
        severity=record.severity_number.value if record.severity_number is not None else 0,
        severity_text=record.severity_text or "",
        scope=scope.name if scope is not None else "",
        scope_version=(scope.version or "") if scope is not None else "",
    )


def _gist(data: MetricsData) -> list[tuple[object, ...]]:
    """Return what metrics say, without when they were read."""
    metrics = [metric for sent in data.resource_metrics for scoped in sent.scope_metrics for metric in scoped.metrics]
    # The start of a sum stays the same for life; that of a delta is new each time, and so is what it says.
    said = ("attributes", "start_time_unix_nano", "value", "count", "sum")
    return [
        (metric.name, *(getattr(point, field, None) for field in said))
        for metric in metrics
        for point in metric.data.data_points
    ]
