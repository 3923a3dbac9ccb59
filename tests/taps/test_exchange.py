"""Every way to call a model, and every way to leave its answer."""

# ruff: noqa: D103 - a scenario is what its name says
from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import ssl
from contextlib import suppress
from typing import Any, Literal, TypeAlias

import anthropic
import httpx2
import openai
import pytest
from opentelemetry import trace

import orchestrace
from orchestrace.recording.boundary import Boundary
from orchestrace.recording.drivers.byte_stream import LIMIT
from orchestrace.recording.ending import RETURNED, End
from orchestrace.records import SpanRecord
from orchestrace.taps.exchange import Exchange, Sent
from orchestrace.testing import Answer, Cut, Pause, ReplayServer, capture, openai_chat
from orchestrace.testing.answer import server_sent_event
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


# -- what is no chat --------------------------------------------------------------------------------------------------
SOUND = b"\xff\xfb\x90" * 100
FILE = ("a.mp3", SOUND)
REQUESTS = [{"custom_id": "1", "params": {"model": "m", "max_tokens": 1, "messages": []}}]
OPERATIONS: dict[str, tuple[str, Any, Answer, str, dict[str, Any]]] = {
    "embeddings": (
        "openai",
        lambda client: client.embeddings.create(model="m", input=["Hi", "you"]),
        Answer(body={"data": [{"embedding": [0.5, 1.0], "index": 0}], "model": "m-1", "usage": {"prompt_tokens": 2}}),
        "embeddings m",
        {"gen_ai.usage.input_tokens": 2, "gen_ai.embeddings.dimension.count": 2, "gen_ai.response.model": "m-1"},
    ),
    "text completion": (
        "openai",
        lambda client: client.completions.create(model="m", prompt="Hi", echo=True, logprobs=1),
        Answer(body={"choices": [{"text": TEXT, "index": 0, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}),
        "text_completion m",
        {"gen_ai.response.finish_reasons": ("stop",), "gen_ai.usage.input_tokens": 1},
    ),
    "image": (
        "openai",
        lambda client: client.images.generate(model="m", prompt="A sunset"),
        Answer(body={"created": 1, "data": [{"b64_json": "AAAA"}]}),
        "generate_content m",
        {"gen_ai.output.type": "image"},
    ),
    "image from an image": (
        "openai",
        lambda client: client.images.edit(model="m", prompt="Blue", image=("a.png", b"abc")),
        Answer(body={"created": 1, "data": [{"b64_json": "AAAA"}]}),
        "generate_content m",
        {"gen_ai.output.type": "image"},
    ),
    "speech": (
        "openai",
        lambda client: client.audio.speech.create(model="m", voice="alloy", input="Hi"),
        Answer(body=SOUND, headers={"content-type": "audio/mpeg"}),
        "generate_content m",
        {"gen_ai.output.type": "speech"},
    ),
    "transcription": (
        "openai",
        lambda client: client.audio.transcriptions.create(model="m", file=FILE),
        Answer(body={"text": TEXT, "usage": {"type": "tokens", "input_tokens": 3, "output_tokens": 2}}),
        "generate_content m",
        {"gen_ai.output.type": "text", "gen_ai.usage.output_tokens": 2},
    ),
    "subtitles": (
        "openai",
        lambda client: client.audio.transcriptions.create(model="m", file=FILE, response_format="srt"),
        Answer(body=TEXT, headers={"content-type": "text/plain"}),
        "generate_content m",
        {"gen_ai.output.type": "text"},
    ),
    "moderation": (
        "openai",
        lambda client: client.moderations.create(model="m", input="Hi"),
        Answer(body={"id": "1", "model": "m", "results": [{"flagged": True, "categories": {"hate": True}}]}),
        "moderation m",
        {"orchestrace.response.flagged": True, "orchestrace.response.flagged_categories": ("hate",)},
    ),
    "count of tokens": (
        "openai",
        lambda client: client.responses.input_tokens.count(model="m", input="Hi"),
        Answer(body={"object": "response.input_tokens", "input_tokens": 7}),
        "count_tokens m",
        {"orchestrace.response.input_tokens": 7, "gen_ai.usage.input_tokens": None},
    ),
    "batch": (
        "openai",
        lambda client: client.batches.create(input_file_id="file-1", endpoint="/v1/responses", completion_window="24h"),
        Answer(body={"id": "batch_1", "object": "batch"}),
        "create_batch",
        {"gen_ai.response.id": "batch_1"},
    ),
    "count of a message's tokens": (
        "anthropic",
        lambda client: client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "Hi"}]),
        Answer(body={"input_tokens": 7}),
        "count_tokens m",
        {"orchestrace.response.input_tokens": 7, "gen_ai.usage.input_tokens": None},
    ),
    "batch of messages": (
        "anthropic",
        lambda client: client.messages.batches.create(requests=REQUESTS),
        Answer(body={"id": "msgbatch_1", "type": "message_batch"}),
        "create_batch m",
        {"gen_ai.response.id": "msgbatch_1", "orchestrace.request.batch_size": 1},
    ),
}
UNCOUNTED = ("moderation", "count of tokens", "batch", "count of a message's tokens", "batch of messages")
GENERATED = {"image": "", "image from an image": "", "speech": ""} | dict.fromkeys(
    ("text completion", "transcription", "subtitles"), TEXT
)
"""What the answers say, as far as they are kept."""


