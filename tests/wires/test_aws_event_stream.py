from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.wires.anthropic_messages_stream import fold_events
from orchestrace.wires.aws_event_stream import chunks, is_framed

EVENT = {":message-type": "event", ":event-type": "chunk"}


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is a stream in Amazon's framing."""
    return bool(recording["response"]["headers"].get("content-type", "").endswith("amazon.eventstream"))


def message(headers: dict[str, str], payload: bytes) -> bytes:
    """Return a message; nobody here looks at its check sums."""
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    block = b"".join(
        bytes([len(name)]) + name + b"\7" + len(value).to_bytes(2, "big") + value for name, value in fields
    )
    sizes = [16 + len(block) + len(payload), len(block)]
    return b"".join(size.to_bytes(4, "big") for size in sizes) + b"\0" * 4 + block + payload + b"\0" * 4


def chunk(said: dict[str, Any]) -> bytes:
    """Return the message of a piece of an answer."""
    data = base64.b64encode(json.dumps(said).encode()).decode()
    return message(EVENT, json.dumps({"bytes": data, "p": "abc"}).encode())


class TestIsFramed:
    def test_a_text_is_not(self) -> None:
        """Server-sent events are text."""
        assert [True, False, False] == [is_framed(chunk({})), is_framed(b"event: ping\n\n"), is_framed(b"")]


class TestChunks:
    def test_are_what_the_messages_hold(self) -> None:
        """Each piece of an answer comes out as it was put in."""
        said = [{"type": "ping"}, {"type": "message_stop", "n": 1}]

        assert said == list(chunks(b"".join(map(chunk, said))))

    @pytest.mark.parametrize(
        ("headers", "payload"),
        [
            ({":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message": "Slow down"}'),
            ({":message-type": "error", ":error-code": "throttlingException", ":error-message": "Slow down"}, b""),
        ],
    )
    def test_an_exception_is_an_error(self, headers: dict[str, str], payload: bytes) -> None:
        """What goes wrong in the middle of a stream comes in a message of its own."""
        error = {"type": "throttlingException", "message": "Slow down"}

        assert [{"type": "error", "error": error}] == list(chunks(message(headers, payload)))

    def test_other_headers_are_passed_over(self) -> None:
        """Headers may be numbers and flags; nobody needs them."""
        block = b"\1f\0" + b"\1n\4\0\0\0\7" + b"\1b\6\0\1x" + b"\x0b:error-code\7\0\1e"
        whole = (16 + len(block)).to_bytes(4, "big") + len(block).to_bytes(4, "big") + b"\0" * 4 + block + b"\0" * 4

        assert [{"type": "error", "error": {"type": "e", "message": ""}}] == list(chunks(whole))

    @given(st.binary(max_size=60))
    def test_any_bytes_are_read(self, noise: bytes) -> None:
        """What is no stream holds no pieces, and what stands behind a whole message takes nothing from it."""
        assert [{"a": 1}] == list(chunks(chunk({"a": 1}) + noise))[:1]
        assert all(isinstance(one, dict) for one in chunks(noise))

    def test_a_cut_stream_is_the_beginning_of_the_stream(self) -> None:
        """A message that is not whole has not come."""
        body = chunk({"a": 1}) + chunk({"b": 2})
        whole = list(chunks(body))
        cut = [list(chunks(body[:end])) for end in range(len(body))]

        assert all(some == whole[: len(some)] for some in cut)
        assert [0, 1] == sorted({len(some) for some in cut})


class TestRecordings:
    def test_anthropic_messages_are_folded(self, recording: dict[str, Any]) -> None:
        """A real stream of Anthropic's by way of Amazon is a message like any other; another maker's is none."""
        body = base64.b64decode(recording["response"]["body_base64"])
        whole, complete = fold_events(body)
        anthropic = "anthropic" in recording["request"]["url"] and recording["operation"].startswith("invoke-")

        assert anthropic is complete is ("id" in whole and bool(whole.get("content")))
