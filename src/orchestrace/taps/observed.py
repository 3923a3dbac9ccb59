"""A stream of an HTTP client that tells what the program reads from it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from orchestrace.recording.drivers.byte_stream import ByteStream

__all__ = ["Chunks", "ChunksAsync", "Observed"]


class Observed:
    """
    Stand in for a client's stream; whatever else it has is the client's own.

    A tap makes a class of this and of the client's base class, with the iteration and closing of one colour.
    """

    def __init__(self, inner: Any, stream: ByteStream) -> None:  # noqa: ANN401 - the client's own stream
        self._inner = inner
        self._stream = stream
        self._iterated = False

    def iterated(self) -> None:
        """
        Hear that somebody begins to read.

        Whoever begins again only empties it, so that the connection can be used again: OpenAI's async streams do, after
        the last event. What becomes of that is not part of the answer.
        """
        if self._iterated:
            self._stream.closed()
        self._iterated = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above; `httpx2.Response.elapsed` is read from it
        if name in {"_inner", "_iterated", "_stream"}:  # not there before __init__
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __del__(self) -> None:
        if "_stream" in self.__dict__:
            self._stream.dropped()


class Chunks(Iterator[bytes]):
    """The chunks of a stream as the program asks for them; the stream lives as long as they do."""

    __slots__ = ("_inner", "_observed", "_stream")

    def __init__(self, observed: Observed, inner: Iterator[bytes], stream: ByteStream) -> None:
        self._observed = observed
        self._inner = inner
        self._stream = stream

    def __next__(self) -> bytes:
        try:
            chunk = next(self._inner)
        except StopIteration:
            self._stream.exhausted()
            raise
        except BaseException as error:
            self._stream.failed(error)
            raise
        self._stream.add(chunk)
        return chunk


class ChunksAsync(AsyncGenerator[bytes, None]):
    """
    The chunks of an async stream as the program asks for them; the stream lives as long as they do.

    It has a generator's methods because `httpx2` closes what has them, at once and in the task that read. It is none
    because nobody would close the one inside.
    """

    __slots__ = ("_inner", "_observed", "_stream")

    def __init__(self, observed: Observed, inner: AsyncIterator[bytes], stream: ByteStream) -> None:
        self._observed = observed
        self._inner = inner
        self._stream = stream

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._inner.__anext__()
        except StopAsyncIteration:
            self._stream.exhausted()
            raise
        except BaseException as error:
            self._stream.failed(error)
            raise
        self._stream.add(chunk)
        return chunk

    async def asend(self, value: None) -> bytes:  # noqa: ARG002 - a stream of bytes has no use for it
        """Return the next chunk."""
        return await self.__anext__()

    async def athrow(self, *error: Any) -> bytes:  # noqa: ANN401 - whatever a generator takes
        """Raise in the client's own generator, if it is one; else here."""
        if isinstance(self._inner, AsyncGenerator):
            chunk: bytes = await self._inner.athrow(*error)
            return chunk
        raise error[0]

    async def aclose(self) -> None:
        """Close the client's own generator, if it is one."""
        if isinstance(self._inner, AsyncGenerator):
            await self._inner.aclose()
