from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.target import Sender
from orchestrace.records import SpanRecord
from orchestrace.testing import Certificates, OtlpReceiver, Reply, refused_endpoint, silent_endpoint

Build = Callable[..., Sender]
Make = Callable[..., SpanRecord]


class Relay:
    """A line to a receiver that counts the bytes which pass to it."""

    def __init__(self, endpoint: str) -> None:
        self.passed = 0
        self._target = ("127.0.0.1", int(endpoint.rpartition(":")[2]))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = [self._listening]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Close every socket, also under the thread that waits for one."""
        for one in self._open:
            with closing(one), suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        near, _ = self._listening.accept()
        far = socket.create_connection(self._target)
        self._open += [near, far]
        self._threads.append(threading.Thread(target=self._copy, args=(far, near, 0), daemon=True))
        self._threads[1].start()
        self._copy(near, far, 1)

    def _copy(self, source: socket.socket, target: socket.socket, counted: int) -> None:
        with suppress(OSError):  # the test is over
            while chunk := source.recv(65536):
                target.sendall(chunk)
                self.passed += counted * len(chunk)


@pytest.fixture(autouse=True)
def grpc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send over gRPC."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")


@pytest.fixture
def server() -> Iterator[OtlpReceiver]:
    """Receive over gRPC."""
    with OtlpReceiver("grpc") as receiver:
        yield receiver


class TestChannel:
    def test_finds_a_receiver_that_comes_back(self, build: Build, server: OtlpReceiver) -> None:
        """At once: gRPC's own channel would not look for up to two minutes."""
        sender = build(endpoint=server.endpoint)
        sender.send(b"")
        server.stop()
        refused = [sender.send(b"").verdict for _ in range(5)]
        server.start()

        assert ([Verdict.RETRY] * 5, Verdict.ACCEPTED) == (refused, sender.send(b"").verdict)

    @pytest.mark.parametrize(("word", "least", "most"), [("gzip", 0, 50_000), ("none", 100_000, 10**6)])
    def test_compresses(  # noqa: PLR0913, PLR0917 - fixtures
        self,
        word: str,
        least: int,
        most: int,
        build: Build,
        server: OtlpReceiver,
        encoded: Callable[..., bytes],
        record: Make,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What crosses the line is smaller, and the receiver reads it."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", word)
        relay = Relay(server.endpoint)
        sender = build(endpoint=relay.endpoint)
        answer = sender.send(encoded(record(attributes={"x": "x" * 100_000})))
        sender.close()
        relay.close()

        assert Answer(Verdict.ACCEPTED) == answer
        assert least <= relay.passed <= most
        assert {"x": "x" * 100_000} == server.spans[0].attributes

    def test_ends_with_the_sender(self, build: Build, server: OtlpReceiver) -> None:
        """A call on it too, which another thread waits for."""
        server.reply = Reply(delay=60)
        sender = build(endpoint=server.endpoint)
        answers: list[Answer] = []
        sending = threading.Thread(target=lambda: answers.append(sender.send(b"")))
        sending.start()
        server.wait_for_requests(1)
        began = time.monotonic()
        sender.close()
        sending.join()
        server.stop()

        assert time.monotonic() - began < 5
        assert Verdict.RETRY is answers[0].verdict
        assert Answer(Verdict.RETRY, "closed while it was sending") == sender.send(b"")


class TestTime:
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_receiver_that_is_silent_is_left(
        self, scheme: str, build: Build, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the timeout, in the handshake too."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.3")
        began = time.monotonic()
        with silent_endpoint(scheme) as endpoint:
            answer = build(endpoint=endpoint).send(b"")

        assert Answer(Verdict.RETRY, "no answer within 0.3 s") == answer
        assert time.monotonic() - began < 3


