from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from orchestrace.exceptions import SourceError
from orchestrace.sources.inquiry import Inquiry, without_password
from orchestrace.testing import Answer, Pause, ReplayServer
from orchestrace.testing.replay import refused_endpoint


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """Run a server."""
    with ReplayServer() as running:
        yield running


class TestGet:
    def test_sends_headers_and_parameters(self, server: ReplayServer) -> None:
        """As they were given."""
        server.answer(Answer(body={"a": 1}), path="/x", method="GET")
        found = Inquiry({"Authorization": "Bearer k"}).document(f"{server.url}/x", q="é&")

        assert {"a": 1} == found
        assert ("q=%C3%A9%26", "Bearer k") == (server.requests[0].query, server.requests[0].headers["authorization"])

    def test_what_is_not_there_is_missing(self, server: ReplayServer) -> None:
        """With what the server says of it."""
        server.answer(Answer(404, body="404 page not found"), times=2, method="GET")
        answer = Inquiry().get(server.url)

        assert (True, b"404 page not found") == (answer.missing, answer.body)
        assert None is Inquiry().document(server.url)

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (Answer(401), r"wants to know who asks \(HTTP 401\): give --header"),
            (Answer(403, body="<html>"), r"HTTP 403"),
            (
                Answer(302, {"Location": "https://login.example/?next=x"}),
                r"sends elsewhere, to https://login\.example/",
            ),
            (
                Answer(200, {"Content-Type": "text/html"}, "\n<!doctype html>"),
                r"answers with a page \(HTML\), not JSON",
            ),
            (Answer(500, body="storage\nis down"), r"HTTP 500: storage is down\."),
            (Answer(503), r"HTTP 503: Service Unavailable\."),
            (Answer(200, body="nonsense"), r"The answer of http://127\S+ is not JSON"),
        ],
    )
    def test_anything_else_is_an_error_that_says_what_to_do(
        self, server: ReplayServer, answer: Answer, message: str
    ) -> None:
        """Also where a proxy, or another program, answers."""
        server.answer(answer, method="GET")
        with pytest.raises(SourceError, match=message):
            Inquiry().document(server.url)

    def test_a_redirection_gets_no_header(self, server: ReplayServer) -> None:
        """A key goes to nobody but whom it was meant for."""
        server.answer(Answer(302, {"Location": f"{server.url}/other"}), method="GET")
        with pytest.raises(SourceError):
            Inquiry({"X-Key": "secret"}).get(server.url)

        assert 1 == len(server.requests)

    def test_silence_has_an_end(self, server: ReplayServer) -> None:
        """The message says how to wait longer."""
        server.answer(Answer(before=Pause(until=threading.Event())), method="GET")
        with pytest.raises(SourceError, match=r"no answer within 0\.2 s: see --timeout"):
            Inquiry(timeout=0.2).get(server.url)

    def test_nobody_listens(self) -> None:
        """It says where Jaeger does."""
        with refused_endpoint() as url, pytest.raises(SourceError, match=r"cannot be reached: .* 16686"):
            Inquiry().get(url)

    @pytest.mark.parametrize("url", ["http://", "http://[::1", "http://a b"])
    def test_no_address(self, url: str) -> None:
        """An error of ours."""
        with pytest.raises(SourceError):
            Inquiry(timeout=1).get(url)

    def test_a_password_is_not_printed(self) -> None:
        """Nor kept in a representation."""
        assert "http://host:1/p" == without_password("http://user:secret@host:1/p")
        assert "secret" not in repr(Inquiry({"Authorization": "secret"}))
