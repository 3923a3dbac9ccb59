"""What a receiver says to a request, in the words of OTLP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

__all__ = ["GRPC_CODES", "OK", "REQUESTS", "Reply", "refusal", "response", "signal_of"]

OK: Final = 200

REQUESTS: Final[dict[str, Any]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
"""The request of each signal."""

GRPC_CODES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "UNIMPLEMENTED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""The code over gRPC that stands for a status of HTTP's."""

_RESPONSES: Final[dict[str, tuple[Any, str]]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What the receiver says to a request.

    `status` is HTTP's; over gRPC the code that stands for it. `rejected` records of an accepted request, the last ones,
    are a partial success, to which `message` says why. `retry_after` seconds are a header of HTTP; over gRPC they are a
    `RetryInfo`. `delay` is how many seconds it waits first, or until it is stopped.
    """

    status: int = OK
    rejected: int = 0
    message: str = ""
    retry_after: int | None = None
    delay: float = 0.0


def signal_of(message: object) -> str:
    """Return the signal that a request sends."""
    return next(signal for signal, kind in REQUESTS.items() if type(message) is kind)


def response(reply: Reply, signal: str) -> Any:  # noqa: ANN401 - of the signal's service
    """Return what stands in the answer to a request that was accepted."""
    kind, rejected = _RESPONSES[signal]
    answer = kind()
    if reply.rejected or reply.message:
        setattr(answer.partial_success, rejected, reply.rejected)
        answer.partial_success.error_message = reply.message
    return answer


def refusal(reply: Reply, code: int) -> bytes:
    """Return the `google.rpc.Status` that stands in the answer to a request that was not."""
    status = Status(code=code, message=reply.message)
    if reply.retry_after is not None:
        info = RetryInfo()
        info.retry_delay.seconds = reply.retry_after
        status.details.add().Pack(info)
    octets: bytes = status.SerializeToString()
    return octets
