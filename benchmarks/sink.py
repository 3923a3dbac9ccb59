"""
The other end, in a process of its own: a receiver that takes everything, and a provider that answers every chat.

    python benchmarks/sink.py [--grpc]

prints its address, and with --grpc that of a receiver over gRPC. `GET /bytes` tells how many bytes have been sent to
both, and forgets them.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chat import Answers

_ANSWERS = Answers()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    taken = 0

    def do_POST(self) -> None:
        body = self._body()
        if "/chat/completions" not in self.path:
            _Handler.taken += len(body)
            self._answer(b"", "application/x-protobuf")
        elif b'"stream":true' in body:
            self._answer(_ANSWERS.pieces, "text/event-stream; charset=utf-8")
        else:
            self._answer(_ANSWERS.whole, "application/json")

    def do_GET(self) -> None:
        taken, _Handler.taken = _Handler.taken, 0
        self._answer(str(taken).encode(), "text/plain")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size + 2)[:-2]
        self.rfile.readline()
        return body

    def _answer(self, body: bytes | list[bytes], kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        if isinstance(body, bytes):
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in body:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()


def over_grpc() -> str:
    """Receive over gRPC, too; return the address."""
    import grpc  # noqa: PLC0415 - where it is asked for

    def take(body: bytes, _: object) -> bytes:
        _Handler.taken += len(body)
        return b""  # an answer of its own message type without a field

    class Anything(grpc.GenericRpcHandler):
        """Takes every method, and its bytes as they are."""

        def service(self, _: object) -> object:
            """Return what answers a call."""
            return grpc.unary_unary_rpc_method_handler(take)

    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Anything(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    _kept.append(server)
    return f"http://127.0.0.1:{port}"


_kept: list[object] = []
"""A gRPC server ends when nobody holds it."""

if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    addresses = [f"http://127.0.0.1:{server.server_address[1]}"]
    if "--grpc" in sys.argv:
        addresses.append(over_grpc())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*addresses, flush=True)
    sys.stdin.read()  # until whoever started it is gone
