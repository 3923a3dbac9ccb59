from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from orchestrace.messages import Failure, Message, ModelResponse
from orchestrace.testing import Answer, ReplayServer, Spans, anthropic_message, server_sent_event
from orchestrace.wires.anthropic_messages import WIRE, is_call, read_request, read_response, read_stream

MEDIA = {"image", "document"}
QUESTION: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is one of Anthropic's messages."""
    return str(recording["operation"]) == "messages"


# -- what a recording says, read as simply as can be ------------------------------------------------------------------
def blocks_of(content: str | list[Any] | None) -> list[Any]:
    """Return a content as blocks."""
    return content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []


def text_of(blocks: list[Any], kind: str = "text") -> str:
    """Return the words of the blocks of one type."""
    return "".join(block[kind] for block in blocks if block["type"] == kind)


def calls_of(blocks: list[Any], kind: str = "tool_use") -> list[Any]:
    """Return names and arguments of the calls in a content."""
    return [(block["name"], block["input"]) for block in blocks if block["type"] == kind]


def folded(text: str) -> dict[str, Any]:
    """Return the message of a stream that is complete."""
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    message: dict[str, Any] = next(event["message"] for event in events if event["type"] == "message_start")
    for event in events:
        if event["type"] == "content_block_start":
            message["content"].append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            for kind, key, field in [
                ("text", "text", "text"),
                ("thinking",) * 3,
                ("input_json", "partial_json", "json"),
            ]:
                if delta["type"] == f"{kind}_delta":
                    block[field] += delta[key]
        elif event["type"] == "message_delta":
            message.update(event["delta"])
            message["usage"].update(event["usage"])
    for block in message["content"]:
        if block["json"]:
            block["input"] = json.loads(block["json"])
    return message


def answer_of(recording: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says, whole or in events."""
    answer = recording["response"]
    body = answer["body"] if answer["body_kind"] == "json" else folded(answer["body"])
    usage = body["usage"]
    cache = [usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]]
    reasoning = usage.get("output_tokens_details", {}).get("thinking_tokens")
    return {
        "id": body["id"],
        "model": body["model"],
        "reasons": [body["stop_reason"]],
        "tokens": (usage["input_tokens"] + sum(cache), usage["output_tokens"], *cache, reasoning),
        "text": text_of(body["content"]),
        "reasoning": text_of(body["content"], "thinking"),
        "calls": calls_of(body["content"]),
        "server calls": calls_of(body["content"], "server_tool_use"),
        "server results": sum(block["type"].endswith("_tool_result") for block in body["content"]),
        "blocks": len(body["content"]),
    }


# -- what the wire reads ----------------------------------------------------------------------------------------------
def said(message: Message, kind: str = "text") -> str:
    """Return the words of a message's parts of one type."""
    return "".join(str(part["content"]) for part in message["parts"] if part["type"] == kind)


def called(message: Message) -> list[Any]:
    """Return names and arguments of a message's calls."""
    return [(part["name"], part.get("arguments")) for part in message["parts"] if part["type"] == "tool_call"]


def read(response: ModelResponse) -> dict[str, Any]:
    """Return what a wire read of an answer, as `answer_of` says it."""
    usage, (message,) = response.usage, response.messages
    assert usage is not None
    kinds = [part["type"] for part in message["parts"]]
    served: list[Any] = [part for part in message["parts"] if part["type"] == "server_tool_call"]
    return {
        "id": response.id,
        "model": response.model,
        "reasons": response.raw_finish_reasons,
        "tokens": (usage.input_tokens, usage.output_tokens, usage.cache_read, usage.cache_write, usage.reasoning),
        "text": said(message),
        "reasoning": said(message, "reasoning"),
        "calls": called(message),
        "server calls": [(part["name"], part["server_tool_call"]["input"]) for part in served],
        "server results": kinds.count("server_tool_call_response"),
        "blocks": len(kinds),
    }


class TestRecordings:
    def test_requests_say_what_was_sent(self, recording: dict[str, Any]) -> None:
        """Model, instructions, roles, texts, calls and definitions of a recorded request are read; nothing is lost."""
        body = recording["request"]["body"]
        request = read_request(body)
        contents = [blocks_of(message["content"]) for message in body["messages"]]
        media = [part for message in request.messages for part in message["parts"] if part["type"] == "blob"]

        assert body["model"] == request.model
        assert text_of(blocks_of(body.get("system"))) == "".join(str(part["content"]) for part in request.system)
        assert [message["role"] for message in body["messages"]] == [message["role"] for message in request.messages]
        assert [text_of(blocks) for blocks in contents] == [said(message) for message in request.messages]
        assert [calls_of(blocks) for blocks in contents] == [called(message) for message in request.messages]
        assert [block["source"]["data"] for blocks in contents for block in blocks if block["type"] in MEDIA] == [
            part["content"] for part in media
        ]
        assert [(tool["name"], tool.get("input_schema")) for tool in body.get("tools", [])] == [
            (tool["name"], tool.get("parameters")) for tool in request.tools
        ]
        assert {**request.parameters} == {
            key: value for key, value in body.items() if key not in {"messages", "system", "tools"}
        }
        assert is_call(body)

    def test_answers_say_what_came(self, recording: dict[str, Any]) -> None:
        """Identity, model, reason, tokens, texts, reasoning and calls of a recorded answer are read."""
        answer = recording["response"]
        if answer["status"] >= 400:
            error = answer["body"]["error"]
            assert Failure(error["type"], error["message"]) == WIRE.read_failure(answer["body"])
            return
        streamed = answer["body_kind"] == "text"
        response = read_stream(answer["body"].encode()) if streamed else read_response(answer["body"])

        assert answer_of(recording) == read(response)
        assert (None, True) == (response.failure, response.complete)


class TestIsCall:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}, True),
            ({"model": "m", "messages": [{"role": "user", "content": "hi"}]}, False),
            ({"max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}, False),
            ({"model": "m", "max_tokens": 1, "messages": []}, False),
            ({"model": "m", "max_tokens": 1, "messages": [{"text": "hi"}]}, False),
            ({"channel": 7, "text": "hi"}, False),
            ({}, False),
        ],
        ids=repr,
    )
    def test_a_call_names_a_model_and_a_limit(self, body: Any, expected: bool) -> None:  # noqa: FBT001
        """A chat product's own `POST /v1/messages` is none of our business."""
        assert expected is is_call(body)


