from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseTextDeltaEvent
from pydantic import BaseModel

from orchestrace.messages import Message, ModelResponse, Usage
from orchestrace.records import SpanRecord
from orchestrace.testing import Answer, ReplayServer, capture
from orchestrace.testing.answer import server_sent_event
from orchestrace.wires.openai_responses import COMPACT, FETCH, WIRE, is_call, read_request, read_response, read_stream

CALLS = {"function_call", "custom_tool_call"}
REASONS = {"completed": "stop"}


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is one of OpenAI's responses."""
    return str(recording["operation"]) in {"responses", "responses.retrieve"}


# -- what a recording says, read as simply as can be ------------------------------------------------------------------
def text_of(content: str | list[Any] | None) -> str:
    """Return the words of a content."""
    blocks = content if isinstance(content, list) else [{"text": content or ""}]
    return "".join(block.get("text", "") for block in blocks)


def items_of(given: str | list[Any]) -> list[Any]:
    """Return an input as items."""
    return given if isinstance(given, list) else [{"role": "user", "content": given}]


def spoken(items: list[Any], roles: set[str]) -> list[str]:
    """Return the words of each message of one of the roles."""
    return [text_of(item["content"]) for item in items if item.get("role") in roles]


def thought(items: list[Any]) -> str:
    """Return the reasoning that one may read."""
    blocks = [[*item["summary"], *item.get("content", [])] for item in items if item.get("type") == "reasoning"]
    return "".join(map(text_of, blocks))


def called(items: list[Any]) -> list[Any]:
    """Return ids, names and arguments of the program's functions that are called."""
    calls = [item for item in items if item.get("type") in CALLS]
    return [(call["call_id"], call["name"], json.loads(call["arguments"])) for call in calls]


def body_of(recording: dict[str, Any]) -> dict[str, Any]:
    """Return the body of an answer; that of a stream is in its last event."""
    answer = recording["response"]
    if answer["body_kind"] == "json":
        return dict(answer["body"])
    events = [json.loads(line[6:]) for line in answer["body"].splitlines() if line.startswith("data: {")]
    return dict(events[-1]["response"])


# -- what the wire reads ----------------------------------------------------------------------------------------------
def said(message: Message, kind: str = "text") -> str:
    """Return the words of a message's parts of one type."""
    return "".join(str(part["content"]) for part in message["parts"] if part["type"] == kind)


def functions(message: Message) -> list[Any]:
    """Return ids, names and arguments of the calls in a message that are no built-in tool's."""
    parts = [part for part in message["parts"] if part["type"] == "tool_call" and "item_type" not in part]
    return [(part["id"], part["name"], part["arguments"]) for part in parts]


def of(request_messages: list[Message], roles: set[str]) -> list[Message]:
    """Return the messages of some roles."""
    return [message for message in request_messages if message["role"] in roles]


