"""Every way to call a model, and every way to leave its answer."""

# ruff: noqa: D103 - a scenario is what its name says
from __future__ import annotations

import asyncio
import gc
import json
import ssl
from contextlib import suppress
from typing import Any, Literal, TypeAlias

import httpx2
import pytest
from opentelemetry import trace

from orchestrace.recording.boundary import Boundary
from orchestrace.recording.ending import RETURNED, End
from orchestrace.taps.exchange import Exchange, Sent
from orchestrace.testing import Answer, Cut, Pause, ReplayServer, capture, openai_chat
from orchestrace.wires.table import recognise

Ask: TypeAlias = Any
Outcome: TypeAlias = Any
Play: TypeAlias = Any
Scenario: TypeAlias = Any
Sdk: TypeAlias = Any
Seen: TypeAlias = Any
"""What the conftest makes, and what SDKs give: classes that cannot be imported here, or have nothing in common."""

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TEXT = "Hello there."
LEFT = ("orchestrace.ending", "gen_ai.request.stream")


def words(seen: Seen) -> str | None:
    """Return what the span says was answered."""
    (text,) = seen.told("gen_ai.output.messages")
    return None if text is None else "".join(part["content"] for said in json.loads(text) for part in said["parts"])


def halting(answer: Answer, after: int) -> Answer:
    """Return a stream that says no more after some pieces, until the client leaves."""
    assert answer.pieces is not None
    return Answer(pieces=[*answer.pieces[:after], Pause(60.0), *answer.pieces[after:]])


# -- every way to call ------------------------------------------------------------------------------------------------
def create(ask: Ask) -> Outcome:
    return ask.create()


async def create_async(ask: Ask) -> Outcome:
    return await ask.create()


def raw(ask: Ask) -> Outcome:
    response = ask.resource.with_raw_response.create(**ask.sdk.arguments)
    return [response.parse(), response.http_response.content, response.http_response.is_closed]


async def raw_async(ask: Ask) -> Outcome:
    response = await ask.resource.with_raw_response.create(**ask.sdk.arguments)
    parsed = response.parse()
    return [await parsed if asyncio.iscoroutine(parsed) else parsed, response.http_response.content]


def reading(ask: Ask) -> Outcome:
    with ask.resource.with_streaming_response.create(**ask.sdk.arguments) as response:
        return [response.read(), response.parse()]


async def reading_async(ask: Ask) -> Outcome:
    async with ask.resource.with_streaming_response.create(**ask.sdk.arguments) as response:
        return [await response.read(), await response.parse()]


def lines(ask: Ask) -> Outcome:
    with ask.resource.with_streaming_response.create(**ask.sdk.arguments) as response:
        return list(response.iter_lines())


async def lines_async(ask: Ask) -> Outcome:
    async with ask.resource.with_streaming_response.create(**ask.sdk.arguments) as response:
        return [line async for line in response.iter_lines()]


WHOLE = {
    "create": create,
    "create, async": create_async,
    "raw response": raw,
    "raw response, async": raw_async,
    "streaming response read": reading,
    "streaming response read, async": reading_async,
    "streaming response by lines": lines,
    "streaming response by lines, async": lines_async,
}


def stream(ask: Ask) -> Outcome:
    return list(ask.create(stream=True))


async def stream_async(ask: Ask) -> Outcome:
    return [item async for item in await ask.create(stream=True)]


def stream_raw(ask: Ask) -> Outcome:
    return list(ask.resource.with_raw_response.create(**ask.sdk.arguments, stream=True).parse())


async def stream_raw_async(ask: Ask) -> Outcome:
    response = await ask.resource.with_raw_response.create(**ask.sdk.arguments, stream=True)
    parsed = response.parse()
    return [item async for item in (await parsed if asyncio.iscoroutine(parsed) else parsed)]


def stream_lines(ask: Ask) -> Outcome:
    with ask.resource.with_streaming_response.create(**ask.sdk.arguments, stream=True) as response:
        return list(response.iter_lines())


async def stream_lines_async(ask: Ask) -> Outcome:
    async with ask.resource.with_streaming_response.create(**ask.sdk.arguments, stream=True) as response:
        return [line async for line in response.iter_lines()]


