from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from orchestrace.export.signal import LOGS, METRICS, SIGNALS, TRACES, Signal


class TestSignals:
    @pytest.mark.parametrize(
        ("signal", "module"), [(TRACES, trace_service_pb2), (METRICS, metrics_service_pb2), (LOGS, logs_service_pb2)]
    )
    def test_methods_are_those_of_the_services(self, signal: Signal, module: object) -> None:
        """As OpenTelemetry's own descriptions name them."""
        (service,) = module.DESCRIPTOR.services_by_name.values()  # type: ignore[attr-defined]

        assert f"/{service.full_name}/{service.methods[0].name}" == signal.method

    def test_each_has_its_path_and_word(self) -> None:
        """What stands in addresses and in variables."""
        assert [("/v1/traces", "TRACES"), ("/v1/metrics", "METRICS"), ("/v1/logs", "LOGS")] == [
            (signal.path, signal.word) for signal in SIGNALS
        ]