class TestWire:
    def test_reads_chat(self) -> None:
        """A host that nobody knows is taken for Anthropic's own kind."""
        assert ("chat", "anthropic") == (WIRE.operation, WIRE.provider)

    def test_input_without_its_count_is_unknown(self) -> None:
        """What the cache did alone is no count of the input."""
        usage = read_response({"usage": {"cache_read_input_tokens": 5}}).usage

        assert usage is not None
        assert (None, 5) == (usage.input_tokens, usage.cache_read)


class TestThroughTheSDK:
    """By a real client to a real server, what no recording shows."""

    @pytest.fixture
    def client(self, orchestrace_server: ReplayServer) -> Iterator[anthropic.Anthropic]:
        """Return a client of the server."""
        with anthropic.Anthropic(base_url=orchestrace_server.url, api_key="key", max_retries=0) as client:
            yield client

    def test_the_key_of_an_mcp_server_is_masked(
        self, client: anthropic.Anthropic, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """A beta call is a chat like any other; it can be rebuilt, but for what opens the server."""
        orchestrace_server.answer(anthropic_message("Hello."))
        server: Any = {"type": "url", "url": "https://example.com", "name": "files", "authorization_token": "abc-def"}
        toolset: Any = {"type": "mcp_toolset", "mcp_server_name": "files"}
        client.beta.messages.create(**QUESTION, mcp_servers=[server], tools=[toolset], betas=["mcp-client-2025-11-20"])
        (span,) = orchestrace_spans
        parameters = json.loads(str(span.attributes["orchestrace.request.parameters"]))

        assert [{**server, "authorization_token": "[masked:secret]"}] == parameters["mcp_servers"]
        assert ("chat m", False) == (span.name, "abc-def" in repr(span))

    def test_an_error_inside_a_stream_is_an_error(
        self, client: anthropic.Anthropic, orchestrace_server: ReplayServer, orchestrace_spans: Spans
    ) -> None:
        """HTTP had said 200 when it went wrong; what had come by then is kept."""
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        whole = [*anthropic_message("One two three.", stream=True).pieces]
        orchestrace_server.answer(Answer(pieces=[*whole[:4], server_sent_event(error, "error")]))
        with pytest.raises(anthropic.APIStatusError), client.messages.stream(**QUESTION) as stream:
            stream.until_done()
        (span,) = orchestrace_spans

        assert ("ERROR", "Overloaded", "overloaded_error") == (
            span.status,
            span.status_message,
            span.attributes["error.type"],
        )
        assert "One" in str(span.attributes["gen_ai.output.messages"])