def stream_parsed(ask: Ask) -> Outcome:
    with ask.resource.with_streaming_response.create(**ask.sdk.arguments, stream=True) as response:
        return list(response.parse())


async def stream_parsed_async(ask: Ask) -> Outcome:
    async with ask.resource.with_streaming_response.create(**ask.sdk.arguments, stream=True) as response:
        return [item async for item in await response.parse()]


def helper(ask: Ask) -> Outcome:
    with ask.resource.stream(**ask.sdk.arguments) as events:
        seen = [event.type for event in events]
        return [seen, events.get_final_message() if ask.sdk.name == "anthropic" else events.get_final_completion()]


async def helper_async(ask: Ask) -> Outcome:
    async with ask.resource.stream(**ask.sdk.arguments) as events:
        seen = [event.type async for event in events]
        final = events.get_final_message if ask.sdk.name == "anthropic" else events.get_final_completion
        return [seen, await final()]


STREAMED = {
    "create": stream,
    "create, async": stream_async,
    "raw response": stream_raw,
    "raw response, async": stream_raw_async,
    "streaming response by lines": stream_lines,
    "streaming response by lines, async": stream_lines_async,
    "streaming response parsed": stream_parsed,
    "streaming response parsed, async": stream_parsed_async,
    "helper": helper,
    "helper, async": helper_async,
}