def bare(outcome: Outcome) -> Outcome:
    """Return what can be compared of what a SDK gives."""
    return getattr(outcome, "content", outcome)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("sdk", "name"), [(one[0], name) for name, one in OPERATIONS.items()], indirect=["sdk"])
class TestOperations:
    def test_are_what_they_are(self, name: str, sdk: Sdk, play: Play, *, asynchronous: bool) -> None:
        """Whatever a SDK asks of a model has one span, which says what it was; its bytes are not kept."""
        _, use, answer, span, told = OPERATIONS[name]

        async def ask_async(ask: Ask) -> Outcome:
            return bare(await use(ask.client))

        seen = play(ask_async if asynchronous else lambda ask: bare(use(ask.client)), answer, path=None)
        said = json.loads(seen.span.attributes.get("gen_ai.output.messages", "[]"))

        assert (span, 2, "returned", sdk.name) == (
            seen.span.name,
            seen.span.kind,
            *seen.told("orchestrace.ending", "gen_ai.provider.name"),
        )
        assert told == dict(zip(told, seen.told(*told), strict=True))
        assert (name in GENERATED) is bool(said)
        assert [GENERATED[name] for _ in said] == [message["parts"][0]["content"] for message in said]

    def test_failure(self, name: str, sdk: Sdk, play: Play, *, asynchronous: bool) -> None:
        """What a provider refuses failed, with its words."""
        use = OPERATIONS[name][1]
        error = {"type": "some_error", "message": "No."}

        async def ask_async(ask: Ask) -> Outcome:
            return await use(ask.client)

        refusal = Answer(400, body={"type": "error", "error": error})
        seen = play(ask_async if asynchronous else lambda ask: use(ask.client), refusal, path=None, fails=True)

        assert ("error", "some_error", 400) == seen.told(
            "orchestrace.ending", "error.type", "http.response.status_code"
        )
        assert sdk.name == seen.span.attributes["gen_ai.provider.name"]


# -- what streams, and is no chat -------------------------------------------------------------------------------------
def events(*said: dict[str, Any]) -> Answer:
    """Return a stream of events."""
    return Answer(pieces=[server_sent_event(event) for event in said])


STREAMS: dict[str, tuple[Any, Answer, str]] = {
    "text completion": (
        lambda client: client.completions.create(model="m", prompt="Hi", stream=True),
        events(*({"choices": [{"text": piece, "index": 0}]} for piece in ("Hello ", "there.")), {"choices": []}),
        TEXT,
    ),
    "transcription": (
        lambda client: client.audio.transcriptions.create(model="m", file=FILE, stream=True),
        events({"type": "transcript.text.delta", "delta": "Hello "}, {"type": "transcript.text.done", "text": TEXT}),
        TEXT,
    ),
    "image": (
        lambda client: client.images.generate(model="m", prompt="A sunset", stream=True),
        events({"type": "image_generation.completed", "b64_json": "AAAA", "created_at": 1}),
        "",
    ),
}


