from __future__ import annotations

from typing import Any

import pytest

from orchestrace.wires.openai_transcriptions import read_other, read_response


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is of a transcription."""
    return str(recording["operation"]) == "audio.transcriptions"


class TestRecordings:
    def test_words(self, recording: dict[str, Any]) -> None:
        """What was heard is read."""
        body = recording["response"]["body"]
        [message] = read_response(body).messages

        assert [{"type": "text", "content": body["text"]}] == message["parts"]


class TestReadOther:
    @pytest.mark.parametrize("form", ["Dear Ada\n", "1\n00:00:00,000 --> 00:00:02,000\nDear Ada\n", "WEBVTT\n\nAda é"])
    def test_text_or_subtitles(self, form: str) -> None:
        """What comes as a text is kept as it is; that it was all of it, nothing says."""
        response = read_other(form.encode(), "text/plain; charset=utf-8")

        assert ([[{"type": "text", "content": form}]], False) == (
            [message["parts"] for message in response.messages],
            response.complete,
        )

    def test_nothing_came(self) -> None:
        """No text is no message."""
        assert [] == read_other(b"", "text/plain").messages