class TestCalls:
    @pytest.mark.parametrize("scenario", WHOLE.values(), ids=WHOLE)
    def test_whole_answer(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """However it is asked for, an answer that comes whole is returned."""
        seen = play(scenario, sdk.answer(TEXT))

        assert ("returned", None, None, 12, 5, 1, TEXT, sdk.success) == (
            *seen.told(*LEFT, "gen_ai.response.time_to_first_chunk"),
            *seen.told("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "orchestrace.attempts"),
            words(seen),
            seen.span.status,
        )

    @pytest.mark.parametrize("scenario", STREAMED.values(), ids=STREAMED)
    def test_stream(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """However it is read, a stream that is read to its end is drained."""
        seen = play(scenario, sdk.answer(TEXT, stream=True))
        (first,) = seen.told("gen_ai.response.time_to_first_chunk")

        assert ("drained", True, 12, 5, 1, TEXT, sdk.success) == (
            *seen.told(*LEFT, "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "orchestrace.attempts"),
            words(seen),
            seen.span.status,
        )
        assert 0 < first <= (seen.span.end - seen.span.start) / 1e9

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    @pytest.mark.parametrize(
        "scenario", [create, create_async, reading, stream, stream_async], ids=lambda one: one.__name__
    )
    def test_compressed(self, scenario: Scenario, encoding: Literal["gzip", "deflate"], sdk: Sdk, play: Play) -> None:
        """What is compressed on the wire is read all the same."""
        whole = sdk.answer(TEXT, stream=scenario in {stream, stream_async})
        packed = Answer(body=whole.body, pieces=whole.pieces, encoding=encoding)

        assert TEXT == words(play(scenario, packed))


# -- every way to leave -----------------------------------------------------------------------------------------------
def said_something(item: Outcome) -> bool:
    """Tell whether an item of a stream holds the first word."""
    return "Hello" in repr(item)


def broke_off_and_closed(ask: Ask) -> Outcome:
    answer = ask.create(stream=True)
    first = next(filter(said_something, answer))
    answer.close()
    return first


def broke_off_and_dropped(ask: Ask) -> Outcome:
    first = next(filter(said_something, ask.create(stream=True)))
    gc.collect()
    return first


def left_block(ask: Ask) -> Outcome:
    with ask.create(stream=True) as answer:
        return next(filter(said_something, answer))


def raised_in_loop(ask: Ask) -> Outcome:
    with suppress(KeyError), ask.create(stream=True) as answer:
        for item in answer:
            if said_something(item):
                raise KeyError


def closed_while_held(ask: Ask) -> Outcome:
    answer = ask.create(stream=True)
    items = iter(answer)
    first = next(filter(said_something, items))
    answer.close()
    answer.close()
    return [first, answer.response.is_closed]


def left_helper(ask: Ask) -> Outcome:
    with ask.resource.stream(**ask.sdk.arguments) as events:
        return next(filter(said_something, events)).type


async def first_async(items: Outcome) -> Outcome:
    """Return the first item that holds the first word."""
    async for item in items:
        if said_something(item):
            return item
    return None


async def broke_off_and_closed_async(ask: Ask) -> Outcome:
    answer = await ask.create(stream=True)
    first = await first_async(answer)
    await answer.close()
    return first


async def broke_off_and_dropped_async(ask: Ask) -> Outcome:
    first = await first_async(await ask.create(stream=True))
    gc.collect()
    return first


async def left_block_async(ask: Ask) -> Outcome:
    async with await ask.create(stream=True) as answer:
        return await first_async(answer)


async def raised_in_loop_async(ask: Ask) -> Outcome:
    with suppress(KeyError):
        async with await ask.create(stream=True) as answer:
            async for item in answer:
                if said_something(item):
                    raise KeyError


async def closed_while_held_async(ask: Ask) -> Outcome:
    answer = await ask.create(stream=True)
    items = answer.__aiter__()
    first = await first_async(items)
    await answer.close()
    await answer.close()
    return [first, answer.response.is_closed]


async def left_helper_async(ask: Ask) -> Outcome:
    async with ask.resource.stream(**ask.sdk.arguments) as events:
        return (await first_async(events)).type


LEAVING = {
    "broke off and closed": broke_off_and_closed,
    "broke off and closed, async": broke_off_and_closed_async,
    "broke off and dropped": broke_off_and_dropped,
    "broke off and dropped, async": broke_off_and_dropped_async,
    "left block": left_block,
    "left block, async": left_block_async,
    "raised in loop": raised_in_loop,
    "raised in loop, async": raised_in_loop_async,
    "closed while held": closed_while_held,
    "closed while held, async": closed_while_held_async,
    "left helper": left_helper,
    "left helper, async": left_helper_async,
}


def never_read(ask: Ask) -> Outcome:
    ask.create(stream=True).close()


def never_read_and_dropped(ask: Ask) -> Outcome:
    ask.create(stream=True)
    gc.collect()


async def never_read_async(ask: Ask) -> Outcome:
    await (await ask.create(stream=True)).close()


async def never_read_and_dropped_async(ask: Ask) -> Outcome:
    await ask.create(stream=True)
    gc.collect()


NEVER = {
    "closed": never_read,
    "closed, async": never_read_async,
    "dropped": never_read_and_dropped,
    "dropped, async": never_read_and_dropped_async,
}


async def cancelled(ask: Ask) -> Outcome:
    answer = await ask.create(stream=True)
    begun = asyncio.Event()

    async def read() -> None:
        async for item in answer:
            if said_something(item):
                begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return task.cancelled()


class TestLeaving:
    @pytest.mark.parametrize("scenario", LEAVING.values(), ids=LEAVING)
    def test_abandoned(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """A stream that is left early is no error, and keeps what came."""
        seen = play(
            scenario, halting(sdk.answer(["Hello ", "there."], stream=True), after=2 if sdk.name == "openai" else 3)
        )

        assert ("abandoned", True, "UNSET", "Hello ") == (*seen.told(*LEFT), seen.span.status, words(seen))

    @pytest.mark.parametrize("scenario", NEVER.values(), ids=NEVER)
    def test_never_read(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """A stream of which nothing is read was asked for all the same."""
        seen = play(scenario, sdk.answer(TEXT, stream=True))

        assert ("abandoned", True, None, None, "UNSET") == (
            *seen.told(*LEFT, "gen_ai.response.time_to_first_chunk", "gen_ai.output.messages"),
            seen.span.status,
        )

    def test_cancelled(self, sdk: Sdk, play: Play) -> None:
        """A task that is cancelled while it reads is no error, and what came is kept."""
        seen = play(
            cancelled, halting(sdk.answer(["Hello ", "there."], stream=True), after=2 if sdk.name == "openai" else 3)
        )

        assert ("cancelled", True, "UNSET", "Hello ") == (*seen.told(*LEFT), seen.span.status, words(seen))

    @pytest.mark.parametrize("sdk", ["openai"], indirect=True)
    @pytest.mark.parametrize("after", [Pause(60.0), Cut(), Cut(reset=True)], ids=["silence", "cut", "reset"])
    @pytest.mark.parametrize("scenario", [stream, stream_async], ids=lambda one: one.__name__)
    def test_after_the_last_event(self, scenario: Scenario, after: Pause | Cut, sdk: Sdk, play: Play) -> None:
        """What becomes of a connection after the last event is not part of the call."""
        whole = sdk.answer(TEXT, stream=True)
        seen = play(scenario, Answer(pieces=[*whole.pieces, after]))

        assert ("drained", True, "UNSET", [], TEXT) == (
            *seen.told(*LEFT),
            seen.span.status,
            seen.span.events,
            words(seen),
        )


# -- whose span it is -------------------------------------------------------------------------------------------------
OURS = ("orchestrace.schema.version", "gen_ai.operation.name", "gen_ai.provider.name")
CHAT = {"gen_ai.operation.name": "chat"}


class TestHost:
    @pytest.mark.parametrize("scenario", [create, stream], ids=lambda one: one.__name__)
    def test_sdk_with_a_span(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """The span of an SDK that makes its own is the call's only one, and says what we know."""
        seen = play(scenario, sdk.answer(TEXT, stream=scenario is stream))
        ours = ("orchestrace", f"chat {sdk.arguments['model']}")
        theirs = ("com.anthropic.sdk.python", "anthropic.messages.create")

        assert (*(theirs if sdk.own_span else ours), 2, "1", "chat", sdk.name) == (
            seen.span.scope,
            seen.span.name,
            seen.span.kind,
            *seen.told(*OURS),
        )

    @pytest.mark.parametrize("sdk", ["openai"], indirect=True)
    @pytest.mark.parametrize(
        ("kind", "attributes"),
        [(trace.SpanKind.INTERNAL, {"openinference.span.kind": "LLM"}), (trace.SpanKind.CLIENT, CHAT)],
        ids=["OpenInference", "conventions"],
    )
    def test_span_around_a_call(
        self, kind: trace.SpanKind, attributes: dict[str, str], sdk: Sdk, orchestrace_server: ReplayServer
    ) -> None:
        """A span that already stands for the call is the call's; a second call under it has a span of its own."""
        orchestrace_server.answer(sdk.answer("One."))
        orchestrace_server.answer(sdk.answer("Two."))
        client = sdk.clients[0](api_key="key", base_url=orchestrace_server.url + "/v1")
        with capture(as_global=True) as spans, client:
            with trace.get_tracer("theirs").start_as_current_span("llm", kind=kind, attributes=attributes):
                client.chat.completions.create(**sdk.arguments)
                client.chat.completions.create(**sdk.arguments)
            second, host = spans

        assert [("chat gpt-4o-mini", host.span_id, "Two."), ("llm", None, "One.")] == [
            (span.name, span.parent_id, json.loads(span.attributes["gen_ai.output.messages"])[0]["parts"][0]["content"])
            for span in (second, host)
        ]

    @pytest.mark.parametrize("sdk", ["openai"], indirect=True)
    @pytest.mark.parametrize(
        ("kind", "attributes"),
        [
            (trace.SpanKind.INTERNAL, CHAT),
            (trace.SpanKind.CLIENT, {"gen_ai.operation.name": "invoke_agent"}),
            (trace.SpanKind.INTERNAL, {"openinference.span.kind": "CHAIN"}),
            (trace.SpanKind.CLIENT, {}),
        ],
    )
    def test_span_of_something_else(
        self, kind: trace.SpanKind, attributes: dict[str, str], sdk: Sdk, orchestrace_server: ReplayServer
    ) -> None:
        """A span that stands for something else is the parent of the call's."""
        orchestrace_server.answer(sdk.answer(TEXT))
        client = sdk.clients[0](api_key="key", base_url=orchestrace_server.url + "/v1")
        with capture(as_global=True) as spans, client:
            with trace.get_tracer("theirs").start_as_current_span("theirs", kind=kind, attributes=attributes):
                client.chat.completions.create(**sdk.arguments)
            call, theirs = spans

        assert (theirs.span_id, attributes) == (call.parent_id, theirs.attributes)


# -- requests that belong together ------------------------------------------------------------------------------------
CHATS = "/v1/chat/completions"


class TestAttempts:
    def ask(self, client: httpx2.Client, server: ReplayServer, *, stream: bool = True) -> httpx2.Response:
        """Send a request as an SDK does."""
        body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
        return client.send(client.build_request("POST", server.url + CHATS, json=body), stream=stream)

    def test_answer_that_nobody_closes(self, orchestrace_server: ReplayServer) -> None:
        """What becomes of the answer to an earlier attempt does not end the call."""
        orchestrace_server.answer(Answer(503, pieces=["no", "thing"]))
        orchestrace_server.answer(openai_chat(TEXT, stream=True))
        with capture() as spans, httpx2.Client(verify=PLAIN) as client:
            boundary = Boundary()
            with boundary.scope:
                first = self.ask(client, orchestrace_server)
                second = self.ask(client, orchestrace_server)
            first.close()
            boundary.end(End(RETURNED, 0, second))
            before = len(spans)
            second.read()
            second.close()

        assert (0, ["drained"], [2]) == (
            before,
            [span.attributes["orchestrace.ending"] for span in spans],
            [span.attributes["orchestrace.attempts"] for span in spans],
        )

    def test_answer_that_nobody_closes_before_a_whole_one(self, orchestrace_server: ReplayServer) -> None:
        """Nor does the call wait for it."""
        orchestrace_server.answer(Answer(503, pieces=["no", "thing"]))
        orchestrace_server.answer(openai_chat(TEXT))
        with capture() as spans, httpx2.Client(verify=PLAIN) as client:
            boundary = Boundary()
            with boundary.scope:
                first = self.ask(client, orchestrace_server)
                second = self.ask(client, orchestrace_server, stream=False)
            boundary.end(End(RETURNED, 0, second))
            endings = [span.attributes["orchestrace.ending"] for span in spans]
            first.close()

        assert ["returned"] == endings

    def test_two_answers_in_one_method(self, orchestrace_server: ReplayServer) -> None:
        """A request after one that succeeded is no attempt: it is a call of its own."""
        orchestrace_server.answer(openai_chat("One."))
        orchestrace_server.answer(openai_chat("Two."))
        with capture() as spans, httpx2.Client(verify=PLAIN) as client:
            boundary = Boundary()
            with boundary.scope:
                self.ask(client, orchestrace_server, stream=False)
                self.ask(client, orchestrace_server, stream=False)
            boundary.end(End(RETURNED, 0))

        assert [1, 1] == [span.attributes["orchestrace.attempts"] for span in spans]
        assert [False, True] == [span.start == boundary.started for span in spans]

    def test_request_without_a_call(self, orchestrace_server: ReplayServer) -> None:
        """A method of an SDK that asks no model has no span."""
        orchestrace_server.answer(Answer(body={"data": []}), method="GET")
        with capture() as spans, httpx2.Client(verify=PLAIN) as client:
            boundary = Boundary()
            with boundary.scope:
                client.get(orchestrace_server.url + "/v1/models")
            boundary.end(End(RETURNED, 0))

        assert [] == list(spans)


class Broken(Exchange):
    """A tap that does not understand its client's response."""

    def _received(self, response: object) -> None:
        raise TypeError(response)


class TestExchange:
    def test_response_that_is_not_understood(self) -> None:
        """A fault of ours costs what is known of the answer, and not the end of the call."""
        match = recognise("POST", "api.openai.com", CHATS)
        assert match is not None
        with capture(instrument=False) as spans, pytest.raises(TypeError):
            Broken(Sent(match, "api.openai.com", 443, {"model": "m"})).end(End(RETURNED, 0, "an answer"))

        assert [("chat m", "returned")] == [(span.name, span.attributes["orchestrace.ending"]) for span in spans]