class TestFaults:
    def test_are_named(self, build: Build, server: OtlpReceiver, certificates: Certificates) -> None:
        """So that whoever reads the reason knows what to do."""
        behind_tls, http = OtlpReceiver("grpc", certificates=certificates), OtlpReceiver()
        with behind_tls, http, refused_endpoint() as refused:
            reasons = [
                build(endpoint=endpoint).send(b"").reason
                for endpoint in (
                    refused,
                    "http://nobody.invalid:4317",
                    http.endpoint,
                    behind_tls.endpoint,
                    server.endpoint.replace("http", "https"),
                )
            ]

        assert [
            "connection refused",
            "the host name cannot be resolved",
            "the answer is no HTTP/2; is it a port for HTTP?",
            "TLS: certificate verify failed",
            "TLS: wrong version number; is what listens there without TLS?",
        ] == reasons

    @pytest.mark.parametrize("known", [True, False])
    def test_clients_show_their_certificate(
        self,
        known: bool,  # noqa: FBT001 - a parameter of the test
        build: Build,
        certificates: Certificates,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Where the receiver wants to know them."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", certificates.authority)
        if known:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificates.client)
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", certificates.client_key)
        with OtlpReceiver("grpc", certificates=certificates, known_clients=True) as receiver:
            answer = build(endpoint=receiver.endpoint).send(b"")

        assert known == (answer.verdict is Verdict.ACCEPTED)
        assert known or Verdict.RETRY is answer.verdict


class TestAnswers:
    def test_have_a_partial_success(self, build: Build, server: OtlpReceiver) -> None:
        """Which the stock exporter calls a success."""
        server.reply = Reply(rejected=2, message="too old")

        assert Answer(Verdict.ACCEPTED, "too old", rejected=2) == build(endpoint=server.endpoint).send(b"")

    def test_say_when_to_come_back(self, build: Build, server: OtlpReceiver) -> None:
        """As a `RetryInfo` among the details."""
        server.reply = Reply(503, message="busy", retry_after=7)

        assert Answer(Verdict.RETRY, "gRPC UNAVAILABLE: busy", retry_after=7.0) == build(endpoint=server.endpoint).send(
            b""
        )

    def test_do_not_repeat_secrets(self, build: Build, server: OtlpReceiver) -> None:
        """Though the receiver does."""
        server.reply = Reply(401, message="Bearer abc-def is no key")
        sender = build(endpoint=server.endpoint, headers={"authorization": "Bearer abc-def"})

        assert Answer(Verdict.UNWELCOME, "gRPC UNAUTHENTICATED: *** is no key") == sender.send(b"")

    def test_tell_what_is_too_large(self, build: Build, encoded: Callable[..., bytes], record: Make) -> None:
        """In the words of a receiver that has a limit."""
        with OtlpReceiver("grpc", limit=1000) as receiver:
            answer = build(endpoint=receiver.endpoint).send(encoded(record(attributes={"x": "x" * 2000})))

        assert Verdict.TOO_LARGE is answer.verdict
        assert "larger than max" in answer.reason


class TestCredentialProvider:
    @pytest.mark.parametrize("of", ["", "TRACES_"])
    def test_brings_its_credentials(
        self,
        of: str,
        build: Build,
        certificates: Certificates,
        provide: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """As with the stock exporter."""
        provide(f"grpc.ssl_channel_credentials(__import__('pathlib').Path({certificates.authority!r}).read_bytes())")
        monkeypatch.setenv(f"OTEL_PYTHON_EXPORTER_OTLP_GRPC_{of}CREDENTIAL_PROVIDER", "ours")
        with OtlpReceiver("grpc", certificates=certificates) as receiver:
            assert Answer(Verdict.ACCEPTED) == build(endpoint=receiver.endpoint).send(b"")

    def test_that_brings_something_else_is_an_error(
        self, build: Build, provide: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When the sender is made."""
        provide("'credentials'")
        monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_GRPC_CREDENTIAL_PROVIDER", "ours")

        with pytest.raises(ConfigurationError, match=r"'ours' gave str, no grpc.ChannelCredentials"):
            build(endpoint="https://127.0.0.1:9")
