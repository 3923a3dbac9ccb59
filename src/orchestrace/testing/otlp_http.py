"""The receiver's way over HTTP."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from orchestrace.testing.certificates import Certificates
from orchestrace.testing.otlp_reply import OK, REQUESTS, Reply, refusal, response, signal_of

__all__ = ["HttpServer"]

_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_TOO_LARGE: Final = "http: request body too large"
"""How the collector says it, with status 400."""


class HttpServer:
    """Serve at a port until it is stopped; every connection ends then."""

    def __init__(
        self,
        take: Callable[..., Reply],
        port: int,
        limit: int,
        certificates: Certificates | None,
        *,
        known_clients: bool,
    ) -> None:
        handler = type("Handler", (_Handler,), {"take": staticmethod(take), "limit": limit})
        self._server = _Server(("127.0.0.1", port), handler)
        if certificates is not None:
            self._server.context = _context(certificates, known_clients=known_clients)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.end_connections()


class _Server(ThreadingHTTPServer):
    context: ssl.SSLContext | None = None

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - socketserver's own
        super().__init__(*args)
        self._open: set[socket.socket] = set()
        self._handling: dict[socket.socket, threading.Thread] = {}

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.context is not None:
            # The handshake comes with the first read, on the connection's own thread.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._open.add(connection)
        return connection, address

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's own
        self._handling[request] = threading.current_thread()
        super().process_request_thread(request, client_address)
        self._handling.pop(request, None)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as above
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Say nothing: connections that break are what tests are about."""

    def end_connections(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._handling.values()):
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for the first to be seen
    take: Callable[..., Reply]
    limit: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        kind = REQUESTS.get(self.path.partition("?")[0].removeprefix("/v1/"))
        if kind is None:
            self._write(_NOT_FOUND, b"", {})
            return
        try:
            content = _unpack(body, self.headers.get("content-encoding", ""))
            if max(len(body), len(content)) > self.limit:
                raise ValueError(_TOO_LARGE)  # noqa: TRY301 - refused like anything else that cannot be read
            message = kind.FromString(content)
        except (OSError, ValueError, zlib.error, DecodeError) as error:
            self._write(_BAD_REQUEST, refusal(Reply(message=str(error)), 3), {})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.take(self.path, headers, len(body), None, message)
        more = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
        is_fine = reply.status == OK
        self._write(
            reply.status,
            response(reply, signal_of(message)).SerializeToString() if is_fine else refusal(reply, 2),
            more,
        )

    def _write(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/x-protobuf", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the sender did not wait for it
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


def _context(certificates: Certificates, *, known_clients: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    if known_clients:
        context.load_verify_locations(certificates.authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _unpack(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body
