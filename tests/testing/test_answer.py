from __future__ import annotations

import zlib
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.exceptions import ConfigurationError
from orchestrace.testing import Answer, Cut, Pause, Piece, server_sent_event

Encoding = Literal["gzip", "deflate"]
ENCODINGS = st.sampled_from([None, "gzip", "deflate"])


def sent(answer: Answer) -> bytes:
    """Return the bytes that follow the head."""
    return b"".join(step for step in answer.script() if isinstance(step, bytes))


def unchunked(data: bytes) -> tuple[list[bytes], bool]:
    """Return the chunks of a body in chunked transfer, and whether the last, empty one was there."""
    chunks: list[bytes] = []
    while data:
        size, _, rest = data.partition(b"\r\n")
        chunk, end, data = rest[: int(size, 16)], rest[int(size, 16) :][:2], rest[int(size, 16) + 2 :]
        assert b"\r\n" == end
        if not chunk:
            return chunks, data == b""
        chunks.append(chunk)
    return chunks, False


class TestBody:
    @pytest.mark.parametrize(
        ("body", "content", "kind"),
        [
            (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
            ("é", b"\xc3\xa9", "text/plain; charset=utf-8"),
            ({"a": ["é"]}, b'{"a": ["\xc3\xa9"]}', "application/json"),
            ([], b"[]", "application/json"),
            (0, b"0", "application/json"),
        ],
    )
    def test_kind_follows_from_the_value(self, body: object, content: bytes, kind: str) -> None:
        """Bytes and text are sent as they are, anything else as JSON."""
        answer = Answer(body=body)

        assert (content, kind) == (sent(answer), answer.head()["content-type"])

    def test_nothing_has_no_type(self) -> None:
        """An answer without a body says that it has none."""
        assert {"content-length": "0"} == Answer(204).head()

    def test_headers_come_first(self) -> None:
        """What a test says about the body is not overruled, however it is written."""
        answer = Answer(headers={"Content-Type": "application/problem+json", "X-Id": "1"}, body={})

        assert {"content-type": "application/problem+json", "x-id": "1", "content-length": "2"} == answer.head()

    @given(body=st.binary(), encoding=ENCODINGS)
    def test_length_is_that_of_what_is_sent(self, body: bytes, encoding: Encoding | None) -> None:
        """The content-length counts the bytes on the wire, compressed or not."""
        answer = Answer(body=body, encoding=encoding)

        assert answer.head()["content-length"] == str(len(sent(answer)))

    @given(body=st.binary(), encoding=st.sampled_from(["gzip", "deflate"]))
    def test_compressed_body_is_the_body(self, body: bytes, encoding: Encoding) -> None:
        """Who decompresses it finds what was given."""
        answer = Answer(body=body, encoding=encoding)

        assert (body, encoding) == (zlib.decompress(sent(answer), 47), answer.head()["content-encoding"])

    def test_transfer_can_be_chunked(self) -> None:
        """A body in one piece is framed if its headers say so."""
        answer = Answer(headers={"transfer-encoding": "chunked"}, body="abc")

        assert ([b"3\r\nabc\r\n", b"0\r\n\r\n"], True) == (list(answer.script()), "content-length" not in answer.head())


class TestPieces:
    @given(pieces=st.lists(st.binary() | st.text()), encoding=ENCODINGS)
    def test_chunks_are_the_pieces(self, pieces: list[Piece], encoding: Encoding | None) -> None:
        """Together the chunks are the body, and an empty piece does not end it early."""
        answer = Answer(pieces=pieces, encoding=encoding)
        chunks, complete = unchunked(sent(answer))
        body = b"".join(chunks) if encoding is None else zlib.decompress(b"".join(chunks), 47)

        assert (answer.content(), True) == (body, complete)

    @given(pieces=st.lists(st.binary(min_size=1)))
    def test_every_piece_is_a_chunk(self, pieces: list[Piece]) -> None:
        """Pieces are framed one by one."""
        assert pieces == unchunked(sent(Answer(pieces=pieces)))[0]

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_compressed_piece_is_readable_at_once(self, encoding: Encoding) -> None:
        """A client need not wait for the second piece to read the first."""
        first = next(iter(unchunked(sent(Answer(pieces=["data: 1\n\n", "data: 2\n\n"], encoding=encoding)))[0]))

        assert b"data: 1\n\n" == zlib.decompressobj(47).decompress(first)

    def test_are_events_unless_said_otherwise(self) -> None:
        """Most streams are server-sent events."""
        kinds = [
            Answer(headers=headers, pieces=[]).head() for headers in ({}, {"content-type": "application/x-ndjson"})
        ]

        assert ["text/event-stream", "application/x-ndjson"] == [head["content-type"] for head in kinds]

    def test_pause_stands_between_chunks(self) -> None:
        """What happens between the pieces happens in its place."""
        pause = Pause(0.0)

        assert [b"1\r\na\r\n", pause, b"1\r\nb\r\n", b"0\r\n\r\n"] == list(Answer(pieces=["a", pause, "b"]).script())

    @given(before=st.lists(st.text()), after=st.lists(st.text()), encoding=ENCODINGS)
    def test_cut_is_the_end(self, before: list[Piece], after: list[Piece], encoding: Encoding | None) -> None:
        """Nothing is sent after a cut, the last chunk neither."""
        steps = list(Answer(pieces=[*before, Cut(), *after], encoding=encoding).script())
        chunks, complete = unchunked(b"".join(step for step in steps if isinstance(step, bytes)))

        assert (Cut(), False) == (steps[-1], complete)
        assert len([piece for piece in before if piece]) == len(chunks)

    def test_declared_length_is_not_chunked(self) -> None:
        """With a content-length the pieces are sent as they are."""
        assert [b"ab", b"c"] == list(Answer(headers={"Content-Length": "3"}, pieces=["ab", "c"]).script())

    def test_body_that_falls_short_is_cut(self) -> None:
        """A client is not left waiting for bytes that were announced and will not come."""
        assert [b"abc", Cut()] == list(Answer(headers={"content-length": "10"}, body="abc").script())


class TestMisuse:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"body": "a", "pieces": ["b"]}, r"two bodies"),
            ({"encoding": "br"}, r"'br'.*'gzip', 'deflate' or None"),
            ({"pieces": [{"a": 1}]}, r"holds \{'a': 1\}: a piece is bytes, text, a Pause or a Cut"),
        ],
    )
    def test_is_told_where_it_is_written(self, fields: dict[str, object], words: str) -> None:
        """An answer that cannot be sent is refused in the test, not in the server."""
        with pytest.raises(ConfigurationError, match=words):
            Answer(**fields)  # type: ignore[arg-type]

    def test_body_has_to_be_json(self) -> None:
        """A body that is no JSON is refused in the test as well."""
        with pytest.raises(TypeError, match="not JSON serializable"):
            Answer(body=object())


class TestServerSentEvent:
    @pytest.mark.parametrize(
        ("data", "name", "text"),
        [
            ({"a": "é"}, None, 'data: {"a": "é"}\n\n'),
            ("[DONE]", None, "data: [DONE]\n\n"),
            ({}, "ping", "event: ping\ndata: {}\n\n"),
            ("a\nb\r\nc", None, "data: a\ndata: b\ndata: c\n\n"),
            ("", None, "data: \n\n"),
        ],
    )
    def test_is_framed(self, data: object, name: str | None, text: str) -> None:
        """Every line of the data stands on a `data:` line, and an empty line ends the event."""
        assert text == server_sent_event(data, name)
