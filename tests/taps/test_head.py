from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.messages import Failure
from orchestrace.taps.head import Head
from orchestrace.testing import openai_chat
from orchestrace.wires import openai_chat as openai_wire
from orchestrace.wires import openai_speech, openai_transcriptions
from orchestrace.wires.table import FETCHES, WIRES

EVERY = [*WIRES.values(), *FETCHES.values()]
ERROR = json.dumps({"error": {"code": "broken", "message": "It broke."}}).encode()


class TestHead:
    @pytest.mark.parametrize(("status", "refusal"), [(200, False), (307, False), (400, True), (500, True)])
    def test_refusal(self, status: int, refusal: bool) -> None:  # noqa: FBT001 - a case
        """From 400 on, HTTP says that the request failed."""
        assert refusal == Head(status).is_refusal

    @pytest.mark.parametrize(
        ("body", "failure"),
        [
            (ERROR, Failure("broken", "It broke.")),
            (b'{"error": {"code": "broken"}}', Failure("broken", "HTTP 418")),
            (b'{"error": {"message": "It broke."}}', Failure("418", "It broke.")),
            (b"<html>", Failure("418", "HTTP 418")),
            (b"[]", Failure("418", "HTTP 418")),
            (b"", Failure("418", "HTTP 418")),
        ],
    )
    def test_failure(self, body: bytes, failure: Failure) -> None:
        """A refusal is what the provider said; the status stands in for what it did not say."""
        answer = Head(418, {"content-type": "application/json"}).read(openai_wire.WIRE, body)

        assert (failure, 418, body.decode(), None) == (answer.failure, answer.status, answer.body, answer.response)

    def test_body_of_an_error_is_bounded(self) -> None:
        """Of a huge error page the beginning is kept."""
        answer = Head(500).read(openai_wire.WIRE, b"\xe2\x82\xac" * 100_000)

        assert answer.body is not None
        assert 30_000 > len(answer.body) > 20_000

    @pytest.mark.parametrize("kind", ["text/event-stream; charset=utf-8", "application/json", ""])
    def test_stream(self, kind: str) -> None:
        """A stream is known by its type, or by how it begins."""
        answer = Head(200, {"content-type": kind}).read(openai_wire.WIRE, openai_chat("Hello.", stream=True).content())

        assert answer.response is not None
        assert ("chatcmpl-1", True) == (answer.response.id, answer.response.complete)

    @pytest.mark.parametrize(("end", "complete"), [(None, True), (-1, False), (0, False)])
    def test_document(self, end: int | None, complete: bool) -> None:  # noqa: FBT001 - a case
        """A document of which the end is missing is not complete."""
        answer = Head(200, {"content-type": "application/json"}).read(
            openai_wire.WIRE, openai_chat("Hello.").content()[:end]
        )

        assert answer.response is not None
        assert complete == answer.response.complete

    @pytest.mark.parametrize("body", [b"\xff\xfb\x90", b"data: no event", b"[]"])
    def test_neither_document_nor_stream(self, body: bytes) -> None:
        """What is no JSON object is a sound, where a format has sounds, whatever it begins with."""
        [said] = Head(200, {"content-type": "audio/mpeg"}).read(openai_speech.WIRE, body).response.messages  # type: ignore[union-attr]

        assert ("audio/mpeg", len(body)) == (said["parts"][0]["mime_type"], said["parts"][0]["size"])

    def test_document_of_a_format_that_has_others(self) -> None:
        """JSON is read as such, and if its end is missing it is not taken for a text."""
        bodies = [b'{"text": "Hi"}', b'{"text": "Hi"']
        answers = [
            Head(200, {"content-type": "application/json"}).read(openai_transcriptions.WIRE, body) for body in bodies
        ]

        assert [(1, True), (0, False)] == [
            (len(answer.response.messages), answer.response.complete) for answer in answers if answer.response
        ]

    def test_sound_of_which_some_was_not_kept(self) -> None:
        """The sum of a part is not that of the whole: there is none."""
        answer = Head(200, {"content-type": "audio/mpeg"}).read(openai_speech.WIRE, b"\xff\xfb", cut=True)

        assert answer.response is not None
        assert ([], True) == (answer.response.messages, answer.cut)

    def test_events_of_amazon(self) -> None:
        """Amazon has a format of its own for events; a body of it goes to who folds streams."""
        answer = Head(200, {"content-type": "application/vnd.amazon.eventstream"}).read(
            WIRES["/invoke-with-response-stream"], b""
        )

        assert answer.response is not None
        assert not answer.response.complete

    def test_error_in_an_answer(self) -> None:
        """An error that comes with a 200 is the answer's failure."""
        answer = Head(200, {"content-type": "application/json"}).read(openai_wire.WIRE, ERROR)

        assert (Failure("broken", "It broke."), 200) == (answer.failure, answer.status)

    @given(status=st.integers(100, 599), kind=st.text(max_size=20), body=st.binary(max_size=200))
    def test_is_total(self, status: int, kind: str, body: bytes) -> None:
        """Whatever comes is read without an exception."""
        answers = [Head(status, {"content-type": kind}).read(wire, body) for wire in EVERY]

        assert {status} == {answer.status for answer in answers}
