"""A real HTTP server on this machine that plays a model provider: queued answers, or recorded ones."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from orchestrace.testing.answer import Answer
from orchestrace.testing.connection import Connection
from orchestrace.testing.recording import Recording
from orchestrace.testing.request import Request

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ReplayServer", "Reply", "UnexpectedRequestError", "refused_endpoint"]

Reply: TypeAlias = Answer | Callable[[Request], Answer]
"""An answer, or a function that makes one for the request."""

_LOCALHOST: Final = "127.0.0.1"
_PATIENCE: Final = 10.0
"""Seconds to wait for what must happen at once."""


class UnexpectedRequestError(AssertionError):
    """Say which requests found no answer: the program called more, or called elsewhere, than its test expects."""


@dataclass(slots=True)
class _Queued:
    reply: Reply
    method: str | None
    path: str | None
    left: float

    def fits(self, request: Request) -> bool:
        if self.method not in {None, request.method}:
            return False
        return self.path is None or _plain(self.path) == _plain(request.path)

    def __str__(self) -> str:
        return f"{self.method or 'any method'} {self.path or 'any path'}"


class ReplayServer:
    """
    Answer real HTTP requests with what was queued, in order, and keep what was asked.

    A context manager. Leaving it raises UnexpectedRequestError if a request found no answer. Requests are served
    concurrently, connections are kept alive; whatever is still open when the block is left is cut.
    """

    def __init__(self) -> None:
        self.closing: threading.Event = threading.Event()
        self._queue: list[_Queued] = []
        self._requests: list[Request] = []
        self._faults: list[tuple[Request, str]] = []
        self._arrived = threading.Condition()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._listener = socket.create_server((_LOCALHOST, 0), backlog=128)
        self._address: tuple[str, int] = self._listener.getsockname()
        self._thread = threading.Thread(target=self._accept, name="orchestrace-replay", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:port`, without a path."""
        return "http://{}:{}".format(*self._address)

    @property
    def requests(self) -> list[Request]:
        """What has arrived so far, in order."""
        with self._arrived:
            return list(self._requests)

    @property
    def unexpected(self) -> list[Request]:
        """The requests that found no answer, or whose reply raised."""
        with self._arrived:
            return [request for request, _ in self._faults]

    def answer(
        self, reply: Reply, *, path: str | None = None, method: str | None = "POST", times: int | None = 1
    ) -> None:
        """
        Queue an answer for the next request to `path`; None stands for any path, any method, any number of times.

        A request takes the first answer in the queue that fits it. The query is not looked at.
        """
        with self._arrived:
            self._queue.append(_Queued(reply, method, path, float("inf") if times is None else times))

    def replay(self, recording: Recording, *, path: str | None = None) -> None:
        """Queue the recorded answer for the recorded method and path, or for `path` where the client asks another."""
        self.answer(recording.answer(), path=path or recording.request.path, method=recording.request.method)

    def wait_for_requests(self, count: int = 1, timeout: float = _PATIENCE) -> list[Request]:
        """Wait until `count` requests have arrived, and return them. Raises AssertionError when that takes too long."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._requests) >= count, timeout):
                msg = (
                    f"{len(self._requests)} of {count} requests arrived within {timeout} s: {_listed(self._requests)}."
                )
                raise AssertionError(msg)
            return list(self._requests)

    def respond(self, request: Request) -> Answer:
        """Keep a request and return its answer, 500 if there is none. Never raises."""
        with self._arrived:
            self._requests.append(request)
            self._arrived.notify_all()
            reply = self._next(request)
            if reply is None:
                return self._fault(request, f"no answer is queued; queued are: {_listed(self._queue)}")
        if isinstance(reply, Answer):
            return reply
        try:
            return reply(request)
        except Exception as error:  # noqa: BLE001 - the test's own function: its fault is told where the test sees it
            return self._fault(request, f"its reply raised {type(error).__name__}: {error}")

    def _next(self, request: Request) -> Reply | None:
        for queued in self._queue:
            if queued.fits(request):
                queued.left -= 1
                if queued.left <= 0:
                    self._queue.remove(queued)
                return queued.reply
        return None

    def _fault(self, request: Request, why: str) -> Answer:
        with self._arrived:
            self._faults.append((request, why))
        return Answer(500, body={"error": {"type": "unexpected_request", "message": f"{request}: {why}"}})

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.closing.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), name="orchestrace-replay", daemon=True)
            alive = {thread: connection for thread, connection in self._open.items() if thread.is_alive()}
            thread.start()
            self._open = {**alive, thread: connection}

    def _serve(self, connection: socket.socket) -> None:
        # OSError: the client left. ValueError: what it sent is no HTTP. Neither has anybody left to tell.
        with connection, suppress(OSError, ValueError):
            Connection(connection, self)

    def close(self) -> None:
        """Stop listening, cut what is open, and wait for our threads."""
        if self.closing.is_set():
            return
        self.closing.set()
        if self._thread.ident is not None:
            with suppress(OSError):
                socket.create_connection(self._address, _PATIENCE).close()  # wakes accept()
            self._thread.join(_PATIENCE)
        self._listener.close()
        for thread, connection in self._open.items():
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()
        if kind is None and self._faults:
            raise UnexpectedRequestError("; ".join(f"{request}: {why}" for request, why in self._faults))


@contextmanager
def refused_endpoint() -> Iterator[str]:
    """Give the URL of a port of this machine that refuses connections, for as long as the block lasts."""
    with socket.socket() as held:  # bound and never listening: nobody else can take the port
        held.bind((_LOCALHOST, 0))
        yield "http://{}:{}".format(*held.getsockname())


def _plain(path: str) -> str:
    """Make paths comparable: http.server makes one slash of several at the beginning."""
    return "/" + unquote(path).lstrip("/")


def _listed(things: list[_Queued] | list[Request]) -> str:
    return ", ".join(map(str, things)) or "none"
