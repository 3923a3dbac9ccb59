"""
A long run against a receiver that comes and goes: does memory stay flat, do threads stay as many, do counters balance.

    python benchmarks/soak.py [calls]

Each call is an agent with a call of a model inside; each tenth is a stream that is abandoned. The receiver is there for
three seconds, and away for two. The line that is printed says how large the process was after a tenth of the calls, and
at the end; nobody may have lost a span.
"""

from __future__ import annotations

import gc
import gzip
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tables import machine

import orchestrace

__all__ = ["main"]

_CALLS = 100_000
_THERE, _AWAY = 3.0, 2.0
_CHUNK = b'data: {"model": "m", "choices": [{"index": 0, "delta": {"content": "word "}}]}\n\n'
_WHOLE = {"model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": "word " * 100}}]}


class _Model(httpx.BaseTransport):
    """A model in this process: the receiver is what is to be waited for."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if b'"stream"' in request.content:
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=self._pieces())
        return httpx.Response(200, json=_WHOLE)

    def _pieces(self) -> Iterator[bytes]:
        for _ in range(20):
            yield _CHUNK


_MODEL = httpx.Client(transport=_Model(), base_url="https://api.openai.com", trust_env=False)


@orchestrace.agent(name="Soaked")
def soaked(number: int) -> int:
    """Ask a model; each tenth time leave its answer half-way."""
    asked = {"model": "m", "messages": [{"role": "user", "content": "word " * 100}]}
    if number % 10:
        _MODEL.post("/v1/chat/completions", json=asked)
        return number
    request = _MODEL.build_request("POST", "/v1/chat/completions", json={**asked, "stream": True})
    next(_MODEL.send(request, stream=True).iter_bytes())
    return number


def main() -> None:
    """Run, and say what came of it. Exits with 1 if something was lost."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else _CALLS
    with tempfile.TemporaryDirectory() as folder, _receiver() as receiver:
        assert receiver.stdin is not None  # noqa: S101 - both are pipes
        assert receiver.stdout is not None  # noqa: S101
        endpoint = receiver.stdout.readline().strip()
        orchestrace.configure(service_name="soak", endpoint=endpoint, journal=Path(folder) / "journal")
        begun, early = time.perf_counter(), (0, 0)
        for number in range(calls):
            soaked(number)
            if number == calls // 10:
                early = _size(), threading.active_count()
        took, late = time.perf_counter() - begun, (_size(), threading.active_count())
        receiver.stdin.write("stay\n")
        receiver.stdin.flush()
        gc.collect()  # what was abandoned has not ended before
        flushed = orchestrace.flush(300)
        receiver.stdin.close()
        distinct, arrived = json.loads(receiver.stdout.readline())
        orchestrace.shutdown()
    balance = flushed.balance
    print(
        f"{calls} calls in {took:.0f} s: {early[0]} MiB after a tenth, {late[0]} at the end; {early[1]} and {late[1]} "
        f"threads; {balance.ended} spans ended, {balance.delivered} delivered, {balance.waiting} wait, "
        f"{balance.refused + sum(balance.dropped.values())} lost; {distinct} arrived, {arrived - distinct} twice. "
        f"({machine()})"
    )
    sys.exit(0 if flushed and distinct == balance.ended == 2 * calls else f"soak: {flushed.why or 'lost'}")


def _receiver() -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--receive"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this file


def _size() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 >> 20


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


def _receive() -> None:
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
    _receive() if "--receive" in sys.argv else main()
