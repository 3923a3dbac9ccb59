from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from orchestrace.messages import (
    Message,
    ModelRequest,
    ModelResponse,
    Part,
    Usage,
    blob,
    file,
    generic,
    reasoning,
    text,
    tool_call,
    tool_call_response,
    uri,
)

SCHEMAS = Path(__file__).parents[2] / "shared" / "conventions"
PARTS: list[tuple[Part, Part]] = [
    (text("hi"), {"type": "text", "content": "hi"}),
    (reasoning("so"), {"type": "reasoning", "content": "so"}),
    (tool_call("f", {"a": 1}, "1"), {"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}}),
    (tool_call("f"), {"type": "tool_call", "name": "f"}),
    (tool_call_response([1], "1"), {"type": "tool_call_response", "id": "1", "response": [1]}),
    (tool_call_response(None), {"type": "tool_call_response", "response": None}),
    (
        blob("image", "aGk=", "image/png"),
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
    ),
    (blob("image", "aGk="), {"type": "blob", "modality": "image", "content": "aGk="}),
    (uri("image", "https://x"), {"type": "uri", "modality": "image", "uri": "https://x"}),
    (
        uri("video", "gs://x", "video/mp4"),
        {"type": "uri", "modality": "video", "mime_type": "video/mp4", "uri": "gs://x"},
    ),
    (file("audio", "f1"), {"type": "file", "modality": "audio", "file_id": "f1"}),
    (
        file("audio", "f1", "audio/wav"),
        {"type": "file", "modality": "audio", "mime_type": "audio/wav", "file_id": "f1"},
    ),
    (generic("refusal", content="no"), {"type": "refusal", "content": "no"}),
]


class TestParts:
    @pytest.mark.parametrize(("part", "expected"), PARTS, ids=[str(part["type"]) for part, _ in PARTS])
    def test_a_part_has_its_types_own_fields(self, part: Part, expected: Part) -> None:
        """What is not known is left out, and the order is that of a reader."""
        assert list(expected.items()) == list(part.items())

    @pytest.mark.parametrize("direction", ["input", "output"])
    def test_messages_of_them_pass_the_conventions_schema(self, direction: str) -> None:
        """Each part, in a message of either direction."""
        place = SCHEMAS / f"gen-ai-{direction}-messages.json"
        if not place.is_file():
            pytest.skip("the schemas of the conventions are not beside this checkout")
        message = {"role": "assistant", "parts": [part for part, _ in PARTS], "finish_reason": "stop"}

        jsonschema.validate([message], json.loads(place.read_text(encoding="utf-8")))


class TestRecords:
    @pytest.mark.parametrize("record", [ModelRequest(), ModelResponse(), Usage()], ids=lambda one: type(one).__name__)
    def test_are_frozen(self, record: object) -> None:
        """What was read at the edge is not changed behind it."""
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, dataclasses.fields(record)[0].name, "other")  # type: ignore[arg-type]

    def test_unknown_tokens_are_none(self) -> None:
        """Never 0."""
        assert [*[None] * 5, {}] == list(dataclasses.astuple(Usage()))

    def test_requests_share_no_lists(self) -> None:
        """A default is made for each."""
        ModelRequest().messages.append(Message(role="user", parts=[text("x")]))

        assert [] == ModelRequest().messages

    def test_a_message_may_have_a_name(self) -> None:
        """Where the provider's has one."""
        assert Message(role="user", parts=[], name="Ada") == {"role": "user", "parts": [], "name": "Ada"}
