from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Any

from orchestrace.wires.openai_speech import read_other, read_request


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is of speech."""
    return str(recording["operation"]) == "audio.speech"


class TestRecordings:
    def test_sound(self, recording: dict[str, Any]) -> None:
        """The words are read, and of the sound what it is known by."""
        sound = b64decode(recording["response"]["body_base64"])
        request = read_request(recording["request"]["body"])
        [message] = read_other(sound, recording["response"]["headers"]["content-type"]).messages

        assert recording["request"]["body"]["input"] == request.messages[0]["parts"][0]["content"]
        assert {
            "type": "blob",
            "modality": "audio",
            "mime_type": "audio/mpeg",
            "content": "",
            "size": len(sound),
            "sha256": hashlib.sha256(sound).hexdigest(),
        } == message["parts"][0]


class TestReadOther:
    def test_content_type(self) -> None:
        """Of the content type its name is kept."""
        [message] = read_other(b"abc", "audio/pcm; rate=24000").messages

        assert "audio/pcm" == message["parts"][0]["mime_type"]

    def test_nothing_came(self) -> None:
        """No sound is no message."""
        assert [] == read_other(b"", "audio/mpeg").messages
