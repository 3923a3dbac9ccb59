from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.testing import Recording, recordings


def written(folder: Path, name: str = "acme/chat-basic", **response: object) -> Path:
    """Write a recording, and return where."""
    path = folder / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    asked = {"method": "POST", "url": "https://acme.test/v1/chat?a=b", "headers": {"accept": "*/*"}}
    document = {
        "provider": path.parent.name,
        "operation": path.stem.partition("-")[0],
        "streaming": False,
        "features": ["tool-call"],
        "request": {**asked, "body_kind": "json", "body": {"model": "m"}},
        "response": {"status": 200, "headers": {}, **response},
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


class TestRecording:
    def test_says_what_it_is(self, tmp_path: Path) -> None:
        """A loaded file is known by name, provider, operation and what it shows."""
        one = Recording.load(written(tmp_path, body_kind="none"))

        assert "acme/chat-basic" == str(one) == one.name
        assert ("acme", "chat", False, {"tool-call"}) == (one.provider, one.operation, one.streaming, one.features)

    def test_request_is_what_was_sent(self, tmp_path: Path) -> None:
        """The recorded request reads like one that arrived at a server."""
        one = Recording.load(written(tmp_path, body_kind="none"))
        asked = one.request

        assert ("POST", "/v1/chat", "a=b", {"accept": "*/*"}) == (asked.method, asked.path, asked.query, asked.headers)
        assert ({"model": "m"}, "https://acme.test/v1/chat?a=b") == (asked.json(), one.url)

    @pytest.mark.parametrize(
        ("fields", "body"),
        [
            ({"body_kind": "json", "body": {"a": "é"}}, b'{"a": "\xc3\xa9"}'),
            ({"body_kind": "text", "body": "é\n"}, b"\xc3\xa9\n"),
            ({"body_kind": "base64", "body_base64": "AP8="}, b"\x00\xff"),
            ({"body_kind": "none"}, b""),
        ],
    )
    def test_body_is_read_by_its_kind(self, tmp_path: Path, fields: dict[str, object], body: bytes) -> None:
        """Whatever a body is stored as, it comes back as bytes."""
        one = Recording.load(written(tmp_path, **fields))

        assert (body, body) == (one.body, one.answer().content())


class TestAnswer:
    def test_headers_about_the_transfer_are_made_anew(self, tmp_path: Path) -> None:
        """How the bytes travelled when they were recorded says nothing about now."""
        headers = {
            "connection": "close",
            "content-encoding": "br",
            "Content-Length": "999",
            "content-type": "application/json",
            "transfer-encoding": "chunked",
            "x-id": "1",
        }
        answer = Recording.load(written(tmp_path, body_kind="json", body={}, headers=headers)).answer()

        assert {"content-type": "application/json", "x-id": "1", "content-length": "2"} == answer.head()

    @pytest.mark.parametrize(
        ("kind", "body", "pieces"),
        [
            ("text/event-stream", "data: 1\n\ndata: 2\n\n", [b"data: 1\n\n", b"data: 2\n\n"]),
            ("text/event-stream; charset=utf-8", "data: 1\r\n\r\ndata", [b"data: 1\r\n\r\n", b"data"]),
            ("application/x-ndjson", '{}\n{"a": "\u2028"}\n', [b"{}\n", b'{"a": "\xe2\x80\xa8"}\n']),
            ("application/stream+json", "{}\n", [b"{}\n"]),
        ],
    )
    def test_stream_comes_event_by_event(self, tmp_path: Path, kind: str, body: str, pieces: list[bytes]) -> None:
        """The pieces are the format's own events."""
        one = Recording.load(written(tmp_path, body_kind="text", body=body, headers={"content-type": kind}))

        assert pieces == list(one.answer().pieces or ())

    def test_stream_can_come_whole(self, tmp_path: Path) -> None:
        """Asked to, a stream is one body."""
        headers = {"content-type": "text/event-stream"}
        one = Recording.load(written(tmp_path, body_kind="text", body="data: 1\n\n", headers=headers))

        assert (None, b"data: 1\n\n") == (one.answer(whole=True).pieces, one.answer(whole=True).body)

    def test_can_be_compressed(self, tmp_path: Path) -> None:
        """Recordings are stored plain; most providers compress."""
        one = Recording.load(written(tmp_path, body_kind="json", body={}))

        assert "gzip" == one.answer(encoding="gzip").head()["content-encoding"]

    def test_pieces_of_every_recording_are_its_body(self, recorded: list[Recording]) -> None:
        """Cutting into events loses nothing."""
        assert [] == [one.name for one in recorded if one.body != one.answer().content()]

    def test_messages_of_event_streams_are_whole(self, recorded: list[Recording]) -> None:
        """Each piece of an AWS event stream is one message, of the length that it says itself."""
        streams = [one.answer().pieces or () for one in recorded if "eventstream" in one.headers["content-type"]]
        pieces = [piece for stream in streams for piece in stream if isinstance(piece, bytes)]

        assert [int.from_bytes(piece[:4], "big") for piece in pieces] == [len(piece) for piece in pieces]
        assert len(pieces) > len(streams) > 0


class TestRecordings:
    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """Return a folder with three recordings."""
        for name in ("b/chat-basic", "a/embeddings-basic", "a/chat-basic"):
            written(tmp_path, name, body_kind="none")
        return tmp_path

    @pytest.mark.parametrize(
        ("provider", "operation", "names"),
        [
            (None, None, ["a/chat-basic", "a/embeddings-basic", "b/chat-basic"]),
            ("a", None, ["a/chat-basic", "a/embeddings-basic"]),
            (None, "chat", ["a/chat-basic", "b/chat-basic"]),
            ("b", "embeddings", []),
        ],
    )
    def test_are_found_by_provider_and_operation(
        self, place: Path, provider: str | None, operation: str | None, names: list[str]
    ) -> None:
        """Only what is asked for is loaded, in order of name."""
        assert names == [one.name for one in recordings(provider, operation, folder=place)]

    def test_are_found_through_the_environment(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The folder need not be written in a test."""
        monkeypatch.setenv("ORCHESTRACE_RECORDINGS", str(place))

        assert 3 == len(recordings())

    @pytest.mark.parametrize("folder", [None, "absent"])
    def test_folder_has_to_be_there(self, folder: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A mistyped folder is told: no recordings would mean no tests."""
        monkeypatch.delenv("ORCHESTRACE_RECORDINGS", raising=False)
        with pytest.raises(ConfigurationError, match=r"no such folder\. Give one, or set ORCHESTRACE_RECORDINGS"):
            recordings(folder=folder and tmp_path / folder)