class TestRecordings:
    def test_requests_say_what_was_sent(self, recording: dict[str, Any]) -> None:
        """Model, instructions, words, reasoning, calls, answers and definitions are read; nothing else is lost."""
        body = recording["request"]["body"]
        if body is None:  # what is fetched
            return
        request, items = read_request(body), items_of(body["input"])
        people, model = {"user", "system", "developer"}, {"assistant"}
        results = [part for message in of(request.messages, {"tool"}) for part in message["parts"]]
        outputs = [item for item in items if item.get("type") == "function_call_output"]

        assert body["model"] == request.model
        assert text_of(body.get("instructions")) == "".join(str(part["content"]) for part in request.system)
        assert spoken(items, people) == [said(message) for message in of(request.messages, people)]
        assert "".join(spoken(items, model)) == "".join(map(said, of(request.messages, model)))
        assert thought(items) == "".join(said(message, "reasoning") for message in request.messages)
        assert called(items) == [call for message in request.messages for call in functions(message)]
        assert [item["call_id"] for item in outputs] == [part["id"] for part in results]
        assert [item["output"] for item in outputs if isinstance(item["output"], str)] == [
            part["response"] for part in results if isinstance(part["response"], str)
        ]
        assert [tool.get("name", tool["type"]) for tool in body.get("tools", [])] == [
            tool["name"] for tool in request.tools
        ]
        assert {**request.parameters} == {
            key: value for key, value in body.items() if key not in {"input", "instructions", "tools"}
        }
        assert is_call(body)

    def test_answers_say_what_came(self, recording: dict[str, Any]) -> None:
        """Identity, model, reason, tokens, words, reasoning and calls of a recorded answer are read."""
        answer = recording["response"]
        if answer["status"] >= 400:
            failure = WIRE.read_failure(answer["body"])
            assert failure is not None
            assert (answer["body"]["error"]["code"], answer["body"]["error"]["message"]) == (
                failure.type,
                failure.message,
            )
            return
        streamed = answer["body_kind"] == "text"
        response = read_stream(answer["body"].encode()) if streamed else read_response(answer["body"])
        body, (message,), usage = body_of(recording), response.messages, response.usage
        waits = any(item["type"] in CALLS or item.get("execution") == "client" for item in body["output"])
        details = body["usage"]["input_tokens_details"]

        assert (body["id"], body["model"]) == (response.id, response.model)
        assert (["tool_call" if waits else "stop"], ["completed"]) == (
            response.finish_reasons,
            response.raw_finish_reasons,
        )
        assert usage == Usage(
            input_tokens=body["usage"]["input_tokens"],
            output_tokens=body["usage"]["output_tokens"],
            cache_read=details["cached_tokens"],
            cache_write=details.get("cache_write_tokens"),
            reasoning=body["usage"]["output_tokens_details"]["reasoning_tokens"],
        )
        assert "".join(spoken(body["output"], {"assistant"})) == said(message)
        assert (thought(body["output"]), called(body["output"])) == (said(message, "reasoning"), functions(message))
        assert (None, True) == (response.failure, response.complete)

    def test_a_stream_without_its_last_event_says_the_same(self, recording: dict[str, Any]) -> None:
        """What came before the last event of a recorded stream says all that it says again."""
        if recording["response"]["body_kind"] != "text":
            return
        body = recording["response"]["body"]
        last = body.index("event: response.completed")
        cut = read_stream(body[:last].encode())

        assert legible(read_stream(body.encode()).messages) == legible(cut.messages)
        assert ([], None, False) == (cut.finish_reasons, cut.usage, cut.complete)


def legible(messages: Any) -> Any:
    """Return messages without their ciphers, which a provider makes anew each time it says the same."""
    return json.loads(json.dumps(messages), object_hook=lambda one: one | {"encrypted_content": ""})


class TestIsCall:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"model": "m", "input": "hi"}, True),
            ({"model": "m", "input": [{"role": "user", "content": "hi"}]}, True),
            ({"model": "m", "input": [{"type": "item_reference", "id": "1"}]}, True),
            ({"model": "m", "previous_response_id": "resp_1"}, True),
            ({"model": "m", "conversation": {"id": "conv_1"}}, True),
            ({"prompt": {"id": "pmpt_1"}}, True),
            ({"prompt": {"id": "7"}}, False),
            ({"input": "hi"}, False),
            ({"model": "m", "input": ""}, False),
            ({"model": "m", "input": []}, False),
            ({"model": "m", "input": ["hi"]}, False),
            ({"model": "m", "input": [{"answer": 3}]}, False),
            ({"model": "m", "input": {"role": "user"}}, False),
            ({"survey": 7, "answers": ["a"]}, False),
            ({}, False),
        ],
        ids=repr,
    )
    def test_a_call_names_a_model_and_what_it_is_asked(self, body: Any, expected: bool) -> None:  # noqa: FBT001
        """A survey's own `POST /responses` is none of our business."""
        assert expected is is_call(body)


