"""What a program does with the clients themselves: model calls, and all the requests that are none."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import httpx
import httpx2
import pytest
from opentelemetry import trace

from orchestrace.recording.guard import faults
from orchestrace.records import SpanRecord
from orchestrace.testing import Answer, Pause, ReplayServer, capture, openai_chat

Client: TypeAlias = Any
Library: TypeAlias = Any
Outcome: TypeAlias = Any
Response: TypeAlias = Any
"""Either library, and what is of it."""

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
CHATS = "/v1/chat/completions"


def pieces() -> Iterator[bytes]:
    """Yield a body that can be read once."""
    yield json.dumps(CHAT).encode()


async def pieces_async() -> AsyncIterator[bytes]:
    """Yield it to an async client."""
    yield json.dumps(CHAT).encode()


OTHER: dict[str, tuple[str, str, dict[str, Any]]] = {
    "GET": ("GET", CHATS, {}),
    "DELETE": ("DELETE", CHATS, {}),
    "another path": ("POST", "/v1/moderations", {"json": CHAT}),
    "embeddings of nothing": ("POST", "/v1/embeddings", {"json": {"input": "Hi"}}),
    "a search": ("POST", "/v1/completions", {"json": {"prompt": "Hi"}}),
    "an image of somebody": ("POST", "/images/generations", {"json": {"model": "m", "prompt": "our secret"}}),
    "a voice": (
        "POST",
        "/audio/transcriptions",
        {"files": {"file": ("a", b"a")}, "headers": {"content-type": "multipart/form-data; boundary=x"}},
    ),
    "a response": ("GET", "/v1/responses/resp_1", {}),
    "a function": ("POST", "/invoke", {"json": {**CHAT, "max_tokens": 1}}),
    "count of tokens": ("POST", "/v1/messages/count_tokens", {"json": {**CHAT, "max_tokens": 1}}),
    "batches": ("POST", "/v1/messages/batches", {"json": {"requests": [{"custom_id": "1", "params": CHAT}]}}),
    "a chat of people": ("POST", "/v1/messages", {"json": {"to": "ada", "text": "our secret"}}),
    "messages without roles": ("POST", CHATS, {"json": {"model": "m", "messages": ["Hi"]}}),
    "no JSON": ("POST", CHATS, {"content": b"\xff\x00"}),
    "a JSON list": ("POST", CHATS, {"json": [CHAT]}),
    "no body": ("POST", CHATS, {}),
    "form": ("POST", CHATS, {"data": {"model": "m"}}),
    "upload": (
        "POST",
        "/v1/messages",
        {"files": {"file": ("a.txt", b"abc")}, "headers": {"content-type": "multipart/form-data; boundary=x"}},
    ),
}


def asked(library: Library, use: Callable[[Client], Outcome], *, asynchronous: bool) -> Outcome:
    """Return what a function of a client gives, sync or async."""
    if not asynchronous:
        with library.Client(verify=PLAIN) as client:
            return use(client)

    async def run() -> Outcome:
        async with library.AsyncClient(verify=PLAIN) as client:
            return await use(client)

    return asyncio.run(run())


def seen_by(server: ReplayServer) -> list[Any]:
    """Return what has arrived since the last time, to the byte."""
    count = getattr(server, "looked", 0)
    server.looked = len(server.requests)
    return [(str(one), one.query, dict(one.headers), one.body) for one in server.requests[count:]]


@LIBRARIES
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
class TestOtherTraffic:
    @pytest.mark.parametrize("name", OTHER)
    def test_is_left_alone(
        self, library: Library, name: str, orchestrace_server: ReplayServer, *, asynchronous: bool
    ) -> None:
        """What is no model call has no span, and is sent and answered as it is without us."""
        method, path, more = OTHER[name]
        orchestrace_server.answer(Answer(body={"ok": True}), path=path, method=method, times=2)

        def use(client: Client) -> Outcome:
            return client.request(method, orchestrace_server.url + path, **more)

        before = faults()
        bare = asked(library, use, asynchronous=asynchronous)
        sent = seen_by(orchestrace_server)
        with capture() as spans:
            tapped = asked(library, use, asynchronous=asynchronous)

        assert (sent, bare.content, type(bare.stream)) == (
            seen_by(orchestrace_server),
            tapped.content,
            type(tapped.stream),
        )
        assert ([], [], before) == (list(spans), spans.running, faults())

    def test_body_that_can_be_read_once(
        self, library: Library, orchestrace_server: ReplayServer, *, asynchronous: bool
    ) -> None:
        """A body that the program makes piece by piece is not read by us."""
        orchestrace_server.answer(openai_chat())
        before = faults()
        content = pieces_async() if asynchronous else pieces()
        with capture() as spans:
            asked(
                library,
                lambda client: client.post(orchestrace_server.url + CHATS, content=content),
                asynchronous=asynchronous,
            )

        assert ([], [json.dumps(CHAT).encode()], before) == (
            list(spans),
            [request.body for request in orchestrace_server.requests],
            faults(),
        )


@LIBRARIES
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
class TestModelCall:
    def test_nothing_leaves_with_the_request(
        self, library: Library, orchestrace_server: ReplayServer, *, asynchronous: bool
    ) -> None:
        """Inside of a span too, a request carries the program's own headers and no other."""
        orchestrace_server.answer(openai_chat(), times=2)

        def use(client: Client) -> Outcome:
            return client.post(orchestrace_server.url + CHATS, json=CHAT)

        asked(library, use, asynchronous=asynchronous)
        sent = seen_by(orchestrace_server)
        with capture(as_global=True) as spans, trace.get_tracer("theirs").start_as_current_span("theirs"):
            asked(library, use, asynchronous=asynchronous)

        assert (sent, ["chat m", "theirs"]) == (seen_by(orchestrace_server), [span.name for span in spans])

    def test_each_attempt_is_a_call(
        self, library: Library, orchestrace_server: ReplayServer, *, asynchronous: bool
    ) -> None:
        """Where no SDK says that requests belong together, each stands for itself."""
        orchestrace_server.answer(Answer(429, body={"error": {"message": "Wait."}}))
        orchestrace_server.answer(openai_chat())

        def use(client: Client) -> Outcome:
            return client.post(orchestrace_server.url + CHATS, json=CHAT)

        with capture() as spans:
            asked(library, use, asynchronous=asynchronous)
            asked(library, use, asynchronous=asynchronous)

        assert [("error", "Wait.", 1), ("returned", None, 1)] == [
            (span.attributes["orchestrace.ending"], span.status_message, span.attributes["orchestrace.attempts"])
            for span in spans
        ]


