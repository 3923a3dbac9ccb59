"""
One subject for each driver: a body of its colour, and how a consumer deals with a call of it.

A new driver gets a subject here, and with it the whole table of endings in `test_driver.py`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import httpx2
from opentelemetry.context import get_current

from orchestrace.recording.arguments import Call as Arguments
from orchestrace.recording.drivers.block import Passage
from orchestrace.recording.drivers.driver import drive
from orchestrace.recording.ending import DRAINED, RETURNED
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.recording.tracer import tracer
from orchestrace.records import SpanRecord

NOTE: ContextVar[str] = ContextVar("note", default="")
"""A variable of the program's own: what a body sets must be seen, or not be seen, as without us."""


def role(function: Callable[..., Any], kind: str = "generator", **said: Any) -> Callable[..., Any]:
    """Return `function`, followed as a part of a run."""
    declaration = Declaration(role=kind, **said)
    return drive(function, lambda *_: begin(declaration, function.__name__, Arguments()))


def _tool() -> None:
    """Be called."""


tool = role(_tool, "tool")


# -- what a body does -------------------------------------------------------------------------------------------------
@dataclass
class Body:
    """
    What a body does: it works, yields `items` if it can, works again, waits if it is to, and raises or returns.

    `thrown` says what it does about an exception that is thrown in at a `yield`: raise it, yield once more, return, or
    raise `error` in its place.
    """

    items: Sequence[object] = ()
    value: object = "the value"
    error: BaseException | None = None
    thrown: str = "raise"
    waits: bool = False
    within: float | None = None
    """It gives up waiting after so many seconds."""
    reduce: Callable[[list[object]], object] | None = None
    begun: threading.Event = field(default_factory=threading.Event)
    heard: list[object] = field(default_factory=list)

    def work(self) -> None:
        """Make two children: one of ours, one of the program's own."""
        NOTE.set(NOTE.get() + "w")
        tool()
        with tracer().start_as_current_span("child"):
            pass

    def outcome(self) -> object:
        """Return or raise what comes out."""
        if self.error is not None and self.thrown != "fail":
            raise self.error
        return self.value

    async def pause(self) -> None:
        """Wait, for an event that never comes."""
        self.begun.set()
        if self.waits and self.within is None:
            await asyncio.Event().wait()
        elif self.waits:
            async with asyncio.timeout(self.within):
                await asyncio.Event().wait()

    def block(self) -> None:
        """Wait as a thread does."""
        self.begun.set()
        if self.waits:
            threading.Event().wait()

    def answer(self, thrown: BaseException) -> bool:
        """Hear what was thrown in; True if there is to be one more item."""
        self.heard.append(thrown)
        if self.thrown == "fail" and self.error is not None:
            raise self.error
        if self.thrown == "yield" and len(self.heard) == 1:
            return True
        if self.thrown != "return":
            raise thrown
        return False


# -- how it is called -------------------------------------------------------------------------------------------------
class Call(Protocol):
    """A call that is held by its consumer. Verbs of sync colours are coroutines, too: so that one table fits all."""

    async def whole(self) -> object:
        """Go on to the end, and return what comes of it."""


class Subject(Protocol):
    """A driver under test. `can` says which verbs a call of it has: items, throw, wait (it can be cancelled)."""

    name: ClassVar[str]
    can: ClassVar[frozenset[str]]
    whole: ClassVar[str]
    """How it ends when all goes well."""
    span: ClassVar[str]

    def __call__(self, body: Body, *, followed: bool) -> Any:
        """Call the body, which is followed or is as the program wrote it."""

    def told(self, span: SpanRecord) -> str | None:
        """Return the content that stands on the span as output."""


def _as_role(function: Callable[..., Any], body: Body, *, followed: bool) -> Callable[..., Any]:
    return role(function, reduce=body.reduce) if followed else function


class _Roles:
    """Subjects whose bodies are decorated functions."""

    can: ClassVar[frozenset[str]] = frozenset()
    whole: ClassVar[str] = RETURNED
    span: ClassVar[str] = "generate body"

    def told(self, span: SpanRecord) -> str | None:
        value = span.attributes.get("output.value")
        return value if isinstance(value, str) else None


class Function(_Roles):
    name = "function"

    def __call__(self, body: Body, *, followed: bool) -> Any:
        return _FunctionCall(_as_role(self.body, body, followed=followed), body)

    @staticmethod
    def body(body: Body) -> object:
        body.work()
        body.block()
        return body.outcome()


@dataclass
class _FunctionCall:
    function: Callable[[Body], Any]
    body: Body

    async def whole(self) -> object:
        return self.function(self.body)


class Coroutine(_Roles):
    name = "coroutine"
    can = frozenset({"wait"})

    def __call__(self, body: Body, *, followed: bool) -> Any:
        return _CoroutineCall(_as_role(self.body, body, followed=followed), body)

    @staticmethod
    async def body(body: Body) -> object:
        body.work()
        await asyncio.sleep(0)
        body.work()
        await body.pause()
        return body.outcome()


