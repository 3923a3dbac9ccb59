from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from orchestrace.export.answer import Verdict
from orchestrace.export.otlp import Encoded, encode_resource, encode_scope, encode_span, request, schema_url
from orchestrace.export.readable import readable
from orchestrace.export.receiver import resolve
from orchestrace.export.target import Sender
from orchestrace.export.target import open as open_sender
from orchestrace.records import SpanRecord
from orchestrace.testing import Certificates, OtlpReceiver, Reply, silent_endpoint
from orchestrace.testing.otlp import Received

G = "OTEL_EXPORTER_OTLP_"

SPAN = SpanRecord(
    *("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7", "chat gpt-4o", 2, 1_000, 2_000),
    attributes={"text": "é" * 500, "count": -1, "words": ["a", "b"], "yes": True, "score": 0.5},
    scope="orchestrace",
    scope_version="1",
)

BOTH: dict[str, dict[str, str]] = {
    "nothing": {},
    "headers": {f"{G}HEADERS": "x-tenant=a%20b,X-Key= liberal value ,authorization=Bearer t=="},
    "headers of the signal": {f"{G}HEADERS": "x-tenant=general,x-other=1", f"{G}TRACES_HEADERS": "x-tenant=own"},
    "broken headers": {f"{G}HEADERS": "x-tenant=a,nonsense,,x-b=c=d"},
    "gzip": {f"{G}COMPRESSION": "gzip"},
    "gzip of the signal": {f"{G}COMPRESSION": "gzip", f"{G}TRACES_COMPRESSION": "gzip"},
    "timeout": {f"{G}TIMEOUT": "33"},
    "timeout of the signal": {f"{G}TIMEOUT": "33", f"{G}TRACES_TIMEOUT": "4"},
}
HTTP: dict[str, dict[str, str]] = {
    **BOTH,
    "deflate": {f"{G}COMPRESSION": "deflate"},
    "none": {f"{G}COMPRESSION": "none", f"{G}TRACES_COMPRESSION": " None "},
    "base with a slash": {f"{G}ENDPOINT": "{endpoint}/"},
    "own address": {f"{G}ENDPOINT": "http://127.0.0.1:9", f"{G}TRACES_ENDPOINT": "{endpoint}/v1/traces?tenant=a"},
    "own content type": {f"{G}HEADERS": "content-type=application/x-protobuf; v%3D1,content-encoding=identity"},
}
GRPC: dict[str, dict[str, str]] = {
    **BOTH,
    "host and port": {f"{G}ENDPOINT": "{address}", f"{G}INSECURE": "true"},
    "host and port of the signal": {f"{G}TRACES_ENDPOINT": "{address}", f"{G}TRACES_INSECURE": "true"},
    "a path": {f"{G}ENDPOINT": "{endpoint}/v1/traces"},
}
TLS: dict[str, dict[str, str]] = {
    "authority": {f"{G}CERTIFICATE": "{authority}"},
    "authority of the signal": {f"{G}TRACES_CERTIFICATE": "{authority}"},
    "client": {
        f"{G}CERTIFICATE": "{authority}",
        f"{G}CLIENT_CERTIFICATE": "{client}",
        f"{G}CLIENT_KEY": "{client_key}",
    },
    "client of the signal": {
        f"{G}TRACES_CERTIFICATE": "{authority}",
        f"{G}TRACES_CLIENT_CERTIFICATE": "{client}",
        f"{G}TRACES_CLIENT_KEY": "{client_key}",
    },
    "nobody": {},
}

STOCK = {
    ("traces", "http/protobuf"): ("http.trace_exporter", "OTLPSpanExporter"),
    ("metrics", "http/protobuf"): ("http.metric_exporter", "OTLPMetricExporter"),
    ("logs", "http/protobuf"): ("http._log_exporter", "OTLPLogExporter"),
    ("traces", "grpc"): ("grpc.trace_exporter", "OTLPSpanExporter"),
    ("metrics", "grpc"): ("grpc.metric_exporter", "OTLPMetricExporter"),
    ("logs", "grpc"): ("grpc._log_exporter", "OTLPLogExporter"),
}