class TestWire:
    def test_reads_chat(self) -> None:
        """A host that nobody knows is taken for OpenAI's own kind; to fetch or to compact is no chat."""
        assert ["chat", "fetch_response", "compact"] == [wire.operation for wire in (WIRE, FETCH, COMPACT)]
        assert {"openai"} == {wire.provider for wire in (WIRE, FETCH, COMPACT)}

    def test_an_error_that_nobody_can_read_is_no_failure(self) -> None:
        """What holds no words of an error is none, and then no reason is made up."""
        response = read_response({"output": [], "error": {"odd": True}})

        assert (None, []) == (response.failure, response.finish_reasons)

    def test_a_call_that_was_cut_waits_for_nobody(self) -> None:
        """Only an answer that is complete asks for its tools to be run."""
        call = {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{"}
        reasons = [
            read_response({"status": status, "output": [call]}).finish_reasons
            for status in ("completed", "failed", "in_progress")
        ]

        assert [["tool_call"], ["error"], []] == reasons


class TestFetch:
    def test_is_no_inference(self) -> None:
        """An answer that is fetched counts no tokens: the call that made it did. It says how far it is."""
        body: Any = {"id": "resp_1", "status": "completed", "output": [], "usage": {"input_tokens": 5}}
        response = FETCH.read_response(body)

        assert ("fetch_response", "resp_1", None) == (FETCH.operation, response.id, response.usage)
        assert {"gen_ai.response.status": "completed"} == response.attributes

    @pytest.mark.parametrize("read", [FETCH.read_response, lambda body: FETCH.read_stream(sent("failed", body))])
    def test_to_fetch_a_failed_answer_is_no_failure(self, read: Any) -> None:
        """The answer failed; to fetch it did not."""
        response: ModelResponse = read({"status": "failed", "error": {"code": "server_error", "message": "No"}})

        assert (None, ["error"], "failed") == (
            response.failure,
            response.finish_reasons,
            response.attributes["gen_ai.response.status"],
        )

    def test_a_stream_that_breaks_is_a_failure(self) -> None:
        """An error among the events is one of the fetching."""
        body = server_sent_event({"type": "error", "code": "server_error", "message": "Gone."}).encode()

        assert FETCH.read_stream(body).failure is not None

    def test_a_query_says_where_a_stream_goes_on(self) -> None:
        """What a GET says is in its query, in texts."""
        asked = FETCH.read_request({"stream": "true", "starting_after": "7"})

        assert (True, "7") == (asked.stream, asked.attributes["gen_ai.request.stream_cursor"])
        assert {"openai.api.type": "responses"} == FETCH.read_request({}).attributes


class TestCompact:
    def test_makes_a_history_short(self) -> None:
        """What people said comes back and is no answer; that nothing was made short is no reason either."""
        said: Any = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
        made: Any = {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"}
        responses = [COMPACT.read_response({"output": items}) for items in ([said, made], [said])]

        assert [
            [{"role": "assistant", "parts": [{"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"}]}],
            [],
        ] == [response.messages for response in responses]
        assert [["compaction"], []] == [response.finish_reasons for response in responses]


# -- the SDK ----------------------------------------------------------------------------------------------------------
class Author(BaseModel):
    """What a structured answer holds."""

    name: str


def answer(text: str = "Goethe.", **fields: Any) -> dict[str, Any]:
    """Return the body of an answer in words."""
    block = {"type": "output_text", "text": text, "annotations": []}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [block]}
    body = {"id": "resp_1", "object": "response", "created_at": 1767225600, "status": "completed", "model": "gpt-5"}
    tokens = {"input_tokens": 12, "output_tokens": 3, "total_tokens": 15}
    usage = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    further = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": {**tokens, **usage}}
    return {**body, "output": [message], **further, **fields}


def sent(last: str, body: dict[str, Any]) -> bytes:
    """Return the last event of a stream."""
    return server_sent_event({"type": f"response.{last}", "response": body}).encode()


def streamed() -> Answer:
    """Return an answer in words as a stream."""
    message = answer()["output"][0]
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    begun = answer(status="in_progress", output=[], usage=None)
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": {**message, "content": []}},
        {"type": "response.content_part.added", **place, "part": {**message["content"][0], "text": ""}},
        {"type": "response.output_text.delta", **place, "delta": "Goe"},
        {"type": "response.output_text.delta", **place, "delta": "the."},
        {"type": "response.output_item.done", "output_index": 0, "item": message},
        {"type": "response.completed", "response": answer()},
    ]
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return Answer(pieces=[server_sent_event(event, event["type"]) for event in numbered])


def told(span: SpanRecord) -> tuple[Any, ...]:
    """Return how a span is called, the words of its answer, why it ended, and its tokens."""
    attributes: dict[str, Any] = dict(span.attributes)
    messages = json.loads(attributes.get("gen_ai.output.messages", "[]"))
    words = "".join(part["content"] for message in messages for part in message["parts"])
    reasons = list(attributes.get("gen_ai.response.finish_reasons", ()))
    return span.name, words, reasons, attributes.get("gen_ai.usage.output_tokens")


ASK: dict[str, Any] = {"model": "gpt-5", "input": "Who wrote Faust?"}
WHOLE = ("chat gpt-5", "Goethe.", ["stop"], 3)


class TestSDK:
    @pytest.fixture
    def server(self) -> Iterator[ReplayServer]:
        """Return a server that plays OpenAI."""
        with ReplayServer() as server:
            yield server

    @pytest.fixture
    def client(self, server: ReplayServer) -> Iterator[openai.OpenAI]:
        """Return a client that asks it."""
        with openai.OpenAI(base_url=server.url + "/v1", api_key="test", max_retries=0) as client:
            yield client

    def test_every_way_to_ask_is_one_span(self, server: ReplayServer, client: openai.OpenAI) -> None:
        """Whole, raw, as a stream, through the helper: the SDK gives what it gives, and the span says it all."""
        whole, stream = Answer(body=answer()), streamed()
        for reply in (whole, whole, stream, stream):
            server.answer(reply)
        with capture() as spans:
            given = [
                client.responses.create(**ASK).output_text,
                client.responses.with_raw_response.create(**ASK).parse().output_text,
                "".join(
                    event.delta
                    for event in client.responses.create(**ASK, stream=True)
                    if isinstance(event, ResponseTextDeltaEvent)
                ),
            ]
            with client.responses.stream(**ASK) as helper:
                given.append(helper.get_final_response().output_text)

        assert ["Goethe."] * 4 == given
        assert [WHOLE] * 4 == [told(span) for span in spans]
        assert ["returned", "returned", "drained", "drained"] == [
            span.attributes["orchestrace.ending"] for span in spans
        ]

    def test_async_calls_are_no_different(self, server: ReplayServer) -> None:
        """The async client, whole and as a stream."""
        server.answer(Answer(body=answer()))
        server.answer(streamed())

        async def ask() -> list[str]:
            async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="test", max_retries=0) as client:
                whole = await client.responses.create(**ASK)
                async with client.responses.stream(**ASK) as helper:
                    final = await helper.get_final_response()
                return [whole.output_text, final.output_text]

        with capture() as spans:
            given = asyncio.run(ask())

        assert (["Goethe."] * 2, [WHOLE] * 2) == (given, [told(span) for span in spans])

    def test_a_structured_answer_is_json(self, server: ReplayServer, client: openai.OpenAI) -> None:
        """`.parse` gives the program its object, and the span the text."""
        server.answer(Answer(body=answer('{"name": "Goethe"}')))
        with capture() as spans:
            parsed = client.responses.parse(**ASK, text_format=Author).output_parsed

        assert (Author(name="Goethe"), "json", '{"name": "Goethe"}') == (
            parsed,
            spans[0].attributes["gen_ai.output.type"],
            told(spans[0])[1],
        )

    def test_a_stream_that_was_left_says_what_came(self, server: ReplayServer, client: openai.OpenAI) -> None:
        """Who leaves after the first piece has seen that piece; tokens and a reason never came."""
        server.answer(streamed())
        with capture() as spans:
            for event in (stream := client.responses.create(**ASK, stream=True)):
                if isinstance(event, ResponseTextDeltaEvent):
                    break
            stream.close()

        (span,) = spans
        name, words, reasons, tokens = told(span)
        assert ("abandoned", "chat gpt-5", [], None) == (
            span.attributes["orchestrace.ending"],
            name,
            reasons,
            tokens,
        )
        assert "Goethe.".startswith(words)
        assert words

    def test_background_is_a_call_and_its_fetching(self, server: ReplayServer, client: openai.OpenAI) -> None:
        """The call that starts has no answer yet; each fetching says how far it is, and counts no tokens."""
        server.answer(Answer(body=answer(status="queued", background=True, output=[], usage=None)))
        server.answer(Answer(body=answer(background=True)), method="GET", path="/v1/responses/resp_1")
        with capture() as spans:
            begun = client.responses.create(**ASK, background=True)
            fetched = client.responses.retrieve(begun.id)

        assert "Goethe." == fetched.output_text
        assert [("chat gpt-5", "", [], None), ("fetch_response", "Goethe.", ["stop"], None)] == [
            told(span) for span in spans
        ]
        assert ["queued", "completed"] == [span.attributes["gen_ai.response.status"] for span in spans]
