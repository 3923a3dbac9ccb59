"""A real OTLP receiver on this machine, over HTTP or gRPC, that answers as told and keeps what it got."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Protocol

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from orchestrace.records import SpanRecord
from orchestrace.testing.otlp_decoding import (
    LogRecord,
    Point,
    decode_logs,
    decode_metrics,
    decode_resources,
    decode_spans,
)

__all__ = ["OtlpReceiver", "Received", "Reply"]

_SIGNALS: Final = ("traces", "metrics", "logs")
_REQUESTS: Final[dict[str, Any]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}
_OK: Final = 200
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_GRPC_CODES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "UNIMPLEMENTED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What the receiver says to a request.

    `status` is HTTP's; over gRPC the code that stands for it. `rejected` spans of an accepted request, the last ones,
    are a partial success. `retry_after` seconds are a header of HTTP. `delay` is how many seconds it waits first, or
    until it is stopped.
    """

    status: int = _OK
    rejected: int = 0
    message: str = ""
    retry_after: int | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Received:
    """
    One request, and what was said to it.

    `spans` are those that were accepted. `headers` are in lower case; over gRPC they are its metadata. `size` is that
    of the body as it came, over gRPC without compression. `timeout` is how many seconds the sender said it would wait;
    only gRPC says so.
    """

    path: str
    headers: Mapping[str, str]
    size: int
    timeout: float | None
    message: ExportTraceServiceRequest
    reply: Reply
    spans: list[SpanRecord]


class _Server(Protocol):
    port: int

    def stop(self) -> None: ...


class OtlpReceiver:
    """
    Receive traces, metrics and logs while the block lasts.

        with OtlpReceiver() as receiver:
            ...  # send to receiver.endpoint
            assert ["chat gpt-4o"] == [span.name for span in receiver.wait(1)]

    `reply` may be changed at any time. Between `stop()` and `start()` connections are refused, at the same port. Of
    the `signals` that it does not know it says so, as Jaeger does of metrics and logs.
    """

    def __init__(
        self, protocol: str = "http/protobuf", reply: Reply | None = None, *, signals: Collection[str] = _SIGNALS
    ) -> None:
        self.reply: Reply = reply or Reply()
        self.asked: list[str] = []
        """The signal of every request so far, those that it does not know too."""
        self.metrics: list[Point] = []
        """Every point of a metric that was accepted so far; of a sum that is sent again, each."""
        self.logs: list[LogRecord] = []
        """Every log record that was accepted so far."""
        self._signals = frozenset(signals)
        self._serve = _SERVERS[protocol]
        self._received: list[Received] = []
        self._arrived = threading.Condition()
        self._stopping = threading.Event()
        self._server: _Server | None = None
        self._port = 0

    def __enter__(self) -> OtlpReceiver:  # noqa: PYI034 - typing.Self is not in Python 3.10
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """The URL that both protocols take as OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Received]:
        """Every request with spans so far, in the order of arrival, refused ones too."""
        with self._arrived:
            return list(self._received)

    @property
    def spans(self) -> list[SpanRecord]:
        """Every span that was accepted so far."""
        return [span for request in self.requests for span in request.spans]

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The attributes of each resource that sent spans, once."""
        found: list[dict[str, Any]] = []
        for request in self.requests:
            found += [attributes for attributes in decode_resources(request.message) if attributes not in found]
        return found

    def wait(self, count: int, timeout: float = 10.0) -> list[SpanRecord]:
        """Return the accepted spans when there are `count`, or what there is after `timeout` seconds."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self.spans) >= count, timeout)
        return self.spans

    def wait_for_requests(self, count: int, timeout: float = 10.0) -> list[Received]:
        """Return the requests when there are `count`, or what there is after `timeout` seconds."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._received) >= count, timeout)
        return self.requests

    def start(self) -> None:
        """Listen; again at the same port."""
        self._stopping.clear()
        self._server = self._serve(self, self._port)
        self._port = self._server.port

    def stop(self) -> None:
        """Close the port and every connection."""
        self._stopping.set()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _take(
        self,
        path: str,
        headers: Mapping[str, str],
        size: int,
        timeout: float | None,
        message: Any,  # noqa: ANN401 - the request of one signal
    ) -> Reply:
        signal = next(word for word, kind in zip(_SIGNALS, _REQUESTS.values(), strict=True) if type(message) is kind)
        reply = self.reply if signal in self._signals else Reply(_NOT_FOUND)
        with self._arrived:
            self.asked.append(signal)
            if signal == "traces":
                spans = decode_spans(message) if reply.status == _OK else []
                accepted = spans[: max(0, len(spans) - reply.rejected)]
                self._received.append(Received(path, headers, size, timeout, message, reply, accepted))
            elif reply.status == _OK:
                self.metrics += decode_metrics(message) if signal == "metrics" else []
                self.logs += decode_logs(message) if signal == "logs" else []
            self._arrived.notify_all()
        if reply.delay:
            self._stopping.wait(reply.delay)
        return reply


