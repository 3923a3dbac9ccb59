from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import pytest

from orchestrace.recording.drivers.byte_stream import ByteStream
from orchestrace.recording.ending import End
from orchestrace.taps.observed import Chunks, ChunksAsync, Observed


class Told:
    """A stream that remembers what it was told."""

    def __init__(self) -> None:
        self.ends: list[End] = []
        self.stream = ByteStream(lambda: None, self.ends.append)

    def summary(self) -> tuple[bytes, list[str]]:
        """Return what came, and how it ended."""
        return self.stream.body, [end.ending for end in self.ends]


class Source:
    """A stream of two chunks, as a client's own; after them comes `error`, if there is one."""

    elapsed = "a while"

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.closed: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        yield b"a"
        yield b"b"
        if self.error is not None:
            raise self.error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            for chunk in self:
                yield chunk
        finally:
            self.closed.append("generator")


class Plain(AsyncIterator[bytes]):
    """An async iterator that is no generator, and still can be closed."""

    def __init__(self) -> None:
        self.closed = False

    async def __anext__(self) -> bytes:
        return b"a"

    async def aclose(self) -> None:
        """Be closed."""
        self.closed = True


def chunks(error: BaseException | None = None) -> tuple[Told, Chunks]:
    """Return the observed chunks of a source."""
    told, source = Told(), Source(error)
    return told, Chunks(Observed(source, told.stream), iter(source), told.stream)


def chunks_async(inner: Any = None) -> tuple[Told, ChunksAsync]:
    """Return the observed chunks of an async source."""
    told = Told()
    inner = Source().__aiter__() if inner is None else inner
    return told, ChunksAsync(Observed(inner, told.stream), inner, told.stream)


class TestObserved:
    def test_is_the_clients_own_otherwise(self) -> None:
        """What it does not have itself it has from the client's stream."""
        observed = Observed(Source(), Told().stream)

        assert "a while" == observed.elapsed
        with pytest.raises(AttributeError):
            _ = observed.nothing_of_the_kind

    def test_without_init(self) -> None:
        """A copy that was never initialised has no attributes, and can be dropped."""
        empty = Observed.__new__(Observed)

        assert not hasattr(empty, "elapsed")

    def test_read_anew(self) -> None:
        """Whoever begins to read anew only empties it: the answer has ended."""
        told = Told()
        observed = Observed(Source(), told.stream)
        observed.iterated()
        first = list(told.ends)
        observed.iterated()

        assert ([], ["abandoned"]) == (first, told.summary()[1])


class TestChunks:
    def test_read_to_the_end(self) -> None:
        """Chunks pass as they are, and the end is told."""
        told, read = chunks()

        assert ([b"a", b"b"], (b"ab", ["drained"])) == (list(read), told.summary())

    @pytest.mark.parametrize(("error", "ending"), [(OSError("gone"), "error"), (KeyboardInterrupt(), "cancelled")])
    def test_broken(self, error: BaseException, ending: str) -> None:
        """An exception passes as it is, and is told."""
        told, read = chunks(error)
        with pytest.raises(type(error)) as caught:
            list(read)

        assert (error, (b"ab", [ending])) == (caught.value, told.summary())


class TestChunksAsync:
    def test_read_to_the_end(self) -> None:
        """Chunks pass as they are, and the end is told."""

        async def scenario() -> Any:
            told, read = chunks_async()
            return [chunk async for chunk in read], told.summary()

        assert ([b"a", b"b"], (b"ab", ["drained"])) == asyncio.run(scenario())

    def test_broken(self) -> None:
        """An exception passes as it is, and is told."""

        async def scenario() -> Any:
            told, read = chunks_async(Source(OSError("gone")).__aiter__())
            with pytest.raises(OSError, match="gone"):
                _ = [chunk async for chunk in read]
            return told.summary()

        assert (b"ab", ["error"]) == asyncio.run(scenario())

    def test_closes_the_clients_generator(self) -> None:
        """A client that closes the generator it reads from closes its own, at once."""
        source = Source()

        async def scenario() -> list[str]:
            _, read = chunks_async(source.__aiter__())
            assert isinstance(read, AsyncGenerator)
            await read.asend(None)
            await read.aclose()
            return list(source.closed)

        assert ["generator"] == asyncio.run(scenario())

    def test_raises_in_the_clients_generator(self) -> None:
        """What is thrown in comes out of the client's own generator."""
        source = Source()

        async def scenario() -> list[str]:
            _, read = chunks_async(source.__aiter__())
            await read.__anext__()
            with pytest.raises(LookupError):
                await read.athrow(LookupError())
            return list(source.closed)

        assert ["generator"] == asyncio.run(scenario())

    def test_leaves_other_iterators_open(self) -> None:
        """An iterator that is no generator is not closed, as nobody would without us."""
        plain = Plain()

        async def scenario() -> bool:
            _, read = chunks_async(plain)
            await read.__anext__()
            await read.aclose()
            with pytest.raises(LookupError):
                await read.athrow(LookupError())
            return plain.closed

        assert not asyncio.run(scenario())
