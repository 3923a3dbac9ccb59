"""The receiver's way over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces

from orchestrace.testing.certificates import Certificates
from orchestrace.testing.otlp_reply import GRPC_CODES, OK, Reply, refusal, response, signal_of

__all__ = ["GrpcServer"]

_DETAILS: Final = "grpc-status-details-bin"
_SERVICES: Final = {
    "traces": "trace.v1.TraceService",
    "metrics": "metrics.v1.MetricsService",
    "logs": "logs.v1.LogsService",
}


class GrpcServer:
    """Serve at a port until it is stopped; every connection ends then."""

    def __init__(
        self,
        take: Callable[..., Reply],
        port: int,
        limit: int,
        certificates: Certificates | None,
        *,
        known_clients: bool,
    ) -> None:
        self._take = take
        self._threads = ThreadPoolExecutor(4)
        self._server = grpc.server(self._threads, options=[("grpc.max_receive_message_length", limit)])
        traces.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        metrics.add_MetricsServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        logs.add_LogsServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        address = f"127.0.0.1:{port}"
        self.port: int = (
            self._server.add_insecure_port(address)
            if certificates is None
            else self._server.add_secure_port(address, _credentials(certificates, known_clients=known_clients))
        )
        self._server.start()

    def Export(  # noqa: N802 - gRPC's name
        self,
        request: Any,  # noqa: ANN401 - of any of the three services
        context: Any,  # noqa: ANN401 - gRPC has no types
    ) -> Any:  # noqa: ANN401 - as above
        """Answer a request of any of the three services."""
        headers = {datum.key: datum.value for datum in context.invocation_metadata()}
        path = f"/opentelemetry.proto.collector.{_SERVICES[signal_of(request)]}/Export"
        reply = self._take(path, headers, request.ByteSize(), context.time_remaining(), request)
        if reply.status != OK:
            code = grpc.StatusCode[GRPC_CODES.get(reply.status, "UNKNOWN")]
            if reply.retry_after is not None:
                context.set_trailing_metadata(((_DETAILS, refusal(reply, code.value[0])),))
            context.abort(code, reply.message)
        return response(reply, signal_of(request))

    def stop(self) -> None:
        """Close the port and every connection."""
        self._server.stop(None).wait()
        self._threads.shutdown()


def _credentials(certificates: Certificates, *, known_clients: bool) -> Any:  # noqa: ANN401 - gRPC has no types
    key, server = (Path(file).read_bytes() for file in (certificates.server_key, certificates.server))
    authority = Path(certificates.authority).read_bytes() if known_clients else None
    return grpc.ssl_server_credentials([(key, server)], authority, known_clients)
