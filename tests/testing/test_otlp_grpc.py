from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from orchestrace.testing import Certificates, OtlpReceiver, Reply

LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

Call = Callable[..., bytes]


@pytest.fixture
def call() -> Iterator[Call]:
    """Call the service for logs with bytes, over a channel that is closed after the test."""
    channels: list[Any] = []

    def one(receiver: OtlpReceiver, body: bytes = b"", credentials: Any = None) -> bytes:
        address = receiver.endpoint.partition("://")[2]
        channels.append(grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address))
        answer: bytes = channels[-1].unary_unary(LOGS)(body, timeout=5)
        return answer

    yield one
    for channel in channels:
        channel.close()


class TestGrpcServer:
    def test_a_partial_success_is_that_of_the_signal(self, call: Call) -> None:
        """Logs have one, too."""
        with OtlpReceiver("grpc", Reply(rejected=2)) as receiver:
            answer = ExportLogsServiceResponse.FromString(call(receiver))

        assert 2 == answer.partial_success.rejected_log_records

    def test_a_refusal_may_say_when_to_come_back(self, call: Call) -> None:
        """In the details that stand beside a status."""
        busy = OtlpReceiver("grpc", Reply(503, message="busy", retry_after=7))
        with busy as receiver, pytest.raises(grpc.RpcError) as caught:
            call(receiver)
        error: Any = caught.value

        assert (grpc.StatusCode.UNAVAILABLE, "busy") == (error.code(), error.details())
        assert b"google.rpc.RetryInfo" in dict(error.trailing_metadata())["grpc-status-details-bin"]

    def test_what_is_too_large_is_refused(self, call: Call) -> None:
        """By gRPC itself, before anybody reads it."""
        with OtlpReceiver("grpc", limit=1000) as receiver, pytest.raises(grpc.RpcError) as caught:
            call(receiver, b"\0" * 2000)
        error: Any = caught.value

        assert grpc.StatusCode.RESOURCE_EXHAUSTED is error.code()
        assert [] == receiver.asked

    def test_tls_may_want_to_know_its_clients(self, call: Call, tmp_path: Path) -> None:
        """Who has no certificate of the authority is not let in."""
        try:
            made = Certificates.made_in(tmp_path)
        except FileNotFoundError as error:
            pytest.skip(str(error))
        authority, key, client = (Path(file).read_bytes() for file in (made.authority, made.client_key, made.client))
        with OtlpReceiver("grpc", certificates=made, known_clients=True) as receiver:
            answer = call(receiver, credentials=grpc.ssl_channel_credentials(authority, key, client))
            with pytest.raises(grpc.RpcError):
                call(receiver, credentials=grpc.ssl_channel_credentials(authority))

        assert (b"", ["logs"]) == (answer, receiver.asked)
