from __future__ import annotations

import shutil
import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.doctor.address import address_of
from orchestrace.doctor.cause import cause
from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.receiver import resolve
from orchestrace.testing import OtlpReceiver
from orchestrace.testing.certificates import Certificates


def found(endpoint: str, answer: Answer, protocol: str = "http/protobuf") -> tuple[str, str]:
    """Return why an endpoint gave an answer."""
    receiver = resolve(endpoint=endpoint, protocol=protocol)
    assert receiver is not None
    target = receiver.targets["traces"]
    return cause(target, address_of(target), answer)


def refuse(listening: socket.socket) -> None:
    """Answer one request as a server in Go does that expects TLS."""
    line, _ = listening.accept()
    with line:
        line.recv(4096)
        line.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")


class TestCause:
    @pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_plain_text_to_a_port_for_tls(self, protocol: str, tmp_path: Path) -> None:
        """The address is corrected."""
        with OtlpReceiver(protocol, certificates=Certificates.made_in(tmp_path)) as receiver:
            endpoint = receiver.endpoint.replace("https:", "http:")
            why, do = found(endpoint, Answer(Verdict.RETRY, "connection reset"), protocol)

            assert ("It speaks TLS.", f"Write {receiver.endpoint}.") == (why, do)

    @pytest.mark.parametrize(("protocol", "verdict"), [("http/protobuf", Verdict.REFUSED), ("grpc", Verdict.RETRY)])
    def test_a_server_that_says_that_it_speaks_tls(self, protocol: str, verdict: Verdict) -> None:
        """Those written in Go, and nginx, answer plain text in plain text."""
        answer = Answer(verdict, "400 Bad Request: Client sent an HTTP request to an HTTPS server.")
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            thread = threading.Thread(target=refuse, args=(listening,))
            thread.start()
            endpoint = f"127.0.0.1:{listening.getsockname()[1]}"
            why, do = found(f"http://{endpoint}", answer, protocol)
            thread.join()

        assert ("It speaks TLS.", f"Write https://{endpoint}.") == (why, do)

    def test_a_port_for_people(self) -> None:
        """Jaeger's web page answers to everything, and stores nothing."""
        why, do = found("http://jaeger:16686", Answer(Verdict.UNWELCOME, "200 OK with a web page"))

        assert ("Port 16686 is Jaeger's user interface.", True) == (why, "http://jaeger:4318" in do)

    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_a_proxy_that_a_variable_names(self, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is in the way, not the receiver; its password is its own business."""
        monkeypatch.setenv("http_proxy", "http://user:password@127.0.0.1:9")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        why, do = found("http://receiver:4318", Answer(Verdict.RETRY, "proxy: connection refused"), protocol)

        assert ("http_proxy (127.0.0.1:9)" in why, "password" in why, "no_proxy" in do) == (True, False, True)

    def test_what_the_receiver_says_itself(self) -> None:
        """Who answers in our own language is not asked who it is."""
        why, _ = found("http://receiver.invalid:4318", Answer(Verdict.REFUSED, "500 Internal Server Error"))

        assert "It says: 500 Internal Server Error." == why

    def test_a_name_that_nobody_has(self) -> None:
        """The name server was asked."""
        why, _ = found("http://receiver.invalid:4318", Answer(Verdict.RETRY, "connection refused"))

        assert "(DNS)" in why
