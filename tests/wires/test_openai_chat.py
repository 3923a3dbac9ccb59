from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from orchestrace.messages import Failure, Message, ModelResponse, Part
from orchestrace.wires.openai_chat import WIRE, is_call, read_request, read_response, read_stream
from orchestrace.wires.openai_error import read_failure


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is a chat completion."""
    return str(recording["operation"]) == "chat.completions"


# -- what a recording says, read as simply as can be ------------------------------------------------------------------
def chunks_of(recording: dict[str, Any]) -> list[Any]:
    """Return the JSON of a recorded stream."""
    lines = [line[6:] for line in recording["response"]["body"].splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def arguments_of(text: str) -> Any:
    """Return a call's arguments; all recorded ones parse."""
    return json.loads(text) if text else None


def tokens_of(usage: dict[str, Any]) -> tuple[int | None, ...]:
    """Return input, output, cache and reasoning tokens."""
    asked, answered = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    cached = [asked.get("cached_tokens"), *(usage.get(key) for key in ("cached_tokens", "cache_read_input_tokens"))]
    counts = [
        usage.get("prompt_tokens"),
        usage.get("completion_tokens"),
        next((n for n in cached if n is not None), None),
    ]
    return *counts, answered.get("reasoning_tokens")


def text_of(content: str | list[Any] | None) -> str:
    """Return the text of a content."""
    return "".join(block.get("text", "") for block in content) if isinstance(content, list) else content or ""


def calls_of(message: dict[str, Any]) -> list[Any]:
    """Return names and arguments of a message's calls."""
    functions = [call["function"] for call in message.get("tool_calls") or []]
    legacy = [message["function_call"]] if message.get("function_call") else []
    return [(function["name"], arguments_of(function["arguments"])) for function in functions + legacy]


