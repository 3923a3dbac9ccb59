from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.target import Sender
from orchestrace.records import SpanRecord
from orchestrace.testing import Certificates, OtlpReceiver, Reply, refused_endpoint, silent_endpoint

Build = Callable[..., Sender]
Make = Callable[..., SpanRecord]

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Script:
    """A server that answers each connection's requests as it is told, and keeps the first line of each."""

    def __init__(self, *connections: list[bytes]) -> None:
        self.lines: list[bytes] = []
        self.connections = 0
        self._answers = list(connections)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of whoever waits."""
        self._done.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        for answers in self._answers:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection, connection.makefile("rb") as lines:
                for answer in answers:
                    self._read(lines)
                    self._say(connection, answer)

    def _read(self, lines: object) -> None:
        first, length = b"", 0
        for line in lines:  # type: ignore[attr-defined]
            first = first or line
            if line.lower().startswith(b"content-length:"):
                length = int(line.split()[1])
            if not line.strip():
                break
        lines.read(length)  # type: ignore[attr-defined]
        self.lines.append(first)

    def _say(self, connection: socket.socket, answer: bytes) -> None:
        # Byte by byte where it is long in coming.
        pieces = [answer] if len(answer) < 100 else [answer[at : at + 1] for at in range(len(answer))]
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
                if len(pieces) > 1 and self._done.wait(0.02):
                    return


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    """Start scripted servers, and close them after the test."""
    made: list[Script] = []

    def one(*connections: list[bytes]) -> Script:
        made.append(Script(*connections))
        return made[-1]

    yield one
    for each in made:
        each.close()


class TestConnection:
    def test_is_kept(self, build: Build, script: Callable[..., Script]) -> None:
        """One for all requests."""
        server = script([FINE, FINE, FINE])
        sender = build(endpoint=server.endpoint)

        assert [Answer(Verdict.ACCEPTED)] * 3 == [sender.send(b"") for _ in range(3)]
        assert 1 == server.connections

    def test_one_that_died_while_it_was_kept_is_no_failure(self, build: Build, script: Callable[..., Script]) -> None:
        """The receiver closes it when the next request is on its way; it is asked again at once."""
        server = script([FINE, b""], [FINE])
        sender = build(endpoint=server.endpoint)
        sender.send(b"")

        assert (Answer(Verdict.ACCEPTED), 2) == (sender.send(b""), server.connections)

    def test_one_that_is_closed_at_once_is(self, build: Build, script: Callable[..., Script]) -> None:
        """Whoever does so to a new connection does not answer."""
        server = script([b""], [FINE])

        said = Answer(Verdict.RETRY, "connection closed without an answer", is_cut=True)
        assert said == build(endpoint=server.endpoint).send(b"")

    def test_goes_through_the_proxy_of_the_environment(
        self, build: Build, script: Callable[..., Script], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As everything that `requests` sends."""
        monkeypatch.setenv("http_proxy", script([FINE]).endpoint)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        assert Answer(Verdict.ACCEPTED) == build(endpoint="http://collector.example:4318").send(b"")

    def test_ends_with_the_sender(self, build: Build, receiver: OtlpReceiver) -> None:
        """Who closes a sender sends no more."""
        sender = build(endpoint=receiver.endpoint, protocol="http/protobuf")
        sender.close()
        sender.close()

        assert Answer(Verdict.RETRY, "closed") == sender.send(b"")


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

        assert Verdict.RETRY is answer.verdict
        assert answer.reason in {"no answer within 0.3 s", "no connection within 0.3 s"}
        assert time.monotonic() - began < 3

    def test_an_answer_that_trickles_is_cut_off(
        self, build: Build, script: Callable[..., Script], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The timeout is that of the whole attempt, not of each byte."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1.5")
        server = script([b"HTTP/1.1 503 Busy\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60000])
        began = time.monotonic()
        answer = build(endpoint=server.endpoint).send(b"")

        assert (Verdict.RETRY, "HTTP 503 Service Unavailable: xx") == (answer.verdict, answer.reason[:32])
        assert time.monotonic() - began < 5


class TestAnswer:
    @pytest.mark.parametrize(
        "rest",
        [
            b"Content-Length: 500\r\n\r\ncut",
            b"Transfer-Encoding: chunked\r\n\r\nno size\r\ncut",
            b"Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip",
            b"Content-Encoding: deflate\r\nContent-Length: 7\r\n\r\nno zlib",
        ],
        ids=["cut", "chunks", "gzip", "deflate"],
    )
    @pytest.mark.parametrize(
        ("status", "verdict"), [(b"200 OK", Verdict.ACCEPTED), (b"400 No", Verdict.REFUSED), (b"503 No", Verdict.RETRY)]
    )
    def test_that_breaks_off_has_its_status(
        self, status: bytes, verdict: Verdict, rest: bytes, build: Build, script: Callable[..., Script]
    ) -> None:
        """What was accepted would come twice if it were sent again, and what was refused would be for ever."""
        server = script([b"HTTP/1.1 " + status + b"\r\n" + rest], [FINE])
        sender = build(endpoint=server.endpoint)

        assert [verdict, Verdict.ACCEPTED] == [sender.send(b"").verdict for _ in range(2)]
        assert 2 == server.connections or b"Length: 7" in rest


class TestFaults:
    def test_are_named(self, build: Build, certificates: Certificates) -> None:
        """So that whoever reads the reason knows what to do."""
        with OtlpReceiver(certificates=certificates) as behind_tls, OtlpReceiver("grpc") as grpc:
            plain = OtlpReceiver()
            with plain, refused_endpoint() as refused:
                said = {
                    endpoint: build(endpoint=endpoint).send(b"").reason
                    for endpoint in (
                        refused,
                        "http://nobody.invalid",
                        behind_tls.endpoint,
                        behind_tls.endpoint.replace("https", "http"),
                        plain.endpoint.replace("http", "https"),
                        grpc.endpoint,
                    )
                }

        port = plain.endpoint.rpartition("/")[2]
        reasons = list(said.values())
        assert [
            "connection refused",
            "the host name of nobody.invalid cannot be resolved",
            "TLS: certificate verify failed: unable to get local issuer certificate",
        ] == reasons[:3]
        assert reasons[3] in {"connection closed without an answer", "connection reset"}
        assert reasons[4].startswith("TLS: ")
        assert reasons[4].endswith(f"is what listens on {port} without TLS?")
        assert "the answer is no HTTP/1.1; is it a port for gRPC?" == reasons[5]

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
        with OtlpReceiver(certificates=certificates, known_clients=True) as receiver:
            answer = build(endpoint=receiver.endpoint).send(b"")

        assert known == (answer.verdict is Verdict.ACCEPTED)
        assert known or Verdict.RETRY is answer.verdict

    @pytest.mark.parametrize(("own", "of_requests"), [("authority", "client"), (None, "authority")])
    def test_authorities_may_be_those_of_requests(
        self,
        own: str | None,
        of_requests: str,
        build: Build,
        certificates: Certificates,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Where OpenTelemetry's own variable names none; which goes first, and newer stock exporters forget that."""
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", getattr(certificates, of_requests))
        if own:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", getattr(certificates, own))
        with OtlpReceiver(certificates=certificates) as receiver:
            assert Answer(Verdict.ACCEPTED) == build(endpoint=receiver.endpoint).send(b"")

    def test_of_our_own_are_answers_too(
        self, build: Build, provide: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A session of somebody's that breaks does not break the sender."""
        provide("type('Odd', (requests.Session,), {'post': lambda *_, **__: 1 / 0})()")
        monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER", "ours")

        assert Answer(Verdict.RETRY, "ZeroDivisionError") == build(endpoint="http://127.0.0.1:9").send(b"")


class TestSecrets:
    @pytest.mark.parametrize("receiver", ["http/protobuf"], indirect=True)
    def test_are_not_repeated(self, build: Build, receiver: OtlpReceiver) -> None:
        """Though the receiver does."""
        receiver.reply = Reply(401, message="Bearer abc-def is no key")
        sender = build(endpoint=receiver.endpoint, headers={"authorization": "Bearer abc-def"})

        assert Answer(Verdict.UNWELCOME, "HTTP 401 Unauthorized: *** is no key") == sender.send(b"")


class TestCredentialProvider:
    @pytest.mark.parametrize("receiver", ["http/protobuf"], indirect=True)
    @pytest.mark.parametrize("of", ["", "TRACES_"])
    def test_brings_its_session(  # noqa: PLR0913, PLR0917 - fixtures
        self,
        of: str,
        build: Build,
        receiver: OtlpReceiver,
        provide: Callable[[str], None],
        encoded: Callable[..., bytes],
        record: Make,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """As with the stock exporter: its headers go along."""
        provide("(lambda session: session.headers.update({'x-from': 'provider'}) or session)(requests.Session())")
        monkeypatch.setenv(f"OTEL_PYTHON_EXPORTER_OTLP_HTTP_{of}CREDENTIAL_PROVIDER", "ours")
        build(endpoint=receiver.endpoint).send(encoded(record()))

        assert "provider" == receiver.requests[0].headers["x-from"]

    def test_that_brings_something_else_is_an_error(
        self, build: Build, provide: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When the sender is made."""
        provide("'a session'")
        monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER", "ours")

        with pytest.raises(ConfigurationError, match=r"'ours' gave str, no requests.Session"):
            build(endpoint="http://127.0.0.1:9")