def stock(signal: str, protocol: str) -> Any:
    """Make the stock exporter, as it makes itself out of the environment."""
    module, name = STOCK[signal, protocol]
    return getattr(import_module(f"opentelemetry.exporter.otlp.proto.{module}"), name)()


def send_stock(signal: str, protocol: str) -> None:
    """Send one record by the stock exporter."""
    exporter = stock(signal, protocol)
    exporter.export(BATCHES[signal]())
    exporter.shutdown()


def ours(signal: str) -> Sender:
    """Make our sender, out of the environment alone."""
    found = resolve()
    assert found is not None
    return open_sender(found.targets[signal])


def body() -> bytes:
    """Encode the span."""
    scope = encode_scope(SPAN.scope, SPAN.scope_version)
    return request([Encoded(encode_resource({"service.name": "a"}), scope, schema_url(SPAN.scope), encode_span(SPAN))])


def metrics() -> Any:
    """Return what a reader of the SDK has for its exporter."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], Resource({"service.name": "a"}), shutdown_on_exit=False)
    provider.get_meter("orchestrace").create_counter("n").add(1)
    found = reader.get_metrics_data()
    provider.shutdown()
    return found


def logs() -> Any:
    """Return what a processor of the SDK has for its exporter."""
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(Resource({"service.name": "a"}), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    provider.get_logger("orchestrace").emit(event_name="said")
    return exporter.get_finished_logs()


BATCHES: dict[str, Callable[[], Any]] = {
    "traces": lambda: [readable(SPAN, Resource({"service.name": "a"}))],
    "metrics": metrics,
    "logs": logs,
}


def seen(request: Received) -> dict[str, Any]:
    """Return what a receiver sees of a request, but for who sent it."""
    hidden = {"user-agent", "content-length"}  # the length of what was compressed depends on how hard it was tried
    return {
        "path": request.path,
        "headers": {name: value for name, value in request.headers.items() if name not in hidden},
        "message": request.message,
        "size": None if "content-encoding" in request.headers else request.size,
        "timeout": None if request.timeout is None else round(request.timeout),
    }


class TestParity:
    """What the stock exporter sends in an environment, our sender sends in it."""

    @pytest.mark.parametrize(
        ("protocol", "case"), [*(("http/protobuf", case) for case in HTTP), *(("grpc", case) for case in GRPC)]
    )
    def test_settings_mean_the_same(self, protocol: str, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Path, headers, body, compression, deadline."""
        with OtlpReceiver(protocol) as receiver:
            names = {"endpoint": receiver.endpoint, "address": receiver.endpoint.removeprefix("http://")}
            self.set_up(monkeypatch, receiver, protocol, (HTTP if protocol != "grpc" else GRPC)[case], names)
            send_stock("traces", protocol)
            sender = ours("traces")
            assert Verdict.ACCEPTED is sender.send(body()).verdict
            sender.close()
            theirs, own = receiver.requests

        assert seen(theirs) == seen(own)
        assert own.headers["user-agent"].startswith("orchestrace/")

    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    @pytest.mark.parametrize("case", TLS)
    def test_certificates_mean_the_same(
        self, protocol: str, case: str, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What arrives of theirs arrives of ours, and nothing else."""
        monkeypatch.setenv(f"{G}TIMEOUT", "1")
        with OtlpReceiver(protocol, certificates=certificates, known_clients="client" in case) as receiver:
            names = {name: getattr(certificates, name) for name in ("authority", "client", "client_key")}
            self.set_up(monkeypatch, receiver, protocol, TLS[case], names)
            send_stock("traces", protocol)
            arrived = len(receiver.requests)
            sender = ours("traces")
            answer = sender.send(body())
            sender.close()

            assert (case != "nobody") == bool(arrived)
            assert 2 * arrived == len(receiver.requests)
            assert bool(arrived) == (answer.verdict is Verdict.ACCEPTED)

    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    @pytest.mark.parametrize("signal", ["metrics", "logs"])
    def test_the_other_signals_are_sent_alike(
        self, protocol: str, signal: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """To their own paths, with their own headers."""
        requests: list[Received] = []
        with OtlpReceiver(protocol, lambda request: requests.append(request) or Reply()) as receiver:
            own = {f"{G}{signal.upper()}_HEADERS": "x-own=1", f"{G}HEADERS": "x-general=1", f"{G}COMPRESSION": "gzip"}
            self.set_up(monkeypatch, receiver, protocol, own, {})
            send_stock(signal, protocol)
            sender = ours(signal)
            sender.send(requests[0].message.SerializeToString())
            sender.close()
        theirs, ourselves = requests

        assert seen(theirs) == seen(ourselves)
        assert "1" == ourselves.headers["x-own"]

    def set_up(
        self,
        monkeypatch: pytest.MonkeyPatch,
        receiver: OtlpReceiver,
        protocol: str,
        variables: dict[str, str],
        names: dict[str, str],
    ) -> None:
        """Set the variables of a case, over an endpoint and a protocol that work."""
        usual = {f"{G}ENDPOINT": receiver.endpoint, f"{G}PROTOCOL": protocol}
        for name, value in (usual | variables).items():
            monkeypatch.setenv(name, value.format(**names))


OPEN = """
from orchestrace.export.receiver import resolve
from orchestrace.export.target import open
open(resolve(endpoint="http://127.0.0.1:9", protocol={protocol!r}).targets["traces"])
"""


class TestOpen:
    @pytest.mark.parametrize(
        ("program", "absent"),
        [
            ("import orchestrace.export", ["opentelemetry.sdk", "opentelemetry.exporter", "grpc", "requests"]),
            (
                "import orchestrace.export.receiver, orchestrace.export.otlp",
                ["opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto", "grpc", "requests", "google"],
            ),
            (OPEN.format(protocol="http/protobuf"), ["opentelemetry.exporter", "opentelemetry.proto", "grpc"]),
            (OPEN.format(protocol="grpc"), ["opentelemetry.exporter", "opentelemetry.proto", "requests"]),
        ],
        ids=["package", "module", "HTTP", "gRPC"],
    )
    def test_a_protocol_is_loaded_when_it_is_used(self, program: str, absent: list[str]) -> None:
        """Nobody pays for one that is not; the stock exporters and protobuf are not needed at all."""
        look = f"{program}\nimport sys; print([name for name in {absent} if name in sys.modules])"
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", look], capture_output=True, text=True, check=True
        )

        assert "[]\n" == done.stdout


LEAVE = """
import sys, threading, time
from orchestrace.export.receiver import resolve
from orchestrace.export.target import open
sender = open(resolve(endpoint={endpoint!r}, protocol={protocol!r}).targets["traces"])
sending = threading.Thread(target=sender.send, args=(b"",), daemon=True)
sending.start()
sending.join(0.5)
assert sending.is_alive()
began = time.monotonic()
if {closes}:
    sender.close()
assert time.monotonic() - began < 0.5
print("leaving", flush=True)
"""


class TestLeaving:
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize("closes", [True, False])
    def test_a_program_does_not_wait_for_a_silent_receiver(
        self,
        protocol: str,
        scheme: str,
        closes: bool,  # noqa: FBT001 - a parameter of the test
    ) -> None:
        """It leaves while a thread is sending, in a handshake too, without a word; closed before or not."""
        with silent_endpoint(scheme) as endpoint:
            program = LEAVE.format(endpoint=endpoint, protocol=protocol, closes=closes)
            # Below the ten seconds that the sender would wait.
            done = subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True, timeout=8
            )

        assert ("leaving\n", "") == (done.stdout, done.stderr)