def answer_of(recording: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says, whole or in chunks."""
    if recording["response"]["body_kind"] == "json":
        body = recording["response"]["body"]
        messages = [choice["message"] for choice in body["choices"]]
        reasons = [choice["finish_reason"] for choice in body["choices"]]
        envelope, usage = body, body.get("usage") or {}
    else:
        chunks = chunks_of(recording)
        messages, reasons = folded(chunks)
        envelope = next(chunk for chunk in chunks if chunk.get("id"))
        usage = ([chunk["usage"] for chunk in chunks if chunk.get("usage")] or [{}])[-1]
    return {
        "id": envelope["id"],
        "model": envelope.get("model"),
        "reasons": reasons,
        "tokens": tokens_of(usage),
        "texts": [text_of(message.get("content")) for message in messages],
        "reasoning": [message.get("reasoning") or message.get("reasoning_content") or "" for message in messages],
        "calls": [calls_of(message) for message in messages],
    }


def folded(chunks: list[Any]) -> tuple[list[Any], list[str]]:
    """Return the messages and finish reasons of a stream whose chunks all have indexes."""
    texts: Any = defaultdict(lambda: defaultdict(str))
    calls: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(str)))
    reasons = {}
    for chunk in chunks:
        for choice in chunk.get("choices", []):
            delta = choice.get("delta", {})
            for key in ("content", "reasoning", "reasoning_content"):
                texts[choice["index"]][key] += delta.get(key) or ""
            for call in delta.get("tool_calls") or []:
                for key in ("name", "arguments"):
                    calls[choice["index"]][call["index"]][key] += call["function"].get(key) or ""
            if choice.get("finish_reason"):
                reasons[choice["index"]] = choice["finish_reason"]
    messages = [
        {**texts[index], "tool_calls": [{"function": calls[index][place]} for place in sorted(calls[index])]}
        for index in sorted(texts)
    ]
    return messages, [reasons[index] for index in sorted(reasons)]


# -- what the wire reads ----------------------------------------------------------------------------------------------
def said(message: Message, kind: str = "text") -> str:
    """Return the words of a message's parts of one type."""
    return "".join(str(part["content"]) for part in message["parts"] if part["type"] == kind)


def called(message: Message) -> list[Any]:
    """Return names and arguments of a message's calls."""
    return [(part["name"], part.get("arguments")) for part in message["parts"] if part["type"] == "tool_call"]


def answered(part: Part) -> str:
    """Return the words of a tool's answer."""
    response: Any = part["response"]
    return response if isinstance(response, str) else "".join(block["content"] for block in response)


def read(response: ModelResponse) -> dict[str, Any]:
    """Return what a wire read of an answer, as `answer_of` says it."""
    usage = response.usage
    tokens = (usage.input_tokens, usage.output_tokens, usage.cache_read, usage.reasoning) if usage else (None,) * 4
    return {
        "id": response.id,
        "model": response.model,
        "reasons": response.raw_finish_reasons,
        "tokens": tokens,
        "texts": [said(message) for message in response.messages],
        "reasoning": [said(message, "reasoning") for message in response.messages],
        "calls": [called(message) for message in response.messages],
    }


class TestRecordings:
    def test_requests_say_what_was_sent(self, recording: dict[str, Any]) -> None:
        """Model, roles, texts, calls, answers and definitions of a recorded request are read; nothing else is lost."""
        body = recording["request"]["body"]
        request = read_request(body)
        answers = [part for message in request.messages for part in message["parts"] if "response" in part]
        of_tools = [message for message in body["messages"] if message["role"] in {"tool", "function"}]
        of_others = [message for message in body["messages"] if message not in of_tools]
        tools = [tool["function"] for tool in body.get("tools") or []] + body.get("functions", [])

        assert body.get("model") == request.model
        assert [message["role"] for message in body["messages"]] == [message["role"] for message in request.messages]
        assert [text_of(message.get("content")) for message in of_others] == [
            said(message) for message in request.messages if message["role"] not in {"tool", "function"}
        ]
        assert [(message.get("tool_call_id"), text_of(message["content"])) for message in of_tools] == [
            (part.get("id"), answered(part)) for part in answers
        ]
        assert [calls_of(message) for message in body["messages"]] == [called(message) for message in request.messages]
        assert [(tool["name"], tool.get("parameters")) for tool in tools] == [
            (tool["name"], tool.get("parameters")) for tool in request.tools
        ]
        assert {**request.parameters} == {
            key: value for key, value in body.items() if key not in {"messages", "tools", "functions"}
        }
        assert is_call(body) is ("model" in body)  # on Azure the path says it

    def test_answers_say_what_came(self, recording: dict[str, Any]) -> None:
        """Identity, model, reasons, tokens, texts, reasoning and calls of a recorded answer are read."""
        answer = recording["response"]
        if answer["status"] >= 400:
            failure = read_failure(answer["body"])
            words = answer["body"].get("detail") or answer["body"]["error"]["message"]
            assert failure is not None
            assert words == failure.message
            return
        streamed = answer["body_kind"] == "text"
        response = read_stream(answer["body"].encode()) if streamed else read_response(answer["body"])
        errors = [chunk["error"]["message"] for chunk in chunks_of(recording) if "error" in chunk] if streamed else []

        assert answer_of(recording) == read(response)
        assert errors == ([response.failure.message] if response.failure else [])
        assert response.complete is (not streamed or bool(response.raw_finish_reasons))


class TestIsCall:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"model": "m", "messages": [{"role": "user", "content": "hi"}]}, True),
            ({"messages": [{"role": "user", "content": "hi"}]}, False),
            ({"model": "m", "messages": []}, False),
            ({"model": "m", "messages": [{"text": "hi"}]}, False),
            ({"model": "m", "messages": "hi"}, False),
            ({"model": 3, "messages": [{"role": "user"}]}, False),
            ({}, False),
        ],
        ids=repr,
    )
    def test_a_call_names_a_model_and_holds_messages_with_roles(self, body: Any, expected: bool) -> None:  # noqa: FBT001
        """A chat product's own requests are none of our business."""
        assert expected is is_call(body)


class TestWire:
    def test_reads_chat(self) -> None:
        """A host that nobody knows is taken for OpenAI's own kind."""
        assert ("chat", "openai") == (WIRE.operation, WIRE.provider)

    def test_an_error_that_nobody_can_read_is_no_failure(self) -> None:
        """What holds no words of an error is none, and then no reason is made up."""
        response = read_response({"choices": [{"message": {"content": "hi"}}], "error": {"odd": True}})

        assert (None, []) == (response.failure, response.finish_reasons)

    def test_a_code_says_more_than_a_type(self) -> None:
        """The most precise word is the type of a failure."""
        said = {"message": "No", "type": "invalid_request_error", "code": "model_not_found"}

        assert Failure("model_not_found", "No") == read_failure({"error": said})