PROVIDER = "http://api.openai.com/v1"
BODIES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any] | None]] = {
    "read once": ("/chat/completions", {"content": pieces}, "chat", None),
    "no JSON": ("/chat/completions", {"content": b"\xff"}, "chat", None),
    "form": (
        "/audio/transcriptions",
        {"data": {"model": "m", "language": "de"}, "files": {"file": ("a.mp3", b"abc")}},
        "generate_content m",
        {"model": "m", "language": "de"},
    ),
}


@LIBRARIES
class TestBodyThatIsNotRead:
    @pytest.mark.parametrize("name", BODIES)
    def test_call_to_a_known_host(self, library: Library, name: str, orchestrace_server: ReplayServer) -> None:
        """What goes to a provider is a call, also if we may not read it; it is sent whole. A form tells its fields."""
        path, body, span, told = BODIES[name]
        orchestrace_server.answer(Answer(body={"text": "Hi"}), path=None)
        with capture() as spans, library.Client(proxy=orchestrace_server.url, verify=PLAIN) as client:
            client.post(PROVIDER + path, **{key: value() if callable(value) else value for key, value in body.items()})
        [request], [seen] = orchestrace_server.requests, spans
        said = seen.attributes.get("orchestrace.request.parameters")

        assert (span, "openai", told) == (
            seen.name,
            seen.attributes["gen_ai.provider.name"],
            said if said is None else json.loads(said),
        )
        assert {"read once": json.dumps(CHAT).encode(), "no JSON": b"\xff"}.get(name, b"abc") in request.body

    @pytest.mark.parametrize("path", ["/images/edits", "/moderations", "/audio/speech", "/batches", "/responses/r"])
    def test_host_that_looks_like_one(self, library: Library, path: str, orchestrace_server: ReplayServer) -> None:
        """Whoever has a name like a provider's is none."""
        fake = PROVIDER.replace("api.openai.com", "evilapi.openai.com.example.com")
        orchestrace_server.answer(Answer(body={"text": "Hi"}), path=None, method=None, times=2)
        with capture() as spans, library.Client(proxy=orchestrace_server.url, verify=PLAIN) as client:
            client.post(fake + path, json={"model": "m", "input": "our secret", "prompt": "our secret"})
            client.get(fake + path)

        assert [] == list(spans)


