"""A real OTLP receiver on this machine, over HTTP or gRPC, that answers as told and keeps what it got."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Protocol, TypeAlias

from orchestrace.records import SpanRecord
from orchestrace.testing.certificates import Certificates
from orchestrace.testing.otlp_decoding import (
    LogRecord,
    Point,
    decode_logs,
    decode_metrics,
    decode_resources,
    decode_spans,
)
from orchestrace.testing.otlp_reply import OK, REQUESTS, Reply, signal_of

__all__ = ["OtlpReceiver", "Received", "Reply"]

_GRPC: Final = "grpc"
_NOT_FOUND: Final = 404
_LIMITS: Final = {"http/protobuf": 20 * 2**20, _GRPC: 4 * 2**20}
"""The collector's: what is larger is refused."""


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
    message: Any  # the request of the signal's service
    reply: Reply
    spans: list[SpanRecord]
    signal: str = "traces"


_Decide: TypeAlias = Callable[[Received], Reply]


class _Server(Protocol):
    port: int

    def stop(self) -> None: ...


class OtlpReceiver:
    """
    Receive traces, metrics and logs while the block lasts.

        with OtlpReceiver() as receiver:
            ...  # send to receiver.endpoint
            assert ["chat gpt-4o"] == [span.name for span in receiver.wait(1)]

    `reply` may be changed at any time; a function is asked for each request, and gets it with all its spans. Between
    `stop()` and `start()` connections are refused, at the same port. Of the `signals` that it does not know it says so,
    as Jaeger does of metrics and logs. What has more than `limit` bytes is refused in the words of the collector, whose
    limits are the default: 20 MiB over HTTP, 4 MiB over gRPC. With `certificates` it is behind TLS, where it may want
    `known_clients` only.
    """

    def __init__(  # noqa: PLR0913 - each of them alone makes a test
        self,
        protocol: str = "http/protobuf",
        reply: Reply | _Decide | None = None,
        *,
        signals: Collection[str] = tuple(REQUESTS),
        limit: int | None = None,
        certificates: Certificates | None = None,
        known_clients: bool = False,
    ) -> None:
        self.reply: Reply | _Decide = reply or Reply()
        self.asked: list[str] = []
        """The signal of every request so far, those that it does not know too."""
        self.metrics: list[Point] = []
        """Every point of a metric that was accepted so far; of a sum that is sent again, each."""
        self.logs: list[LogRecord] = []
        """Every log record that was accepted so far."""
        self._signals = frozenset(signals)
        self._limit = _LIMITS[protocol] if limit is None else limit
        self._certificates = certificates
        self._known_clients = known_clients
        self._protocol = protocol
        self._received: list[Received] = []
        self._spans: list[SpanRecord] = []
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
        return f"{'http' if self._certificates is None else 'https'}://127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Received]:
        """Every request with spans so far, in the order of arrival, refused ones too."""
        with self._arrived:
            return list(self._received)

    @property
    def spans(self) -> list[SpanRecord]:
        """Every span that was accepted so far."""
        with self._arrived:
            return list(self._spans)

    @property
    def twice(self) -> list[str]:
        """The id of every span that was accepted more than once so far."""
        counts = Counter((span.trace_id, span.span_id) for span in self.spans)
        return [span_id for (_, span_id), count in counts.items() if count > 1]

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
            self._arrived.wait_for(lambda: len(self._spans) >= count, timeout)
            return list(self._spans)

    def wait_for_requests(self, count: int, timeout: float = 10.0) -> list[Received]:
        """Return the requests when there are `count`, or what there is after `timeout` seconds."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._received) >= count, timeout)
            return list(self._received)

    def start(self) -> None:
        """Listen; again at the same port."""
        self._stopping.clear()
        known = self._known_clients
        self._server = self._serve()(self._take, self._port, self._limit, self._certificates, known_clients=known)
        self._port = self._server.port

    def stop(self) -> None:
        """Close the port and every connection."""
        self._stopping.set()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _serve(self) -> Callable[..., _Server]:
        if self._protocol == _GRPC:
            from orchestrace.testing.otlp_grpc import GrpcServer  # noqa: PLC0415 - 89 ms, for whoever tests gRPC

            return GrpcServer
        from orchestrace.testing.otlp_http import HttpServer  # noqa: PLC0415 - as above, the other way

        return HttpServer

    def _take(
        self,
        path: str,
        headers: Mapping[str, str],
        size: int,
        timeout: float | None,
        message: Any,  # noqa: ANN401 - the request of one signal
    ) -> Reply:
        signal = signal_of(message)
        spans = decode_spans(message) if signal == "traces" else []
        request = Received(path, headers, size, timeout, message, Reply(), spans, signal)
        reply = self._decide(request)
        with self._arrived:
            self.asked.append(signal)
            self._keep(replace(request, reply=reply, spans=_accepted(spans, reply)))
            self._arrived.notify_all()
        if reply.delay:
            self._stopping.wait(reply.delay)
        return reply

    def _decide(self, request: Received) -> Reply:
        if request.signal not in self._signals:
            return Reply(_NOT_FOUND)
        return self.reply if isinstance(self.reply, Reply) else self.reply(request)

    def _keep(self, request: Received) -> None:
        if request.signal == "traces":
            self._received.append(request)
            self._spans += request.spans
        elif request.reply.status == OK and request.signal == "metrics":
            self.metrics += _accepted(decode_metrics(request.message), request.reply)
        elif request.reply.status == OK:
            self.logs += _accepted(decode_logs(request.message), request.reply)


def _accepted(records: list[Any], reply: Reply) -> list[Any]:
    return records[: max(0, len(records) - reply.rejected)] if reply.status == OK else []
