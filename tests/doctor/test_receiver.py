from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.doctor.receiver import check
from orchestrace.settings import Settings
from orchestrace.testing import OtlpReceiver
from orchestrace.testing.certificates import Certificates
from orchestrace.testing.otlp import Reply

PROTOCOLS = ("http/protobuf", "grpc")


def found(endpoint: str, protocol: str = "http/protobuf") -> list[Finding]:
    """Return what the check finds."""
    return list(check(Settings(endpoint=endpoint, protocol=protocol)))


@contextmanager
def answering(status: int, **headers: str) -> Iterator[str]:
    """Serve one answer to everything; return the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        do_GET = do_HEAD = do_POST = _answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class TestCheck:
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_a_healthy_receiver(self, protocol: str) -> None:
        """All three signals are tried, and nothing is stored."""
        with OtlpReceiver(protocol) as receiver:
            states = [one.state for one in found(receiver.endpoint, protocol)]

            assert ([OK] * 3, []) == (states, receiver.spans)

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_one_that_knows_traces_alone(self, protocol: str) -> None:
        """Jaeger is fine."""
        with OtlpReceiver(protocol, signals=["traces"]) as receiver:
            assert [OK] * 3 == [one.state for one in found(receiver.endpoint, protocol)]

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_the_other_protocol(self, protocol: str) -> None:
        """4317 and 4318 are told apart by asking."""
        [other] = set(PROTOCOLS) - {protocol}
        with OtlpReceiver(protocol) as receiver:
            [finding] = found(receiver.endpoint, other)

        assert (PROBLEM, True) == (finding.state, f"--protocol {protocol}" in finding.do)

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_the_other_protocol_behind_tls(
        self, protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Likewise, where the certificate is trusted; else that is what is said."""
        [other] = set(PROTOCOLS) - {protocol}
        certificates = Certificates.made_in(tmp_path)
        with OtlpReceiver(protocol, certificates=certificates) as receiver:
            [untrusted] = found(receiver.endpoint, protocol)
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", certificates.authority)
            [finding] = found(receiver.endpoint, other)

        assert "OTEL_EXPORTER_OTLP_CERTIFICATE" in untrusted.do
        assert (PROBLEM, True) == (finding.state, f"--protocol {protocol}" in finding.do)

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_nobody(self, protocol: str) -> None:
        """A refused connection is named."""
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            port = listening.getsockname()[1]
        [finding] = found(f"http://127.0.0.1:{port}", protocol)

        assert finding.state == PROBLEM
        assert "Nothing listens there" in finding.why

    def test_a_black_hole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody who accepts and never answers."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            [finding] = found(f"http://127.0.0.1:{listening.getsockname()[1]}")

        assert "never answers" in finding.why

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_a_wrong_key(self, protocol: str) -> None:
        """The variable to look at is named."""
        with OtlpReceiver(protocol, Reply(401)) as receiver:
            [finding] = found(receiver.endpoint, protocol)

        assert (PROBLEM, True) == (finding.state, "OTEL_EXPORTER_OTLP_HEADERS" in finding.do)

    def test_a_wrong_path(self) -> None:
        """It is shown."""
        with OtlpReceiver() as receiver:
            [finding] = found(f"{receiver.endpoint}/api")

        assert finding.why.startswith("There is no receiver at /api/v1/traces: ")

    def test_a_clock_that_is_wrong(self) -> None:
        """The receiver says what time it is there."""
        with answering(200, Date="Mon, 01 Jan 2001 00:00:00 GMT") as endpoint:
            finding = found(endpoint)[0]

        assert (WARNING, True) == (finding.state, "behind ours" in finding.why)

    def test_tls_where_there_is_none(self) -> None:
        """The address is corrected."""
        with answering(200) as endpoint:
            [finding] = found(endpoint.replace("http:", "https:"))

        assert (PROBLEM, f"Write {endpoint}.") == (finding.state, finding.do)

    def test_no_endpoint(self) -> None:
        """There is nothing to try."""
        assert [] == list(check(Settings()))