def halting() -> Answer:
    """Return a stream that stops after two of its pieces, until the client leaves."""
    whole = openai_chat(["Hello ", "there."], stream=True)
    return Answer(pieces=[*whole.pieces[:2], Pause(60.0), *whole.pieces[2:]])


def outcome(use: Callable[[], Outcome]) -> Outcome:
    """Return what a call gives, or the type and the words of what it raises."""
    try:
        return use()
    except Exception as error:
        return type(error).__name__, str(error)


async def outcome_async(use: Callable[[], Outcome]) -> Outcome:
    """Do the same for what is to be awaited."""
    try:
        return await use()
    except Exception as error:
        return type(error).__name__, str(error)


def facts(library: Library, response: Response) -> list[Any]:
    """Return what can be seen of a response at any time."""
    return [
        response.status_code,
        response.is_closed,
        response.is_stream_consumed,
        response.num_bytes_downloaded,
        type(outcome(lambda: response.elapsed)).__name__,
        type(outcome(lambda: response.content)).__name__,
        isinstance(response.stream, library.SyncByteStream),
        isinstance(response.stream, library.AsyncByteStream),
        response.headers.get("content-type"),
    ]


def life_of_a_response(library: Library, url: str) -> Callable[[Client], Outcome]:
    """Return a function that uses a streamed response in many ways, and says what it saw."""

    def use(client: Client) -> Outcome:
        request = client.build_request("POST", url, json={**CHAT, "stream": True})
        response = client.send(request, stream=True)
        seen = [facts(library, response), outcome(lambda: asyncio.run(response.aclose()))]
        lines = response.iter_lines()
        seen += [next(lines), facts(library, response), outcome(lambda: next(response.iter_raw()))]
        seen += [outcome(response.read), response.close(), response.close(), facts(library, response)]
        seen += [outcome(lambda: next(response.iter_raw())), pickle.loads(pickle.dumps(response)).status_code]  # noqa: S301 - our own
        return seen

    return use


def life_of_an_async_response(library: Library, url: str) -> Callable[[Client], Outcome]:
    """Do the same with an async client."""

    async def use(client: Client) -> Outcome:
        request = client.build_request("POST", url, json={**CHAT, "stream": True})
        response = await client.send(request, stream=True)
        seen = [facts(library, response), outcome(response.close)]
        lines = response.aiter_lines()
        seen += [await lines.__anext__(), facts(library, response)]
        seen += [await outcome_async(response.aiter_raw().__anext__), await outcome_async(response.aread)]
        seen += [await response.aclose(), await response.aclose(), facts(library, response)]
        seen += [await outcome_async(response.aiter_raw().__anext__)]
        await lines.aclose()
        return [*seen, pickle.loads(pickle.dumps(response)).status_code]  # noqa: S301 - our own

    return use