class _HttpServer:
    def __init__(self, receiver: OtlpReceiver, port: int) -> None:
        handler = type("Handler", (_HttpHandler,), {"take": staticmethod(receiver._take)})  # noqa: SLF001 - same module
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _HttpHandler(BaseHTTPRequestHandler):
    # HTTP/1.0: no connection outlives its request, so that a stopped receiver is gone for everybody.
    take: Callable[..., Reply]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        kind = _REQUESTS.get(self.path.partition("?")[0])
        if kind is None:
            self._write(_NOT_FOUND, b"", {})
            return
        try:
            message = kind.FromString(_unpack(body, self.headers.get("content-encoding", "")))
        except (OSError, ValueError, zlib.error, DecodeError) as error:
            self._write(_BAD_REQUEST, str(error).encode(), {})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.take(self.path, headers, len(body), None, message)
        more = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
        self._write(reply.status, _response(reply, message).SerializeToString() if reply.status == _OK else b"", more)

    def _write(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/x-protobuf", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the sender did not wait for it
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


class _GrpcServer:
    def __init__(self, receiver: OtlpReceiver, port: int) -> None:
        import grpc  # type: ignore[import-untyped]  # noqa: PLC0415 - 89 ms, for whoever tests gRPC
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs  # noqa: PLC0415 - imports grpc
        from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics  # noqa: PLC0415
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces  # noqa: PLC0415

        self._codes = grpc.StatusCode
        self._receiver = receiver
        self._threads = ThreadPoolExecutor(4)
        self._server = grpc.server(self._threads)
        traces.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        metrics.add_MetricsServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        logs.add_LogsServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.port: int = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self._server.start()

    def Export(  # noqa: N802 - gRPC's name
        self,
        request: Any,  # noqa: ANN401 - of any of the three services
        context: Any,  # noqa: ANN401 - gRPC has no types
    ) -> Any:  # noqa: ANN401 - as above
        headers = {datum.key: datum.value for datum in context.invocation_metadata()}
        service = type(request).DESCRIPTOR.full_name.rpartition(".")[0] + "." + _service_of(request)
        path = f"/{service}/Export"
        reply = self._receiver._take(path, headers, request.ByteSize(), context.time_remaining(), request)  # noqa: SLF001
        if reply.status != _OK:
            context.abort(self._codes[_GRPC_CODES.get(reply.status, "UNKNOWN")], reply.message)
        return _response(reply, request)

    def stop(self) -> None:
        self._server.stop(None).wait()
        self._threads.shutdown()


_SERVERS: Final[dict[str, Callable[[OtlpReceiver, int], _Server]]] = {
    "http/protobuf": _HttpServer,
    "grpc": _GrpcServer,
}


def _service_of(request: object) -> str:
    return type(request).__name__.removeprefix("Export").removesuffix("Request")


def _response(reply: Reply, request: object) -> Any:  # noqa: ANN401 - of the same service
    if isinstance(request, ExportMetricsServiceRequest):
        return ExportMetricsServiceResponse()
    if isinstance(request, ExportLogsServiceRequest):
        return ExportLogsServiceResponse()
    if not reply.rejected:
        return ExportTraceServiceResponse()
    refused = ExportTracePartialSuccess(rejected_spans=reply.rejected, error_message=reply.message)
    return ExportTraceServiceResponse(partial_success=refused)


def _unpack(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body
