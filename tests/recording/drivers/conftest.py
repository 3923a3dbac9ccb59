"""
One subject for each driver: a body of its colour, and how a consumer deals with a call of it.

A new driver gets a subject here, and with it the whole table of endings in `test_driver.py`: a test that asks for a
`trial` is run with each of the `CASES` of its module, on each subject that can do what the case needs.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import httpx2
import pytest
from opentelemetry.context import get_current

from orchestrace import block as blocks
from orchestrace.recording import guard
from orchestrace.recording.arguments import Call as Arguments
from orchestrace.recording.drivers.driver import drive
from orchestrace.recording.ending import DRAINED, RETURNED
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.recording.tracer import tracer
from orchestrace.records import SpanRecord
from orchestrace.testing import capture

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
    returns: ClassVar[str | None]
    """What it says of the value that it returned, all having gone well."""
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
    returns: ClassVar[str | None] = "the value"
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


class CoroutineFunction(_Roles):
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
    returns = None

    def __call__(self, body: Body, *, followed: bool) -> Any:
        return _BlockCall(body, followed)

    def told(self, span: SpanRecord) -> str | None:
        """Return nothing: a block has no value, so that it must not stand there as null either."""
        assert "output.value" not in span.attributes
        return None


@dataclass
class _BlockCall:
    body: Body
    followed: bool

    @property
    def around(self) -> Any:
        return blocks.Block(Declaration(role="generator", name="body")) if self.followed else nullcontext()

    async def whole(self) -> object:
        with self.around:
            self.body.work()
            self.body.block()
            return self.body.outcome()


class AsyncBlock(Block):
    name = "async block"
    can = frozenset({"wait"})

    def __call__(self, body: Body, *, followed: bool) -> Any:
        return _AsyncBlockCall(body, followed)


class _AsyncBlockCall(_BlockCall):
    async def whole(self) -> object:
        async with self.around:
            self.body.work()
            await asyncio.sleep(0)
            await self.body.pause()
            return self.body.outcome()


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


def _items(body: Body) -> Iterator[bytes]:
    for item in body.items:
        yield _event({"choices": [{"index": 0, "delta": {"content": item}, "finish_reason": None}]})


WHOLE = (_event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}), _event(b"[DONE]"))
"""What ends a stream, and says that it was whole."""


@dataclass
class _Bytes(httpx2.SyncByteStream):
    body: Body

    def __iter__(self) -> Iterator[bytes]:
        yield from _items(self.body)
        self.body.block()
        self.body.outcome()
        yield from WHOLE

    def close(self) -> None:
        self.body.heard.append("closed")


@dataclass
class _AsyncBytes(httpx2.AsyncByteStream):
    body: Body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for item in _items(self.body):
            yield item
        await self.body.pause()
        self.body.outcome()
        for event in WHOLE:
            yield event

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
    returns: ClassVar[str | None] = None
    span: ClassVar[str] = "chat m"

    def __call__(self, body: Body, *, followed: bool) -> Any:
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

    def __call__(self, body: Body, *, followed: bool) -> Any:
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
    CoroutineFunction(),
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

    def __getattr__(self, verb: str) -> Callable[..., Coroutine[Any, Any, object]]:
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
        except BaseException as error:
            result = error
        if get_current() is not before:
            self.moved.append(verb)
        self.seen.append((verb, self._label(result), NOTE.get()))
        return result

    async def in_a_task(self, verb: str) -> None:
        """Do it in another task."""
        await asyncio.create_task(getattr(self, verb)())

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


@dataclass
class Trial:
    """What came of a case, on one subject."""

    subject: Any
    case: Any
    caller: SpanRecord
    spans: list[SpanRecord]
    held: Held
    bare: Held
    logged: list[str]
    faults: dict[str, int]

    @property
    def own(self) -> list[SpanRecord]:
        """The spans of the call itself."""
        return [span for span in self.spans if span.name == self.subject.span]


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect every line that is logged anywhere."""
    listener = _Listener()
    logging.getLogger().addHandler(listener)
    try:
        yield listener.lines
    finally:
        logging.getLogger().removeHandler(listener)


def _consume(subject: Any, case: Any, *, followed: bool) -> Held:
    body = Body(**case.body())
    held = Held(subject(body, followed=followed), body)
    asyncio.run(case.consume(held))
    if hasattr(held.call, "drop"):
        held.drop()
    gc.collect()
    return held


@pytest.fixture(scope="class")
def trial(request: pytest.FixtureRequest, little_to_collect: None) -> Trial:
    """Run a case on a subject, without us and with us."""
    subject, case = request.param
    with capture(instrument=False):
        bare = _consume(subject, case, followed=False)
    guard._last_said.clear()
    before = Counter(guard.faults())
    with listening() as logged, capture() as spans:
        with tracer().start_as_current_span("caller"):
            held = _consume(subject, case, followed=True)
        caller = spans.one("caller")
    faults = Counter(guard.faults()) - before
    return Trial(subject, case, caller, list(spans), held, bare, logged, dict(faults))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test each case of its module, on each subject that can do what the case needs; or each subject."""
    for name, subjects in {"subject": SUBJECTS, "streaming": [one for one in SUBJECTS if "items" in one.can]}.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, subjects, ids=[one.name for one in subjects])
    if "trial" in metafunc.fixturenames:
        pairs = [(one, case) for one in SUBJECTS for case in metafunc.module.CASES if case.fits(one)]
        runs = [pytest.param(pair, id=f"{pair[0].name}: {pair[1].name}", marks=pair[1].marks) for pair in pairs]
        metafunc.parametrize("trial", runs, indirect=True, scope="class")
