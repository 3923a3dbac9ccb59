from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from orchestrace.records import EventRecord
from orchestrace.testing.otlp import OtlpReceiver, Reply

Export = Callable[..., SpanExportResult]

EXPORTERS: dict[str, Callable[[OtlpReceiver], SpanExporter]] = {
    "http/protobuf": lambda receiver: HttpExporter(f"{receiver.endpoint}/v1/traces", timeout=5),
    "grpc": lambda receiver: GrpcExporter(receiver.endpoint, timeout=5),
}
LONG = 20.0


def post(url: str, body: bytes) -> httpx.Response:
    """Post to a server on this machine."""
    return httpx.post(url, content=body, trust_env=False, timeout=5)


@pytest.fixture(params=list(EXPORTERS))
def protocol(request: pytest.FixtureRequest) -> str:
    """Return each protocol."""
    word: str = request.param
    return word


@pytest.fixture
def receiver(protocol: str) -> Iterator[OtlpReceiver]:
    """Receive over each protocol."""
    with OtlpReceiver(protocol) as receiver:
        yield receiver


@pytest.fixture
def spans() -> list[ReadableSpan]:
    """Return three spans as the SDK makes them, a client's with its two children."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "sourcing"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("orchestrace", "0.1")
    with tracer.start_as_current_span("chat", kind=SpanKind.CLIENT, attributes={"n": 1, "list": ["a", "b"]}) as span:
        span.add_event("said", {"what": "no"}, timestamp=5)
        for name in ("one", "two"):
            tracer.start_span(name).end()
    return list(memory.get_finished_spans())


@pytest.fixture
def export(protocol: str, receiver: OtlpReceiver, spans: list[ReadableSpan]) -> Iterator[Export]:
    """Export the three spans by the stock exporter."""
    exporter = EXPORTERS[protocol](receiver)
    yield lambda: exporter.export(spans)
    exporter.shutdown()


class TestOtlpReceiver:
    def test_spans_come_back_as_records(
        self, receiver: OtlpReceiver, export: Export, spans: list[ReadableSpan]
    ) -> None:
        """Everything that was on the span is on the record."""
        export()
        one, _, chat = receiver.spans
        context = spans[2].get_span_context()

        assert context is not None
        assert f"{context.span_id:016x}" == chat.span_id == one.parent_id
        assert ("chat", 2, None) == (chat.name, chat.kind, chat.parent_id)
        assert {"n": 1, "list": ["a", "b"]} == chat.attributes
        assert [EventRecord("said", 5, {"what": "no"})] == chat.events
        assert ("orchestrace", "0.1", "UNSET", None) == (
            chat.scope,
            chat.scope_version,
            chat.status,
            chat.status_message,
        )

    def test_resources_come_back(self, receiver: OtlpReceiver, export: Export) -> None:
        """Each resource once, however often it sent."""
        export()
        export()

        assert ([{"service.name": "sourcing"}], 6) == (receiver.resources, len(receiver.spans))

    def test_requests_are_kept(self, receiver: OtlpReceiver, export: Export) -> None:
        """What the sender is shows in its headers."""
        export()

        assert 1 == len(receiver.requests)
        assert "OTel-OTLP-Exporter-Python" in receiver.requests[0].headers["user-agent"]
        assert receiver.requests[0].size > 100

    @pytest.mark.parametrize("status", [400, 401, 404, 500])
    def test_a_refusal_accepts_nothing(self, status: int, receiver: OtlpReceiver, export: Export) -> None:
        """The sender is told, and the request is kept without its spans."""
        receiver.reply = Reply(status=status)

        assert SpanExportResult.FAILURE == export()
        assert [] == receiver.spans

    def test_a_retry_finds_another_reply(self, receiver: OtlpReceiver, export: Export) -> None:
        """The reply may change between two attempts of one sender."""
        receiver.reply = Reply(status=503)
        results: list[SpanExportResult] = []
        sending = threading.Thread(target=lambda: results.append(export()))
        sending.start()
        receiver.wait_for_requests(1)
        receiver.reply = Reply()
        sending.join(LONG)

        assert ([SpanExportResult.SUCCESS], 3) == (results, len(receiver.wait(3)))

    def test_a_partial_success_accepts_the_rest(self, receiver: OtlpReceiver, export: Export) -> None:
        """The last spans are the rejected ones."""
        receiver.reply = Reply(rejected=2, message="too long")
        export()

        assert ["one"] == [span.name for span in receiver.spans]

    def test_a_slow_reply_is_cut_off_by_stop(self, receiver: OtlpReceiver, export: Export) -> None:
        """A test that is over does not wait for the delay."""
        receiver.reply = Reply(delay=3600)
        sending = threading.Thread(target=export)
        sending.start()
        receiver.wait_for_requests(1)
        began = time.monotonic()
        receiver.stop()
        took = time.monotonic() - began
        sending.join(LONG)

        assert took < LONG / 4

    def test_a_stopped_receiver_refuses(self, receiver: OtlpReceiver, spans: list[ReadableSpan], protocol: str) -> None:
        """Nobody listens; started again it is where it was."""
        endpoint = receiver.endpoint
        receiver.stop()
        exporter = EXPORTERS[protocol](receiver)
        results: list[SpanExportResult] = []
        sending = threading.Thread(target=lambda: results.append(exporter.export(spans)))
        sending.start()
        with pytest.raises(httpx.ConnectError):
            post(endpoint, b"")
        receiver.start()
        sending.join(LONG)
        exporter.shutdown()

        assert endpoint == receiver.endpoint
        assert ([SpanExportResult.SUCCESS], 3) == (results, len(receiver.spans))

    def test_a_function_may_decide(self, receiver: OtlpReceiver, export: Export) -> None:
        """It sees the request with all its spans, whatever becomes of them."""
        receiver.reply = lambda request: Reply(400 if any(span.name == "chat" for span in request.spans) else 200)

        assert SpanExportResult.FAILURE == export()
        receiver.reply = lambda request: Reply(rejected=len(request.spans) - 1)
        assert SpanExportResult.SUCCESS == export()
        assert ([0, 1], ["one"]) == (
            [len(request.spans) for request in receiver.requests],
            [span.name for span in receiver.spans],
        )

    def test_what_comes_twice_is_known(self, receiver: OtlpReceiver, export: Export) -> None:
        """By its ids; what was refused has not come."""
        receiver.reply = Reply(400)
        export()
        receiver.reply = Reply()
        export()
        assert [] == receiver.twice
        receiver.reply = Reply(rejected=2)
        export()
        assert [receiver.spans[0].span_id] == receiver.twice

    def test_waiting_ends(self, receiver: OtlpReceiver) -> None:
        """What does not come is not waited for longer than was said."""
        assert ([], []) == (receiver.wait(1, timeout=0.01), receiver.wait_for_requests(1, timeout=0.01))


class TestHttp:
    @pytest.mark.parametrize("compression", list(Compression))
    def test_bodies_are_unpacked(self, compression: Compression, spans: list[ReadableSpan]) -> None:
        """Every encoding that OTLP knows is read."""
        with OtlpReceiver() as receiver:
            exporter = HttpExporter(f"{receiver.endpoint}/v1/traces", compression=compression)
            exporter.export(spans)
            exporter.shutdown()

            assert 3 == len(receiver.spans)

    def test_a_partial_success_says_so(self) -> None:
        """The body has the count and the message."""
        with OtlpReceiver(reply=Reply(rejected=2, message="too long")) as receiver:
            response = post(receiver.endpoint + "/v1/traces", b"")
        said = ExportTraceServiceResponse.FromString(response.content).partial_success

        assert (2, "too long") == (said.rejected_spans, said.error_message)

    def test_it_may_say_when_to_come_back(self) -> None:
        """The header stands beside the refusal."""
        with OtlpReceiver(reply=Reply(status=429, retry_after=30)) as receiver:
            response = post(receiver.endpoint + "/v1/traces", b"")

        assert (429, "30") == (response.status_code, response.headers["retry-after"])

    @pytest.mark.parametrize(("path", "body", "status"), [("/v1/profiles", b"", 404), ("/v1/traces", b"none", 400)])
    def test_anything_else_is_refused(self, path: str, body: bytes, status: int) -> None:
        """It takes the three signals alone, and only what can be read."""
        with OtlpReceiver() as receiver:
            response = post(receiver.endpoint + path, body)

            assert (status, []) == (response.status_code, receiver.requests)
