"""A receiver behind TLS that knows its clients: certificates made here, handshakes as they are."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from orchestrace.testing import OtlpReceiver

OPENSSL = shutil.which("openssl")
AGENT = "invoke_agent A"
ALONE = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
PROGRAM = """
orchestrace.configure(); craft("x")
flushed = bool(orchestrace.flush(3))
say(flushed=flushed, sent=orchestrace.status().delivered, waiting=orchestrace.status().waiting)
"""

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs the openssl program to make certificates")


class Tls:
    """A line to a receiver: TLS on this side, for clients with a certificate of our authority; plain on the other."""

    def __init__(self, receiver: OtlpReceiver, folder: Path) -> None:
        self._target = int(receiver.endpoint.rpartition(":")[2])
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._context.load_verify_locations(folder / "ca.pem")
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"https://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def close(self) -> None:
        """Close every socket, also under the thread that waits for one."""
        for one in [self._listening, *self._open]:
            with closing(one), suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _begin(self, work: Callable[..., None], *args: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=args, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                self._begin(self._serve, plain)

    def _serve(self, plain: socket.socket) -> None:
        try:
            near = self._context.wrap_socket(plain, server_side=True)
            # With TLS 1.3 a client without a certificate is told so when it is read from.
            first = near.recv(65536)
        except OSError:
            plain.close()
            return
        far = socket.create_connection(("127.0.0.1", self._target))
        self._open += [near, far]
        far.sendall(first)
        self._begin(self._copy, far, near)
        self._copy(near, far)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority, and with it a server's and a client's certificate."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run([str(OPENSSL), *words], cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own words

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout")
    # From Python 3.13 on a certificate has to say what it is for, and who signed it (RFC 5280).
    signs = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *key, "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority", *signs)
    for name in ("server", "client"):
        (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
        openssl("req", "-new", *key, f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-out", f"{name}.pem", "-days", "2", "-extfile", f"{name}.ext"),
        )
    return folder


@pytest.fixture(params=["http/protobuf", "grpc"])
def line(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[Tls, OtlpReceiver, str]]:
    """Receive over each protocol, behind TLS."""
    with OtlpReceiver(request.param) as receiver:
        tls = Tls(receiver, folder)
        yield tls, receiver, request.param
        tls.close()


def certificates(folder: Path, prefix: str) -> dict[str, str]:
    """Return the variables for a client of the authority's."""
    files = {"CERTIFICATE": "ca.pem", "CLIENT_KEY": "client.key", "CLIENT_CERTIFICATE": "client.pem"}
    return {f"{prefix}{name}": str(folder / file) for name, file in files.items()}


class TestClientCertificates:
    @pytest.mark.parametrize("prefix", ["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"])
    def test_variables_are_obeyed(
        self, run: Callable[..., Any], line: tuple[Tls, OtlpReceiver, str], folder: Path, prefix: str
    ) -> None:
        """Both sides know each other, and the spans arrive; the signal's variables go before the general ones."""
        tls, receiver, protocol = line
        wrong = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(folder / "client.pem")}
        done = run(
            PROGRAM,
            {
                **ALONE,
                **wrong,
                **certificates(folder, prefix),
                f"{prefix}ENDPOINT": tls.endpoint + ("/v1/traces" if "TRACES" in prefix and protocol != "grpc" else ""),
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                "OTEL_EXPORTER_OTLP_TIMEOUT": "10",
            },
        )

        assert {"flushed": True, "sent": 2, "waiting": 0} == done.said, done.log
        assert ["inner", AGENT] == sorted(span.name for span in receiver.spans)

    def test_without_one_nothing_arrives(
        self, run: Callable[..., Any], line: tuple[Tls, OtlpReceiver, str], folder: Path
    ) -> None:
        """A client that the receiver does not know is refused; what waits is counted and said, the run recorded."""
        tls, receiver, protocol = line
        done = run(
            PROGRAM,
            {
                **ALONE,
                "OTEL_EXPORTER_OTLP_CERTIFICATE": str(folder / "ca.pem"),
                "OTEL_EXPORTER_OTLP_ENDPOINT": tls.endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            },
        )

        assert {"flushed": False, "sent": 0, "waiting": 2} == done.said
        assert (["inner", AGENT], []) == (done.recorded, receiver.spans)
        assert "spans wait for" in done.log
