from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from orchestrace.testing import Answer, ReplayServer, ToolCall, openai_chat

CALLS = [ToolCall("search", {"name": "Zoë"}), ToolCall("send", id="call_x")]


@pytest.fixture
def ask() -> Iterator[Callable[..., Any]]:
    """Return a function that tells what the SDK makes of an answer; of a stream, what its own helper puts together."""
    with ReplayServer() as server, openai.OpenAI(base_url=server.url + "/v1", api_key="test", max_retries=0) as client:

        def ask(answer: Answer, *, stream: bool = False) -> Any:
            server.answer(answer, path="/v1/chat/completions")
            if not stream:
                return client.chat.completions.create(model="m", messages=[])
            with client.chat.completions.stream(model="m", messages=[]) as events:
                return events.get_final_completion()

        yield ask


@pytest.mark.parametrize("stream", [False, True])
class TestCompletion:
    def test_text(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """The SDK reads the text, the model and why it ended."""
        read = ask(openai_chat("Hello, Zoë.", stream=stream, model="gpt-x"), stream=stream)
        choice = read.choices[0]

        assert ("Hello, Zoë.", "stop", "gpt-x") == (choice.message.content, choice.finish_reason, read.model)
        assert "chatcmpl-1" == read.id

    def test_usage(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """Two numbers are input and output tokens."""
        usage = ask(openai_chat(usage=(7, 3), stream=stream), stream=stream).usage

        assert (7, 3, 10) == (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)

    def test_usage_in_its_own_words(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """A whole usage object is passed on as it is."""
        tokens = {
            "prompt_tokens": 7,
            "completion_tokens": 3,
            "total_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 5},
        }
        usage = ask(openai_chat(usage=tokens, stream=stream), stream=stream).usage

        assert 5 == usage.prompt_tokens_details.cached_tokens

    def test_usage_can_be_unknown(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """Without usage there is none, and not 0."""
        assert ask(openai_chat(usage=None, stream=stream), stream=stream).usage is None

    def test_tool_calls(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """Tool calls have names, arguments as JSON text, and ids."""
        choice = ask(openai_chat(None, tool_calls=CALLS, stream=stream), stream=stream).choices[0]
        calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls]

        assert [("call_1", "search", '{"name": "Zoë"}'), ("call_x", "send", "{}")] == calls
        assert ("tool_calls", None) == (choice.finish_reason, choice.message.content)

    def test_finish_reason(self, ask: Callable[..., Any], *, stream: bool) -> None:
        """A test can say why the model stopped."""
        answer = openai_chat(finish_reason="content_filter", stream=stream)
        if stream:  # the SDK's helper raises on it
            assert '"finish_reason": "content_filter"' in answer.content().decode()
        else:
            assert "content_filter" == ask(answer).choices[0].finish_reason


class TestStream:
    def test_pieces_are_events(self) -> None:
        """Each piece of text is an event of its own, between the role, the end, the usage and the last event."""
        pieces = openai_chat(["He", "llo"], stream=True).pieces or ()
        events = [str(piece).removeprefix("data: ").strip() for piece in pieces]
        deltas = [json.loads(event)["choices"][0]["delta"] for event in events[:-2]]

        assert [{"role": "assistant", "content": ""}, {"content": "He"}, {"content": "llo"}, {}] == deltas
        assert ([], "[DONE]") == (json.loads(events[-2])["choices"], events[-1])

    def test_arguments_come_in_pieces(self) -> None:
        """A tool call's arguments are spread over events, as real ones are."""
        text = openai_chat(None, tool_calls=CALLS[:1], stream=True).content().decode()

        assert 3 == text.count('"arguments":')
