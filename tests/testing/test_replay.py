from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import anthropic
import httpx
import openai
import pytest

from orchestrace.testing import (
    Answer,
    Pause,
    Recording,
    ReplayServer,
    Request,
    UnexpectedRequestError,
    refused_endpoint,
    server_sent_event,
)

PATIENCE = 10.0


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """Return a server that runs for the test."""
    with ReplayServer() as server:
        yield server


def post(server: ReplayServer, path: str = "/") -> str:
    """Ask once, over a connection of its own, and return the answer's text."""
    return httpx.post(server.url + path, trust_env=False, timeout=PATIENCE).text


class TestQueue:
    def test_answers_come_in_order(self, server: ReplayServer) -> None:
        """The first request gets the first answer."""
        for text in ("one", "two"):
            server.answer(Answer(body=text))

        assert ["one", "two"] == [post(server), post(server)]

    def test_path_has_its_own_order(self, server: ReplayServer) -> None:
        """An answer for a path waits for a request to that path."""
        server.answer(Answer(body="a1"), path="/a")
        server.answer(Answer(body="b1"), path="/b")
        server.answer(Answer(body="a2"), path="/a")

        assert ["b1", "a1", "a2"] == [post(server, path) for path in ("/b?query=ignored", "/a", "/a")]

    def test_path_is_compared_unquoted(self, server: ReplayServer) -> None:
        """However a client writes a colon, it is the same path."""
        server.answer(Answer(body="found"), path="/model/a:0/invoke")

        assert "found" == post(server, "/model/a%3A0/invoke")

    def test_method_has_to_fit(self, server: ReplayServer) -> None:
        """An answer for GET is not given to POST."""
        server.answer(Answer(body="got"), method="GET")
        server.answer(Answer(body="posted"))

        assert ("posted", "got") == (post(server), httpx.get(server.url, trust_env=False).text)

    def test_answer_can_repeat(self, server: ReplayServer) -> None:
        """An answer is given as often as it was queued for."""
        server.answer(Answer(body="a"), times=2)
        server.answer(Answer(body="b"), times=None)

        assert ["a", "a", "b", "b", "b"] == [post(server) for _ in range(5)]

    def test_answer_can_be_made_from_the_request(self, server: ReplayServer) -> None:
        """A function sees what was asked: the way for requests whose order nobody knows."""
        server.answer(lambda request: Answer(body=request.path), times=None)
        with ThreadPoolExecutor(8) as pool:
            paths = [f"/{number}" for number in range(32)]

            assert paths == list(pool.map(lambda path: post(server, path), paths))

    def test_requests_are_served_side_by_side(self, server: ReplayServer) -> None:
        """A request that waits does not hold up another."""
        go = threading.Event()
        server.answer(Answer(body="late", before=Pause(until=go)), path="/late")
        server.answer(Answer(body="early"), path="/early")
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(post, server, "/late")
            server.wait_for_requests()
            early = post(server, "/early")
            go.set()

            assert ("early", "late") == (early, late.result(PATIENCE))


class TestUnexpected:
    def test_request_without_an_answer_fails_the_test(self) -> None:
        """The client gets 500 and the reason, and the block ends with an assertion."""
        expected = "POST /b: no answer is queued; queued are: POST /a"
        with pytest.raises(UnexpectedRequestError, match=f"^{expected}$"), ReplayServer() as server:  # noqa: PT012 - it raises at its end
            server.answer(Answer(), path="/a")
            response = httpx.post(server.url + "/b", trust_env=False)

        assert (500, expected) == (response.status_code, response.json()["error"]["message"])
        assert ["POST /b"] == [str(request) for request in server.unexpected]

    def test_reply_that_raises_fails_the_test(self) -> None:
        """A mistake in a test's own function is told where it is seen."""

        def reply(request: Request) -> Answer:
            raise KeyError(request.path)

        failed = pytest.raises(UnexpectedRequestError, match="POST /: its reply raised KeyError: '/'")
        with failed, ReplayServer() as server:
            server.answer(reply)
            post(server)

    def test_error_of_the_test_comes_first(self) -> None:
        """What the test itself raised is not hidden."""
        with pytest.raises(ZeroDivisionError), ReplayServer() as server:  # noqa: PT012 - one act and its failure
            post(server)
            raise ZeroDivisionError

    def test_sdk_shows_the_reason(self) -> None:
        """Whoever reads the SDK's exception sees which answer is missing."""
        with pytest.raises(UnexpectedRequestError), ReplayServer() as server:  # noqa: PT012 - the block raises at its end
            client = openai.OpenAI(base_url=server.url + "/v1", api_key="test", max_retries=0)
            with client, pytest.raises(openai.InternalServerError, match="no answer is queued; queued are: none"):
                client.chat.completions.create(model="m", messages=[])


