"""One connection to the replay server: requests are read from it, and answers are played on it."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from orchestrace.testing.answer import Answer, Cut, Pause
from orchestrace.testing.request import Request

__all__ = ["Connection", "Exchange"]

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing drops what is unsent and sends RST."""
_GLANCE: Final = 0.02
"""How often a pause looks whether the server is closing, in seconds."""


class Exchange(Protocol):
    """Whoever knows the answers."""

    closing: threading.Event

    def respond(self, request: Request) -> Answer:
        """Return what to answer. Called from many threads. Never raises."""
        ...


class _CutError(ConnectionError):
    """Leave the connection at once; what was sent stays sent."""


class Connection(BaseHTTPRequestHandler):
    """
    Serve one connection until either side is done with it; constructing it does all the work.

    Raises ConnectionError where the client is gone.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the kernel would gather the pieces

    def __init__(self, connection: socket.socket, exchange: Exchange) -> None:
        self._exchange = exchange
        no_server: Any = None  # it would only be kept
        super().__init__(connection, connection.getpeername(), no_server)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
        """Say nothing on the test's stderr."""

    def _exchange_once(self) -> None:
        target = urlsplit(self.path)
        headers = {name.lower(): ", ".join(self.headers.get_all(name, ())) for name in self.headers}
        request = Request(self.command, target.path, target.query, headers, self._read_body())
        answer = self._exchange.respond(request)
        try:
            self._play(answer, with_body=self.command != "HEAD")
        except _CutError:
            self.close_connection = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        # http.server looks for `do_POST` and its like: any method is answered.
        if name.startswith("do_"):
            return self._exchange_once
        raise AttributeError(name)

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(iter(self._read_chunk, b""))
        return self._read(int(self.headers.get("content-length") or 0))

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)  # ValueError where nothing came: the client left
        data = self._read(size)
        self.rfile.readline()
        return data

    def _read(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            msg = "the client left in the middle of its request"
            raise ConnectionError(msg)
        return data

    def _play(self, answer: Answer, *, with_body: bool) -> None:
        if answer.before is not None:
            self._happen(answer.before)
        self.send_response_only(answer.status)
        for name, value in answer.head().items():
            self.send_header(name, value)
        self.end_headers()
        for step in answer.script() if with_body else ():
            if isinstance(step, bytes):
                self.wfile.write(step)
            else:
                self._happen(step)

    def _happen(self, step: Pause | Cut) -> None:
        if isinstance(step, Pause):
            self._wait(step)
            return
        if step.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise _CutError

    def _wait(self, pause: Pause) -> None:
        end = time.monotonic() + pause.seconds
        closing = self._exchange.closing
        while not closing.is_set() and (left := end - time.monotonic()) > 0:
            if pause.until is None:
                closing.wait(left)
            elif pause.until.wait(min(left, _GLANCE)):
                return
        if closing.is_set():
            raise _CutError