@LIBRARIES
class TestResponse:
    @pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
    def test_behaves_as_without_us(
        self, library: Library, orchestrace_server: ReplayServer, *, asynchronous: bool
    ) -> None:
        """All that a program can see of a response is the same at each moment of its life."""
        orchestrace_server.answer(halting(), times=2)
        life = life_of_an_async_response if asynchronous else life_of_a_response
        use = life(library, orchestrace_server.url + CHATS)

        bare = asked(library, use, asynchronous=asynchronous)
        with capture() as spans:
            tapped = asked(library, use, asynchronous=asynchronous)

        assert (bare, ["abandoned"]) == (tapped, [span.attributes["orchestrace.ending"] for span in spans])

    def test_read_by_a_hook(self, library: Library, orchestrace_server: ReplayServer) -> None:
        """A response that a hook of the program has read already is recorded."""
        orchestrace_server.answer(openai_chat("Hello.", stream=True))
        hooks = {"response": [lambda response: response.read()]}
        with capture() as spans, library.Client(verify=PLAIN, event_hooks=hooks) as client:
            client.post(orchestrace_server.url + CHATS, json={**CHAT, "stream": True})

        assert ["Hello."] == [part["content"] for part in answered(spans[0])]

    def test_closed_by_a_hook(self, library: Library, orchestrace_server: ReplayServer) -> None:
        """A response that a hook has closed unread has an end all the same."""
        orchestrace_server.answer(openai_chat())
        hooks = {"response": [lambda response: response.close()]}
        with capture() as spans, library.Client(verify=PLAIN, event_hooks=hooks) as client:
            request = client.build_request("POST", orchestrace_server.url + CHATS, json=CHAT)
            client.send(request, stream=True)

        assert ["abandoned"] == [span.attributes["orchestrace.ending"] for span in spans]

    def test_redirected(self, library: Library, orchestrace_server: ReplayServer) -> None:
        """A request that is sent on to another address is one call."""
        orchestrace_server.answer(Answer(307, {"location": "/elsewhere"}), path=CHATS)
        orchestrace_server.answer(openai_chat(), path="/elsewhere")
        with capture() as spans, library.Client(verify=PLAIN, follow_redirects=True) as client:
            client.post(orchestrace_server.url + CHATS, json=CHAT)

        assert [("chat m", "returned")] == [(span.name, span.attributes["orchestrace.ending"]) for span in spans]

    def test_left_before_the_end_of_a_document(self, library: Library, orchestrace_server: ReplayServer) -> None:
        """An answer that is no stream and that nobody reads to its end was abandoned."""
        whole = openai_chat().content()
        orchestrace_server.answer(
            Answer(headers={"content-type": "application/json"}, pieces=[whole[:40], Pause(60.0), whole[40:]])
        )
        with capture() as spans, library.Client(verify=PLAIN) as client:
            with client.stream("POST", orchestrace_server.url + CHATS, json=CHAT) as response:
                next(response.iter_raw())
            ended = list(spans)

        assert [("abandoned", None)] == [
            (span.attributes["orchestrace.ending"], span.attributes.get("gen_ai.output.messages")) for span in ended
        ]

    def test_body_that_cannot_be_decompressed(self, library: Library, orchestrace_server: ReplayServer) -> None:
        """The program sees the library's own error, and the call has it too."""
        orchestrace_server.answer(Answer(headers={"content-encoding": "gzip"}, body=b"no gzip"))
        before = faults()
        with capture() as spans, library.Client(verify=PLAIN) as client, pytest.raises(library.DecodingError):
            client.post(orchestrace_server.url + CHATS, json=CHAT)

        assert (["error"], before) == ([span.attributes["orchestrace.ending"] for span in spans], faults())

    def test_only_its_iterator_is_held(self, library: Library, orchestrace_server: ReplayServer) -> None:
        """Whoever holds the chunks of a stream may let go of all else, and reads on."""
        orchestrace_server.answer(openai_chat("Hello there.", stream=True))
        with capture() as spans, library.Client(verify=PLAIN) as client:
            request = client.build_request("POST", orchestrace_server.url + CHATS, json={**CHAT, "stream": True})
            chunks = iter(client.send(request, stream=True).stream)
            gc.collect()
            first = next(chunks)
            running = len(spans.running)
            rest = b"".join(chunks)

        assert (1, True, ["drained"]) == (
            running,
            (first + rest).endswith(b"[DONE]\n\n"),
            [span.attributes["orchestrace.ending"] for span in spans],
        )


def answered(span: SpanRecord) -> list[dict[str, Any]]:
    """Return the parts of a span's only answer."""
    (message,) = json.loads(span.attributes["gen_ai.output.messages"])
    return message["parts"]
