"""One HTTP request to a model and its answer, whatever client sends it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from orchestrace.recording import clock
from orchestrace.recording.answer import Answer
from orchestrace.recording.boundary import Boundary, current_boundary
from orchestrace.recording.callee import Callee
from orchestrace.recording.drivers.byte_stream import ByteStream
from orchestrace.recording.ending import ABANDONED, RETURNED, End
from orchestrace.recording.model_call import ModelCall
from orchestrace.recording.scope import Scope
from orchestrace.taps.head import Head
from orchestrace.typing import JSONObject
from orchestrace.wires.table import Match
from orchestrace.wires.wire import Wire

__all__ = ["Exchange", "Sent", "begin", "body_of", "parsed"]


class Sent(NamedTuple):
    """A request that is a model call: how to read it, whom it asks, and what it says."""

    match: Match
    address: str
    port: int | None
    body: JSONObject


def body_of(match: Match, said: JSONObject | None) -> JSONObject | None:
    """
    Return what a request says, if it is a model call: by its host, by its shape, or because an SDK sends it.

    Where host or SDK tell, it is one also if we cannot read it (None), or may not, as it can be read only once.
    """
    told = (match.known_host and not match.wire.shares_paths) or (said is not None and match.wire.is_call(said))
    return said or {} if told or current_boundary() is not None else None


def parsed(content: bytes) -> JSONObject | None:
    """Return the JSON object that a body is, None if it is none."""
    try:
        value = orjson.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def begin(sent: Sent) -> tuple[ModelCall, Boundary | None]:
    """Return the call that a request belongs to, and the boundary that decides when it ends."""
    boundary = current_boundary()
    if boundary is not None and boundary.call is not None:
        if boundary.call.is_open and boundary.call.may_retry:
            boundary.call.attempt()
            boundary.streaming = None
            return boundary.call, boundary
        boundary = None
    wire = sent.match.wire
    request = wire.read_request(sent.body)
    if request.model is None and sent.match.model is not None:
        request = replace(request, model=sent.match.model)
    callee = Callee(wire.operation, sent.match.provider, sent.address, sent.port)
    call = ModelCall(callee, request, start=None if boundary is None else boundary.started)
    if boundary is not None:
        boundary.call = call
    return call, boundary


class Exchange(ABC):
    """
    A request on its way. `end` hears what sending it gave: the client's response, or an exception.

    A subclass knows one client: how its response is read, and how its bytes are observed.
    """

    __slots__ = ("_boundary", "_call", "_wire")

    def __init__(self, sent: Sent) -> None:
        self._call, self._boundary = begin(sent)
        self._wire: Wire = sent.match.wire

    @property
    def scope(self) -> Scope:
        """What is current while the request is sent."""
        return self._call.scope

    def keep(self, item: object) -> None:  # noqa: B027 - there is nothing to do, for any client
        """Let it pass: sending yields nothing."""

    def end(self, end: End) -> None:
        """Hear what sending the request gave."""
        if end.error is not None:
            self._call.failed(end.error)
            self._settle(end)
            return
        try:
            self._received(end.value)
        except Exception:
            self._settle(end)
            raise

    @abstractmethod
    def _received(self, response: Any) -> None:  # noqa: ANN401 - the client's own
        """Read the response, or observe it while the program does."""

    def _whole(self, head: Head, body: bytes | None) -> None:
        """Take an answer that was read at once; None if it was closed unread."""
        self._call.answered(lambda: head.read(self._wire, body or b""), refused=head.is_refusal, whole=body is not None)
        if not self._is_attempt:
            self._settle(End(ABANDONED if body is None else RETURNED, clock.now()))

    def _streamed(self, head: Head, decode: Callable[[bytes], bytes]) -> ByteStream:
        """Take an answer that the program reads as it comes; what it reads is to be given to what is returned."""
        begun = _nothing if head.is_refusal else self._call.first_chunk
        stream = ByteStream(begun, self._read_out)

        def read() -> Answer:
            return head.read(self._wire, decode(stream.body), cut=stream.is_cut)

        self._call.answered(read, refused=head.is_refusal)
        if self._boundary is not None:
            self._boundary.streaming = self
        return stream

    def _read_out(self, end: End) -> None:
        if self._boundary is not None:
            if self._boundary.streaming is not self:  # the answer to an earlier attempt, which nobody closed
                return
            self._boundary.streaming = None
        if end.error is not None:
            self._call.failed(end.error)
        self._settle(end)

    @property
    def _is_attempt(self) -> bool:
        """Tell whether another may follow, inside of a boundary, which ends the call itself."""
        return self._boundary is not None and self._boundary.open

    def _settle(self, end: End) -> None:
        if not self._is_attempt:
            self._call.end(end)


def _nothing() -> None:
    """Take no note: what a refusal says is no piece of an answer."""