@dataclass
class _CoroutineCall:
    function: Callable[[Body], Awaitable[Any]]
    body: Body

    async def whole(self) -> object:
        return await self.function(self.body)


class Block(_Roles):
    name = "block"

    def __call__(self, body: Body, *, followed: bool) -> Any:
        return _BlockCall(body, followed)

    def told(self, span: SpanRecord) -> str | None:
        assert "output.value" not in span.attributes  # a block returns nothing
        return None


@dataclass
class _BlockCall:
    body: Body
    followed: bool

    async def whole(self) -> object:
        passage = Passage(lambda: begin(Declaration(role="generator"), "body", Arguments()) if self.followed else None)
        passage.enter()
        try:
            self.body.work()
            self.body.block()
            value = self.body.outcome()
        except BaseException as error:
            passage.leave(type(error), error, error.__traceback__)
            raise
        passage.leave(None, None, None)
        return value


class AsyncBlock(Block):
    name = "async block"
    can = frozenset({"wait"})

    def __call__(self, body: Body, *, followed: bool) -> Any:
        return _AsyncBlockCall(body, followed)


@dataclass
class _AsyncBlockCall:
    body: Body
    followed: bool

    async def whole(self) -> object:
        passage = Passage(lambda: begin(Declaration(role="generator"), "body", Arguments()) if self.followed else None)
        passage.enter()
        try:
            self.body.work()
            await asyncio.sleep(0)
            await self.body.pause()
            value = self.body.outcome()
        except BaseException as error:
            passage.leave(type(error), error, error.__traceback__)
            raise
        passage.leave(None, None, None)
        return value


@dataclass(frozen=True)
class Stopped:
    """A generator has come to its end, with a value."""

    value: object = None


class Generator(_Roles):
    name = "generator"
    can = frozenset({"items", "throw", "fold", "lazy"})
    whole = DRAINED

    def __call__(self, body: Body, *, followed: bool) -> Any:
        return _GeneratorCall(_as_role(self.body, body, followed=followed)(body))

    @staticmethod
    def body(body: Body) -> Iterator[object]:
        body.work()
        for item in body.items:
            try:
                body.heard.append((yield item))
            except BaseException as thrown:
                if not body.answer(thrown):
                    return body.value
                yield "again"
            body.work()
        body.block()
        return body.outcome()


@dataclass
class _GeneratorCall:
    made: Any

    async def whole(self) -> object:
        items: list[object] = []
        while not isinstance(item := await self.send(None), Stopped):
            items.append(item)
        return [*items, item]

    async def step(self) -> object:
        return await self.send(None)

    async def send(self, given: object) -> object:
        try:
            return self.made.send(given)
        except StopIteration as stop:
            return Stopped(stop.value)

    async def throw(self, error: BaseException) -> object:
        try:
            return self.made.throw(error)
        except StopIteration as stop:
            return Stopped(stop.value)

    async def close(self) -> None:
        self.made.close()

    def drop(self) -> None:
        self.made = None


class AsyncGenerator(_Roles):
    name = "async generator"
    can = frozenset({"items", "throw", "fold", "lazy", "wait"})
    whole = DRAINED

    def __call__(self, body: Body, *, followed: bool) -> Any:
        return _AsyncGeneratorCall(_as_role(self.body, body, followed=followed)(body))

    @staticmethod
    async def body(body: Body) -> AsyncIterator[object]:
        body.work()
        await asyncio.sleep(0)
        body.work()
        for item in body.items:
            try:
                body.heard.append((yield item))
            except BaseException as thrown:
                await asyncio.sleep(0)
                if not body.answer(thrown):
                    return
                yield "again"
            body.work()
        await body.pause()
        body.outcome()


@dataclass
class _AsyncGeneratorCall:
    made: Any

    async def whole(self) -> object:
        items: list[object] = []
        while not isinstance(item := await self.send(None), Stopped):
            items.append(item)
        return [*items, item]

    async def step(self) -> object:
        return await self.send(None)

    async def send(self, given: object) -> object:
        try:
            return await self.made.asend(given)
        except StopAsyncIteration:
            return Stopped()

    async def throw(self, error: BaseException) -> object:
        try:
            return await self.made.athrow(error)
        except StopAsyncIteration:
            return Stopped()

    async def close(self) -> None:
        await self.made.aclose()

    def drop(self) -> None:
        self.made = None


