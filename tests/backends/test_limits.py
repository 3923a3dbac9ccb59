"""Requests that default receivers refuse, as others send them: the shipped collector takes them, and Jaeger has all."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, Jaeger

pytestmark = pytest.mark.backends

SPANS = 48
LARGE = 1_000_000
DEFAULT = 20 * 2**20
"""What a receiver takes over HTTP unless told otherwise; over gRPC it is a fifth of that."""
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def request_of_many() -> ExportTraceServiceRequest:
    """Return a request with as much content as an SDK's batch has of long prompts."""
    message = ExportTraceServiceRequest()
    sent = message.resource_spans.add()
    service = sent.resource.attributes.add(key="service.name")
    service.value.string_value = "large"
    scoped = sent.scope_spans.add()
    trace_id, now = uuid.uuid4().bytes, time.time_ns()
    for number in range(1, SPANS + 1):
        span = scoped.spans.add(trace_id=trace_id, span_id=number.to_bytes(8, "big"), name="chat")
        span.start_time_unix_nano, span.end_time_unix_nano = now - 1000, now
        prompt = span.attributes.add(key="gen_ai.input.messages")
        prompt.value.string_value = "x" * LARGE
    return message


def send(message: ExportTraceServiceRequest, collector: Collector, protocol: str) -> None:
    """Send it as it is, in one piece."""
    body = message.SerializeToString()
    assert len(body) > DEFAULT
    if protocol == "grpc":
        with grpc.insecure_channel(collector.endpoints["grpc"].removeprefix("http://")) as channel:
            channel.unary_unary(EXPORT)(body, timeout=30)
        return
    headers = {"content-type": "application/x-protobuf"}
    url = f"{collector.endpoints[protocol]}/v1/traces"
    httpx.post(url, content=body, headers=headers, timeout=30).raise_for_status()


class TestLargeRequest:
    def test_is_taken_whole(
        self, protocol: str, request_of_many: ExportTraceServiceRequest, own_collector: Collector, own_jaeger: Jaeger
    ) -> None:
        """48 MB in one request: the collector cuts them for Jaeger, and no span or byte is missing."""
        send(request_of_many, own_collector, protocol)
        trace_id = request_of_many.resource_spans[0].scope_spans[0].spans[0].trace_id.hex()
        spans = own_jaeger.wait_for(trace_id, SPANS).spans

        assert SPANS == len(spans)
        assert {LARGE} == {len(str(span.attributes["gen_ai.input.messages"])) for span in spans}
