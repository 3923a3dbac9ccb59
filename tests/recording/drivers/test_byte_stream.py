from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from orchestrace.recording import finaliser, guard
from orchestrace.recording.drivers import byte_stream
from orchestrace.recording.drivers.byte_stream import ByteStream
from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, End
from orchestrace.testing import ReplayServer, Spans, openai_chat
from orchestrace.wires import table

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


class Ear:
    """Note what a stream tells."""

    def __init__(self) -> None:
        self.begun = 0
        self.ends: list[End] = []

    def begin(self) -> None:
        """Hear of the first chunk."""
        self.begun += 1

    @property
    def endings(self) -> list[str]:
        """How it ended, each time that it was told."""
        return [end.ending for end in self.ends]


@pytest.fixture
def ear() -> Ear:
    """Return who listens."""
    return Ear()


@pytest.fixture
def stream(ear: Ear) -> ByteStream:
    """Return a stream of which nothing has come."""
    return ByteStream(ear.begin, ear.ends.append)


class TestAdd:
    def test_keeps_the_bytes(self, stream: ByteStream) -> None:
        """In the order in which they came."""
        for chunk in (b"a", b"", b"bc"):
            stream.add(chunk)

        assert b"abc" == stream.body

    def test_the_first_one_is_told(self, stream: ByteStream, ear: Ear) -> None:
        """Once."""
        before = ear.begun
        stream.add(b"a")
        stream.add(b"b")

        assert (0, 1) == (before, ear.begun)

    def test_the_next_ones_are_told_to_who_asks_for_them(self) -> None:
        """What hears of the first chunk says who is to hear of the others."""
        heard = Counter[str]()
        stream = ByteStream(lambda: lambda: heard.update(["next"]), lambda _: None)
        for chunk in (b"a", b"b", b"c"):
            stream.add(chunk)

        assert ({"next": 2}, b"abc") == (heard, stream.body)

    def test_who_hears_of_them_cannot_break_them(self) -> None:
        """The program goes on reading."""

        def fail() -> None:
            raise ZeroDivisionError

        stream = ByteStream(lambda: fail, lambda _: None)
        for chunk in (b"a", b"b"):
            stream.add(chunk)

        assert b"ab" == stream.body
        assert "next chunk" in guard.faults()

    def test_keeps_no_more_than_its_limit(self, stream: ByteStream, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
        """Memory is bounded; what is kept is a beginning, without a gap."""
        monkeypatch.setattr(byte_stream, "LIMIT", 4)
        small = ByteStream(ear.begin, ear.ends.append)
        whole = small.is_cut
        for chunk in (b"ab", b"cde", b"f"):
            small.add(chunk)

        assert (b"ab", False, True) == (small.body, whole, small.is_cut)

    def test_a_span_says_that_more_came_than_was_kept(
        self, orchestrace_server: ReplayServer, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its reader knows that the answer is not whole; the program has all of it."""
        monkeypatch.setattr(byte_stream, "LIMIT", 600)
        orchestrace_server.answer(openai_chat("word " * 50, stream=True))
        with (
            httpx2.Client() as client,
            client.stream("POST", f"{orchestrace_server.url}/chat/completions", json=ASKED | {"stream": True}) as got,
        ):
            body = got.read()
        said = orchestrace_spans.attributes("chat m")

        assert body.rstrip().endswith(b"[DONE]")
        assert ("gen_ai.output.messages",) == said["orchestrace.truncated"]

    def test_a_fault_is_reported(self, ear: Ear) -> None:
        """The program gets its chunk all the same."""
        before = Counter(guard.faults())

        def fail() -> None:
            raise ValueError

        stream = ByteStream(fail, ear.ends.append)
        stream.add(b"a")
        stream.add(b"b")

        assert b"ab" == stream.body
        assert {"first chunk": 1} == Counter(guard.faults()) - before


class TestEnd:
    @pytest.mark.parametrize(
        ("hear", "ending"),
        [
            (lambda stream: stream.exhausted(), DRAINED),
            (lambda stream: stream.closed(), ABANDONED),
            (lambda stream: stream.dropped(), ABANDONED),
            (lambda stream: stream.failed(ValueError()), ERROR),
            (lambda stream: stream.failed(KeyboardInterrupt()), CANCELLED),
        ],
        ids=["exhausted", "closed", "dropped", "failed", "cancelled"],
    )
    def test_is_told_once(self, stream: ByteStream, ear: Ear, hear: Callable[[ByteStream], None], ending: str) -> None:
        """Whatever comes first counts, and nothing after it."""
        hear(stream)
        finaliser.drain(10)
        for other in (stream.exhausted, stream.closed, stream.dropped):
            other()
        stream.failed(ValueError())
        finaliser.drain(10)

        assert [ending] == ear.endings

    def test_dropped_does_nothing_where_it_is_called(self, stream: ByteStream, ear: Ear) -> None:
        """A finaliser runs inside anybody's locks: the end is told by our own thread."""
        told: list[str] = []
        stream.dropped()
        finaliser.later(lambda: told.extend(ear.endings))
        finaliser.drain(10)

        assert [ABANDONED] == told

    def test_a_fault_is_reported(self, ear: Ear) -> None:
        """Closing the stream works all the same."""
        before = Counter(guard.faults())

        def fail(_: End) -> None:
            raise ValueError

        ByteStream(ear.begin, fail).closed()

        assert {"end of a stream": 1} == Counter(guard.faults()) - before


def boom(*_: object) -> Any:
    """Fail at reading."""
    msg = "no such shape"
    raise ValueError(msg)


class TestReader:
    @pytest.fixture(autouse=True)
    def fresh(self, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
        """Count the faults from here on."""
        monkeypatch.setattr(guard, "_last_said", {})
        return Counter(guard.faults())

    def read(self, server: ReplayServer, *, stream: bool, monkeypatch: pytest.MonkeyPatch, **readers: Any) -> bytes:
        """Read an answer that our reader cannot read."""
        wire = replace(table.WIRES["/chat/completions"], **readers)
        monkeypatch.setitem(table.WIRES, "/chat/completions", wire)
        server.answer(openai_chat("Hello there.", stream=stream))
        with (
            httpx2.Client() as client,
            client.stream("POST", f"{server.url}/chat/completions", json=ASKED | {"stream": stream}) as response,
        ):
            return response.read()

    @pytest.mark.parametrize(("stream", "reader"), [(True, "read_stream"), (False, "read_response")])
    def test_that_fails_costs_its_reading(  # noqa: PLR0913 - fixtures
        self,
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
        monkeypatch: pytest.MonkeyPatch,
        fresh: Counter[str],
        *,
        stream: bool,
        reader: str,
    ) -> None:
        """The program reads its answer; the call is recorded without what was answered, and the fault is counted."""
        body = self.read(orchestrace_server, stream=stream, monkeypatch=monkeypatch, **{reader: boom})
        span = orchestrace_spans.one("chat m")

        assert b"Hello" in body
        assert {"reading an answer": 1} == Counter(guard.faults()) - fresh
        assert ("UNSET", False) == (span.status, "gen_ai.output.messages" in span.attributes)
        assert "gen_ai.input.messages" in span.attributes

    def test_of_the_request_costs_the_span(
        self,
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
        monkeypatch: pytest.MonkeyPatch,
        fresh: Counter[str],
    ) -> None:
        """A request that cannot be read is sent all the same."""
        body = self.read(orchestrace_server, stream=True, monkeypatch=monkeypatch, read_request=boom)

        assert b"Hello" in body
        assert {"begin of a call": 1} == Counter(guard.faults()) - fresh
        assert [] == list(orchestrace_spans)

    def test_of_a_refusal_leaves_that_it_was_one(
        self,
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
        monkeypatch: pytest.MonkeyPatch,
        fresh: Counter[str],
    ) -> None:
        """An error whose body cannot be read is an error."""
        wire = replace(table.WIRES["/chat/completions"], read_failure=boom)
        monkeypatch.setitem(table.WIRES, "/chat/completions", wire)
        orchestrace_server.answer(replace(openai_chat(), status=400))
        with httpx2.Client() as client:
            status = client.post(f"{orchestrace_server.url}/chat/completions", json=ASKED).status_code
        span = orchestrace_spans.one("chat m")

        assert 400 == status
        assert {"reading an answer": 1} == Counter(guard.faults()) - fresh
        assert ("ERROR", "_OTHER", "error") == (
            span.status,
            span.attributes["error.type"],
            span.attributes["orchestrace.ending"],
        )


class TestHeldIterator:
    def test_goes_on_when_the_stream_itself_is_dropped(
        self, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """Whoever holds the iterator alone still reads: nothing is abandoned."""
        orchestrace_server.answer(openai_chat("Hello there.", stream=True))
        client = httpx2.Client()
        asked = ASKED | {"stream": True}
        request = client.build_request("POST", f"{orchestrace_server.url}/chat/completions", json=asked)

        def chunks() -> Iterator[bytes]:
            return iter(client.send(request, stream=True).stream)  # type: ignore[arg-type] # a client of this colour

        held = chunks()
        gc.collect()
        finaliser.drain(10)
        list(held)
        client.close()

        assert "drained" == orchestrace_spans.attributes("chat m")["orchestrace.ending"]