# -- the bytes of an answer -------------------------------------------------------------------------------------------
REQUEST = httpx2.Request(
    "POST",
    "http://model.test/v1/chat/completions",
    json={"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True},
)


def _event(data: object) -> bytes:
    return b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"


def _chunks(body: Body) -> Iterator[bytes]:
    """Yield the events of a stream: the items, and at its end what says that it was whole."""
    for item in body.items:
        yield _event({"choices": [{"index": 0, "delta": {"content": item}, "finish_reason": None}]})
    body.block()
    body.outcome()
    yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield _event(b"[DONE]")


class _Bytes(httpx2.SyncByteStream):
    def __init__(self, body: Body) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        yield from _chunks(self.body)

    def close(self) -> None:
        self.body.heard.append("closed")


class _AsyncBytes(httpx2.AsyncByteStream):
    def __init__(self, body: Body) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        waits, self.body.waits = self.body.waits, False
        for chunk in _chunks(Body(self.body.items)):
            if b"finish_reason\": \"stop" in chunk:
                self.body.waits = waits
                await self.body.pause()
                self.body.outcome()
            yield chunk

    async def aclose(self) -> None:
        self.body.heard.append("closed")


@dataclass
class _Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    body: Body

    def handle_request(self, _: httpx2.Request) -> httpx2.Response:
        return self._response(_Bytes(self.body))

    async def handle_async_request(self, _: httpx2.Request) -> httpx2.Response:
        return self._response(_AsyncBytes(self.body))

    def _response(self, stream: Any) -> httpx2.Response:
        self.body.work()
        if not self.body.items:  # what is to come out comes out of sending
            self.body.outcome()
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=stream)


class ByteStream:
    """The stream of an answer, through a client that is tapped; its transport is the body."""

    name: ClassVar[str] = "byte stream"
    can: ClassVar[frozenset[str]] = frozenset({"items", "model"})
    whole: ClassVar[str] = DRAINED
    span: ClassVar[str] = "chat m"

    def __call__(self, body: Body, *, followed: bool) -> Any:  # noqa: ARG002 - the capture decides
        return _StreamCall(httpx2.Client(transport=_Transport(body)))

    def told(self, span: SpanRecord) -> str | None:
        said = span.attributes.get("gen_ai.output.messages")
        if not isinstance(said, str):
            return None
        return "".join(part["content"] for message in json.loads(said) for part in message["parts"])


@dataclass
class _StreamCall:
    client: Any
    response: Any = None
    made: Any = None

    async def open(self) -> None:
        if self.response is None:
            self.response = self.client.send(REQUEST, stream=True)
            self.made = self.response.iter_raw()

    async def whole(self) -> object:
        items: list[object] = []
        while not isinstance(item := await self.step(), Stopped):
            items.append(item)
        return [*items, item]

    async def step(self) -> object:
        await self.open()
        return next(self.made, Stopped())

    async def close(self) -> None:
        await self.open()
        self.response.close()

    def drop(self) -> None:
        self.made = self.response = None


class AsyncByteStream(ByteStream):
    name = "async byte stream"
    can = frozenset({"items", "model", "wait"})

    def __call__(self, body: Body, *, followed: bool) -> Any:  # noqa: ARG002 - as above
        return _AsyncStreamCall(httpx2.AsyncClient(transport=_Transport(body)))


class _AsyncStreamCall(_StreamCall):
    async def open(self) -> None:
        if self.response is None:
            self.response = await self.client.send(REQUEST, stream=True)
            self.made = self.response.aiter_raw()

    async def step(self) -> object:
        await self.open()
        try:
            return await self.made.__anext__()
        except StopAsyncIteration:
            return Stopped()

    async def close(self) -> None:
        await self.open()
        await self.response.aclose()


SUBJECTS: tuple[Subject, ...] = (
    Function(),
    Coroutine(),
    Generator(),
    AsyncGenerator(),
    Block(),
    AsyncBlock(),
    ByteStream(),
    AsyncByteStream(),
)


# -- what the program sees --------------------------------------------------------------------------------------------
@dataclass
class Held:
    """A call in the hands of its consumer: notes what the program sees, and whether anything of ours shows outside."""

    call: Any
    body: Body
    seen: list[object] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[object]]:
        """Return a verb of the call, watched."""

        async def watched(*given: Any) -> object:
            return await self.watch(verb, getattr(self.call, verb)(*given))

        return watched

    async def watch(self, verb: str, doing: Awaitable[object]) -> object:
        """Note what comes of something that the program does."""
        before = get_current()
        result: object
        try:
            result = await doing
        except BaseException as error:  # noqa: BLE001 - that is what is tested
            result = error
        if get_current() is not before:
            self.moved.append(verb)
        self.seen.append((verb, self._label(result), NOTE.get()))
        return result

    async def in_a_task(self, verb: str) -> None:
        """Do it in another task."""
        await asyncio.create_task(getattr(self, verb)())  # type: ignore[arg-type] # it is a coroutine

    async def in_a_thread(self, verb: str) -> None:
        """Do it in another thread, which has a loop of its own."""
        thread = threading.Thread(target=asyncio.run, args=(getattr(self, verb)(),))
        thread.start()
        thread.join()

    def drop(self) -> None:
        """Let go of it."""
        self.call.drop()

    def _label(self, result: object) -> object:
        if isinstance(result, list):
            return [self._label(item) for item in result]
        if isinstance(result, Stopped):
            return ("stopped", self._label(result.value))
        for name in ("value", "error"):
            if result is getattr(self.body, name) and result is not None:
                return f"the very {name}"
        if isinstance(result, BaseException):
            return (type(result), str(result))
        return result
