from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import pytest

from orchestrace.testing import Answer, ReplayServer, ToolCall, anthropic_message

CALLS = [ToolCall("search", {"name": "Zoë"}), ToolCall("send", id="toolu_x")]


@pytest.fixture
def ask() -> Iterator[Callable[..., Any]]:
    """Return a function that tells what the SDK makes of an answer; of a stream, what its own helper puts together."""
    with ReplayServer() as server, anthropic.Anthropic(base_url=server.url, api_key="test", max_retries=0) as client:

        def ask(answer: Answer, *, stream: bool) -> Any:
            server.answer(answer, path="/v1/messages")
            if not stream:
                return client.messages.create(model="m", max_tokens=1, messages=[])
            with client.messages.stream(model="m", max_tokens=1, messages=[]) as events:
                return events.get_final_message()

        yield ask


@pytest.mark.parametrize("stream", [False, True])
class TestMessage:
    def test_text(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """The SDK reads the text, the model and why it ended."""
        read = ask(anthropic_message("Hello, Zoë.", stream=stream, model="claude-x"), stream=stream)

        assert ("Hello, Zoë.", "end_turn", "claude-x") == (read.content[0].text, read.stop_reason, read.model)
        assert "msg_1" == read.id

    def test_usage(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """Two numbers are input and output tokens."""
        usage = ask(anthropic_message(usage=(7, 3), stream=stream), stream=stream).usage

        assert (7, 3) == (usage.input_tokens, usage.output_tokens)

    def test_usage_in_its_own_words(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """A whole usage object is passed on as it is."""
        tokens = {"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 5}
        usage = ask(anthropic_message(usage=tokens, stream=stream), stream=stream).usage

        assert 5 == usage.cache_read_input_tokens

    def test_tool_calls(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """Tool calls have names, inputs and ids, after the text if there is any."""
        read = ask(anthropic_message("Wait.", tool_calls=CALLS, stream=stream), stream=stream)
        calls = [(block.id, block.name, block.input) for block in read.content[1:]]

        assert [("toolu_1", "search", {"name": "Zoë"}), ("toolu_x", "send", {})] == calls
        assert ("tool_use", "Wait.") == (read.stop_reason, read.content[0].text)

    def test_stop_reason(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """A test can say why the model stopped, and that it said nothing."""
        read = ask(anthropic_message(None, stop_reason="max_tokens", stream=stream), stream=stream)

        assert ("max_tokens", []) == (read.stop_reason, read.content)


class TestStream:
    def test_pieces_are_events(self) -> None:
        """Each piece of text is an event of its own, in the order in which Anthropic sends them."""
        pieces = [str(piece).split("\n") for piece in anthropic_message(["He", "llo"], stream=True).pieces or ()]
        names = [name.removeprefix("event: ") for name, *_ in pieces]
        types = [json.loads(data.removeprefix("data: "))["type"] for _, data, *_ in pieces]

        assert names == types
        assert [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ] == types
