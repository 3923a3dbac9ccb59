"""
The tap for `httpx` and for `httpx2`, its successor: two libraries with one public surface.

`Client.send` and `AsyncClient.send` are what every request goes through. A response that is streamed gets an observing
stream in place of its own (`Response.stream`, a public attribute).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any, Final

from orchestrace.recording.drivers.drivable import Opener
from orchestrace.recording.switch import is_off
from orchestrace.recording.tracer import is_silent
from orchestrace.taps import own_services
from orchestrace.taps.exchange import Exchange, Sent, body_of, parsed
from orchestrace.taps.head import Head
from orchestrace.taps.observed import Chunks, ChunksAsync, Observed
from orchestrace.taps.patch import Patches
from orchestrace.taps.recipients import are_told
from orchestrace.typing import JSONObject
from orchestrace.wires.table import recognise

__all__ = ["LIBRARIES", "install"]

LIBRARIES: Final = ("httpx", "httpx2")

_PORTS: Final = {"http": 80, "https": 443}


def install(library: ModuleType, patches: Patches) -> None:
    """Follow the requests of all clients of `library`, also of those that were made before."""
    for client, asynchronous in ((library.Client, False), (library.AsyncClient, True)):
        patches.follow(client, "send", _opener(library, asynchronous=asynchronous))
    if are_told():
        own_services.install(library, patches)


def _opener(library: ModuleType, *, asynchronous: bool) -> Opener:
    def open_call(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Exchange | None:
        request = args[1] if len(args) > 1 else kwargs["request"]
        sent = _sent(request, library)
        return None if sent is None else _HttpxExchange(sent, library, asynchronous=asynchronous)

    return open_call


def _sent(request: Any, library: ModuleType) -> Sent | None:  # noqa: ANN401 - a request of the library
    url = request.url
    host = url.host
    match = recognise(request.method, host, url.path)
    if match is None or is_off() or is_silent():
        return None
    body = body_of(match, _said(request, library))
    return None if body is None else Sent(match, host, url.port or _PORTS.get(url.scheme), body)


def _said(request: Any, library: ModuleType) -> JSONObject | None:  # noqa: ANN401 - as above
    """Return what a request says, as far as it can be read without taking it away from the client."""
    if request.method == "GET":
        return dict(request.url.params)
    try:
        return parsed(request.content)
    except library.RequestNotRead:  # it comes from a file, or piece by piece; a form has more than its files
        fields = getattr(request.stream, "fields", None)
        if not isinstance(fields, list):
            return None
        return {field.name: field.value for field in fields if isinstance(getattr(field, "value", None), str)}


class _HttpxExchange(Exchange):
    """A request sent by either library."""

    __slots__ = ("_asynchronous", "_library")

    def __init__(self, sent: Sent, library: ModuleType, *, asynchronous: bool) -> None:
        super().__init__(sent)
        self._library = library
        self._asynchronous = asynchronous

    def _received(self, response: Any) -> None:  # noqa: ANN401 - a response of either library
        head = Head(response.status_code, response.headers)
        if response.is_closed:
            self._whole(head, self._content_of(response))
            return
        encoding = response.headers.get("content-encoding")

        def decode(raw: bytes) -> bytes:
            # The library's own decoders: what it can read, we can. Its answer to a body that was cut is what came.
            if not encoding:
                return raw
            packed = {"content-encoding": encoding}
            try:
                content: bytes = self._library.Response(200, headers=packed, content=raw).content
            except self._library.DecodingError:  # the program cannot read it either
                return b""
            return content

        stream = self._streamed(head, decode)
        response.stream = _observed_streams(self._library)[self._asynchronous](response.stream, stream)

    def _content_of(self, response: Any) -> bytes | None:  # noqa: ANN401 - as above
        try:
            content: bytes = response.content
        except self._library.ResponseNotRead:  # a hook of the program's has closed it
            return None
        return content


@lru_cache(maxsize=len(LIBRARIES))
def _observed_streams(library: ModuleType) -> tuple[type[Observed], type[Observed]]:
    class ObservedStream(Observed, library.SyncByteStream):  # type: ignore[name-defined,misc] # a class of the library
        def __iter__(self) -> Chunks:
            self.iterated()
            return Chunks(self, iter(self._inner), self._stream)

        def close(self) -> None:
            try:
                self._inner.close()
            finally:
                self._stream.closed()

    class ObservedAsyncStream(Observed, library.AsyncByteStream):  # type: ignore[name-defined,misc] # likewise
        def __aiter__(self) -> ChunksAsync:
            self.iterated()
            return ChunksAsync(self, self._inner.__aiter__(), self._stream)

        async def aclose(self) -> None:
            try:
                await self._inner.aclose()
            finally:
                self._stream.closed()

    return ObservedStream, ObservedAsyncStream
