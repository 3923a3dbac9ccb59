from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import requests
from urllib3.util import Timeout

from orchestrace.export.http_post import HttpPost
from orchestrace.export.receiver import resolve

SECONDS = Timeout(total=10)


class Server(HTTPServer):
    """A receiver that gives the same cookie with each answer, if it has one, and keeps what it is sent."""

    cookie = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str | None, bytes]] = []
        """The address, the cookie and the body of each request."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.path, self.headers["cookie"], body))
        self.send_response(200)
        self.send_header("content-length", "0")
        if self.server.cookie:
            self.send_header("set-cookie", self.server.cookie)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a receiver for as long as a test lasts."""
    with Server() as one:
        thread = Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        yield one
        one.shutdown()
        thread.join()


@pytest.fixture
def post_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], HttpPost]]:
    """Make what posts the traces of an endpoint, with no proxies around."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with requests.Session() as session:

        def one(endpoint: str) -> HttpPost:
            found = resolve(endpoint=endpoint)
            assert found is not None
            return HttpPost(session, found.targets["traces"], {"x-mine": "yes"})

        yield one


class TestHttpPost:
    def test_every_request_has_its_own_body(self, post_to: Callable[[str], HttpPost], server: Server) -> None:
        """And the same address."""
        post = post_to(server.url)

        assert [200] * 3 == [post.send(body, SECONDS).status_code for body in (b"one", b"", b"three")]
        assert [("/v1/traces", None, body) for body in (b"one", b"", b"three")] == server.seen

    def test_the_environment_is_read_once(
        self, post_to: Callable[[str], HttpPost], server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A proxy that comes later is seen as soon as something was forgotten."""
        post = post_to("http://collector.example:4318")
        monkeypatch.setenv("http_proxy", server.url)
        post.send(b"1", SECONDS)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        post.send(b"2", SECONDS)
        monkeypatch.setenv("http_proxy", server.url)
        post.forget()
        post.send(b"3", SECONDS)

        assert [b"1", b"2", b"3"] == [body for *_, body in server.seen]

    def test_a_cookie_of_the_receiver_s_goes_along(self, post_to: Callable[[str], HttpPost], server: Server) -> None:
        """A balancer finds the same one of several receivers by it."""
        server.cookie = "via=a; Path=/"
        post = post_to(server.url)
        post.send(b"1", SECONDS)
        server.cookie = "via=b; Path=/"
        post.send(b"2", SECONDS)
        post.send(b"3", SECONDS)

        assert [None, "via=a", "via=b"] == [cookie for _, cookie, _ in server.seen]
