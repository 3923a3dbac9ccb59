"""
A receiver that is there for three seconds and away for two, and counts the spans that arrive.

    python benchmarks/flapping.py

prints its address. After a line on standard input it stays; when that ends, it prints how many different spans arrived,
and how many in all. Markers of runs that still ran are none.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["main"]

_THERE, _AWAY = 3.0, 2.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: set[bytes] = set()  # noqa: RUF012 - of the whole receiver
    arrived = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path.endswith("/traces"):
            self._take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                spans = [span for span in scope.spans if not span.name.startswith("started ")]
                _Handler.arrived += len(spans)
                _Handler.seen.update(span.trace_id + span.span_id for span in spans)


def main() -> None:
    """Come and go."""
    stays = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    port = server.server_address[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    threading.Thread(target=lambda: (sys.stdin.readline(), stays.set()), daemon=True).start()
    while True:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        if stays.wait(_THERE):
            break
        server.shutdown()
        server.server_close()
        stays.wait(_AWAY)
        server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    sys.stdin.readline()
    print(json.dumps([len(_Handler.seen), _Handler.arrived]), flush=True)


if __name__ == "__main__":
    main()