class TestRequests:
    def test_are_waited_for(self, server: ReplayServer) -> None:
        """A test can wait until a request of another thread is there."""
        server.answer(Answer(), times=2)
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(post, server, path) for path in ("/a", "/b")]
            arrived = server.wait_for_requests(2)
            [one.result(PATIENCE) for one in done]

        assert {"/a", "/b"} == {request.path for request in arrived}

    def test_that_never_come_are_told(self, server: ReplayServer) -> None:
        """Waiting ends with an assertion that says what did arrive."""
        server.answer(Answer())
        post(server, "/a")
        with pytest.raises(AssertionError, match=r"1 of 2 requests arrived within 0 s: POST /a\."):
            server.wait_for_requests(2, timeout=0)


class TestReplay:
    def test_recorded_request_gets_the_recorded_answer(self, recorded: list[Recording]) -> None:
        """Every recording comes back over HTTP as it was recorded, whatever its format."""
        with ReplayServer() as server, httpx.Client(trust_env=False) as client:
            for one in recorded:
                server.replay(one)
            responses = [
                client.request(one.request.method, f"{server.url}{one.request.path}?{one.request.query}")
                for one in recorded
            ]

        assert [(one.name, one.status, one.body) for one in recorded] == [
            (one.name, response.status_code, response.content)
            for one, response in zip(recorded, responses, strict=True)
        ]

    def test_path_can_be_another(self, server: ReplayServer, recorded: list[Recording]) -> None:
        """A client with another base URL asks elsewhere."""
        server.replay(recorded[0], path="/elsewhere")

        assert recorded[0].body.decode() == post(server, "/elsewhere")

    def test_openai_sdk_reads_its_recordings(self, server: ReplayServer, recorded: list[Recording]) -> None:
        """The SDK streams a recorded answer to its end."""
        (one,) = [one for one in recorded if one.name == "openai/chat.completions-stream-basic-gpt-5.1"]
        server.replay(one)
        with openai.OpenAI(base_url=server.url + "/v1", api_key="test", max_retries=0) as client:
            chunks = list(client.chat.completions.create(**one.request.json()))

        assert one.body.count(b"data: {") == len(chunks)

    def test_anthropic_sdk_reads_its_recordings(self, server: ReplayServer, recorded: list[Recording]) -> None:
        """The SDK streams a recorded answer to its end."""
        (one,) = [one for one in recorded if one.name == "anthropic/messages-stream-basic-claude-haiku-4-5"]
        server.replay(one)
        with anthropic.Anthropic(base_url=server.url, api_key="test", max_retries=0) as client:
            asked = {name: one.request.json()[name] for name in ("max_tokens", "messages", "model", "stream")}
            events = list(client.messages.create(**asked))

        assert ("message_start", "message_stop") == (events[0].type, events[-1].type)


class TestClosing:
    def test_leaves_no_thread_and_no_socket(self) -> None:
        """After the block everything is as before, although a client still holds its connection."""
        before = set(threading.enumerate())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with ReplayServer() as server, httpx.Client(base_url=server.url, trust_env=False) as client:
                server.answer(Answer(), method="GET", times=None)
                client.get("/")
                server.close()
                left = set(threading.enumerate()) - before
            del server
            gc.collect()

        assert set() == left

    def test_clients_that_leave_are_survived(self, server: ReplayServer) -> None:
        """A client that goes away in the middle of a long answer harms nobody."""
        go = threading.Event()
        event = server_sent_event("x" * 100_000)
        server.answer(Answer(pieces=["data: first\n\n", Pause(until=go), *[event] * 100]))
        with httpx.stream("POST", server.url, trust_env=False) as response:
            next(response.iter_text())
        go.set()
        server.answer(Answer(body="alive"))

        assert "alive" == post(server)

    def test_twice_is_once(self) -> None:
        """Closing again does nothing; neither does closing what was never started."""
        with ReplayServer() as server:
            server.close()
        ReplayServer().close()

        assert server.closing.is_set()

    def test_port_is_free_afterwards(self) -> None:
        """Nobody answers once the block is left."""
        with ReplayServer() as server:
            pass
        with pytest.raises(httpx.ConnectError):
            post(server)


class TestRefusedEndpoint:
    def test_refuses(self) -> None:
        """A connection to it fails at once."""
        with refused_endpoint() as url, pytest.raises(httpx.ConnectError):
            httpx.post(url, trust_env=False)