@pytest.mark.parametrize("sdk", ["openai"], indirect=True)
@pytest.mark.parametrize("name", STREAMS)
class TestStreams:
    def test_drained(self, name: str, play: Play) -> None:
        """A stream that is read to its end says what it said."""
        use, answer, text = STREAMS[name]
        seen = play(lambda ask: [*use(ask.client)], answer, path=None)
        [said] = json.loads(seen.span.attributes["gen_ai.output.messages"])

        assert ("drained", True) == seen.told(*LEFT)
        assert text == said["parts"][0]["content"]

    def test_abandoned(self, name: str, play: Play) -> None:
        """A stream that nobody reads is left."""
        use, answer, _ = STREAMS[name]
        halted = Answer(pieces=[Pause(60.0), *(answer.pieces or ())])
        seen = play(lambda ask: use(ask.client).close(), halted, path=None)

        assert ("abandoned", True) == seen.told(*LEFT)


@pytest.mark.parametrize("sdk", ["openai"], indirect=True)
class TestSound:
    def ask(self, sdk: Sdk, server: ReplayServer, sound: bytes, most: int | None = None) -> SpanRecord:
        """Return the span of speech that is read as it comes, all of it or some."""
        server.answer(Answer(pieces=[sound[:1000], sound[1000:]], headers={"content-type": "audio/mpeg"}), path=None)
        client = sdk.clients[0](api_key="key", base_url=server.url + "/v1")
        with capture() as spans, client:
            speech = client.audio.speech.with_streaming_response.create(model="m", voice="alloy", input="Hi")
            with speech as response:
                for count, _ in enumerate(response.iter_bytes(1000), 1):
                    if count == most:
                        break
        [span] = spans
        return span

    def test_read_as_it_comes(self, sdk: Sdk, orchestrace_server: ReplayServer) -> None:
        """Sound that was read to its end was returned, and is known by its sum."""
        sound = SOUND * 10
        span = self.ask(sdk, orchestrace_server, sound)
        [said] = json.loads(span.attributes["gen_ai.output.messages"])

        assert "returned" == span.attributes["orchestrace.ending"]
        assert (len(sound), hashlib.sha256(sound).hexdigest()) == (said["parts"][0]["size"], said["parts"][0]["sha256"])

    def test_left(self, sdk: Sdk, orchestrace_server: ReplayServer) -> None:
        """Sound that nobody wanted to hear to its end was abandoned."""
        span = self.ask(sdk, orchestrace_server, b"\xff" * 100_000, most=1)

        assert "abandoned" == span.attributes["orchestrace.ending"]

    def test_more_than_is_kept(self, sdk: Sdk, orchestrace_server: ReplayServer) -> None:
        """The sum of half a sound is that of none: there is none, and the span says that something was left out."""
        span = self.ask(sdk, orchestrace_server, b"\xff" * (LIMIT + 1))

        assert "gen_ai.output.messages" not in span.attributes
        assert ("gen_ai.output.messages",) == span.attributes["orchestrace.truncated"]


class TestSums:
    def test_count_what_a_model_generates(self, orchestrace_server: ReplayServer) -> None:
        """A role counts its calls and their tokens: what is counted, judged or put off for later is none of them."""
        operations = [OPERATIONS[name] for name in ("embeddings", *UNCOUNTED)]

        @orchestrace.generator
        def draft() -> None:
            for sdk, use, *_ in operations:
                client = openai.OpenAI if sdk == "openai" else anthropic.Anthropic
                with client(api_key="key", base_url=orchestrace_server.url) as asked:
                    use(asked)

        for _, _, answer, *_ in operations:
            orchestrace_server.answer(answer, path=None)
        with capture() as spans:
            draft()

        counted = {name: value for name, value in spans[-1].attributes.items() if name.startswith("orchestrace.usage.")}
        about = ("duration", "cost.")  # of the one call that counts

        assert {"orchestrace.usage.calls": 1, "orchestrace.usage.input_tokens": 2} == {
            name: value
            for name, value in counted.items()
            if not name.removeprefix("orchestrace.usage.").startswith(about)
        }
        assert 1 == counted["orchestrace.usage.cost.unknown_calls"]

    def test_a_chat_is_not_taken_for_something_else(self, orchestrace_server: ReplayServer) -> None:
        """A span that stands for a chat is not that of a count which is made inside of it."""
        orchestrace_server.answer(Answer(body={"input_tokens": 7}), path=None)
        client = anthropic.Anthropic(api_key="key", base_url=orchestrace_server.url)
        with capture() as spans, orchestrace.llm_call(model="m", provider="p") as call, client:
            client.messages.count_tokens(model="m", messages=[])
            call.response("Hi")

        assert ["count_tokens m", "chat m"] == [span.name for span in spans]


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
