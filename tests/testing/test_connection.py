from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from orchestrace.testing import Answer, Cut, Pause, ReplayServer, Request

PATIENCE = 10.0


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """Return a server that runs for the test."""
    with ReplayServer() as server:
        yield server


@pytest.fixture
def client(server: ReplayServer) -> Iterator[httpx.Client]:
    """Return a client whose base is the server."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=PATIENCE) as client:
        yield client


def raw(server: ReplayServer, request: bytes) -> bytes:
    """Send bytes as they are, and return all that comes back until the server closes."""
    address = httpx.URL(server.url)
    with socket.create_connection((address.host, address.port), PATIENCE) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class TestRequests:
    def test_arrive_as_they_were_sent(self, server: ReplayServer, client: httpx.Client) -> None:
        """Method, path, query, headers and body are kept."""
        server.answer(Answer(), method="PUT")
        client.put("/a%20b?c=d&e=", headers={"X-Key": "1"}, content=b"\x00body")
        (request,) = server.requests

        assert Request("PUT", "/a%20b", "c=d&e=", request.headers, b"\x00body") == request
        assert ("1", "5") == (request.headers["x-key"], request.headers["content-length"])

    def test_repeated_header_is_joined(self, server: ReplayServer, client: httpx.Client) -> None:
        """Two headers of one name are one list."""
        server.answer(Answer(), method="GET")
        client.get("/", headers=[("x-tag", "a"), ("x-tag", "b")])

        assert "a, b" == server.requests[0].headers["x-tag"]

    def test_chunked_body_is_put_together(self, server: ReplayServer, client: httpx.Client) -> None:
        """A body that the client streams arrives whole."""
        server.answer(Answer())
        client.post("/", content=iter([b"one ", b"two"]))

        assert b"one two" == server.requests[0].body

    def test_connection_is_kept(self, server: ReplayServer, client: httpx.Client) -> None:
        """A second request comes over the same connection."""
        server.answer(Answer(), method="GET", times=2)
        ports = [client.get("/").extensions["network_stream"].get_extra_info("client_addr")[1] for _ in range(2)]

        assert ports[0] == ports[1]

    @pytest.mark.parametrize(
        "request_bytes",
        [
            b"POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nshort",
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
            b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
            b"POST / HTT",
            b"",
        ],
    )
    def test_half_a_request_is_none(self, server: ReplayServer, request_bytes: bytes) -> None:
        """A client that leaves while it asks leaves nothing behind, and the server goes on."""
        address = httpx.URL(server.url)
        with socket.create_connection((address.host, address.port), PATIENCE) as connection:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            b"".join(iter(lambda: connection.recv(65536), b""))
        server.answer(Answer(body="alive"))

        assert ("alive", 1) == (httpx.post(server.url, trust_env=False).text, len(server.requests))


class TestAnswers:
    @pytest.mark.parametrize("status", [200, 404, 429, 529])
    def test_status_and_headers_are_sent(self, server: ReplayServer, client: httpx.Client, status: int) -> None:
        """The client sees the status, the headers and the body."""
        server.answer(Answer(status, {"retry-after": "1"}, {"ok": True}))
        response = client.post("/")

        assert (status, "1", {"ok": True}) == (response.status_code, response.headers["retry-after"], response.json())

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    @pytest.mark.parametrize("streaming", [False, True])
    def test_compressed_answer_is_understood(
        self, server: ReplayServer, client: httpx.Client, encoding: str, *, streaming: bool
    ) -> None:
        """A client that accepts the encoding reads the text."""
        body = {"pieces": ["Hello ", "there."]} if streaming else {"body": "Hello there."}
        server.answer(Answer(encoding=encoding, **body))  # type: ignore[arg-type]
        response = client.post("/")

        assert ("Hello there.", encoding) == (response.text, response.headers["content-encoding"])

    def test_head_is_all_that_head_gets(self, server: ReplayServer, client: httpx.Client) -> None:
        """HEAD is answered without a body, and the connection stays usable."""
        server.answer(Answer(body="four"), method=None, times=2)
        head, got = client.head("/"), client.get("/")

        assert ("4", "", "four") == (head.headers["content-length"], head.text, got.text)

    def test_close_is_honoured(self, server: ReplayServer) -> None:
        """With `connection: close` the server closes after the answer."""
        server.answer(Answer(headers={"connection": "close"}, body="bye"), method="GET")

        assert raw(server, b"GET / HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\nbye")


class TestPauses:
    def test_piece_waits_for_the_test(self, server: ReplayServer, client: httpx.Client) -> None:
        """The second piece is sent when the test says so, and not before."""
        go = threading.Event()
        server.answer(Answer(pieces=["first", Pause(until=go), "second"]))
        with client.stream("POST", "/") as response:
            pieces = response.iter_text()
            seen = [next(pieces)]
            waiting = not go.is_set()
            go.set()
            seen += list(pieces)

        assert (["first", "second"], True) == (seen, waiting)

    def test_answer_can_be_late(self, server: ReplayServer, client: httpx.Client) -> None:
        """A pause before the head runs into the client's timeout."""
        server.answer(Answer(before=Pause()))
        with pytest.raises(httpx.ReadTimeout):
            client.post("/", timeout=0.05)

    def test_time_passes(self, server: ReplayServer, client: httpx.Client) -> None:
        """A pause without an event ends by itself, as does one whose event never comes."""
        server.answer(Answer(pieces=["a", Pause(0.01), "b", Pause(0.01, threading.Event()), "c"]))

        assert "abc" == client.post("/").text

    def test_closing_server_ends_a_pause(self) -> None:
        """Leaving the block does not wait for an event that nobody sets."""
        with ReplayServer() as server:
            server.answer(Answer(before=Pause(until=threading.Event(), seconds=60)))
            address = httpx.URL(server.url)
            connection = socket.create_connection((address.host, address.port), PATIENCE)
            connection.sendall(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
            server.wait_for_requests()
        with connection:
            assert b"" == connection.recv(1)


class TestCuts:
    def test_stream_lacks_its_end(self, server: ReplayServer, client: httpx.Client) -> None:
        """A cut stream gives what came, then fails."""
        server.answer(Answer(pieces=["data: 1\n\n", Cut(), "data: 2\n\n"]))
        seen = []
        with client.stream("POST", "/") as response, pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            seen.extend(response.iter_text())

        assert ["data: 1\n\n"] == seen

    def test_body_lacks_its_rest(self, server: ReplayServer, client: httpx.Client) -> None:
        """A body shorter than announced fails too."""
        server.answer(Answer(headers={"content-length": "10"}, body="abc"))
        with pytest.raises(httpx.RemoteProtocolError, match="received 3 bytes, expected 10"):
            client.post("/")

    def test_connection_is_reset(self, server: ReplayServer, client: httpx.Client) -> None:
        """A reset is seen by the client as one."""
        read = threading.Event()
        server.answer(Answer(pieces=["data: 1\n\n", Pause(until=read), Cut(reset=True)]))
        with client.stream("POST", "/") as response:
            pieces = response.iter_text()
            next(pieces)
            read.set()
            with pytest.raises(httpx.ReadError, match="reset"):
                next(pieces)

    def test_nothing_is_answered(self, server: ReplayServer, client: httpx.Client) -> None:
        """A cut before the head is a server that hung up."""
        server.answer(Answer(before=Cut()))
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            client.post("/")

    def test_next_request_is_served(self, server: ReplayServer, client: httpx.Client) -> None:
        """A cut ends one connection, not the server."""
        server.answer(Answer(before=Cut(reset=True)))
        server.answer(Answer(body="alive"))
        with pytest.raises(httpx.TransportError):
            client.post("/")

        assert "alive" == client.post("/").text
