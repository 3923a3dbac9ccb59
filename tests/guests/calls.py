"""
A program that has another instrumentation of its SDK, and ours: every way a model call can end, in either order.

    python calls.py GUEST FIRST

GUEST is a name of `GUESTS`, FIRST the order that is tried first: `theirs` or `ours`. It prints as JSON what was kept of
each call, and which methods were not put back.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

import httpx2
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

import orchestrace
from orchestrace.pipeline.processor import Processor
from orchestrace.recording import finaliser
from orchestrace.testing import Answer, Memory, ReplayServer, anthropic_message, openai_chat, refused_endpoint
from orchestrace.testing.answer import server_sent_event

GUESTS = {
    "opentelemetry-instrumentation-genai-openai": "opentelemetry.instrumentation.genai.openai:OpenAIInstrumentor",
    "opentelemetry-instrumentation-genai-anthropic": (
        "opentelemetry.instrumentation.genai.anthropic:AnthropicInstrumentor"
    ),
    "openinference-instrumentation-openai": "openinference.instrumentation.openai:OpenAIInstrumentor",
    "opentelemetry-instrumentation-openai": "opentelemetry.instrumentation.openai:OpenAIInstrumentor",
    "anthropic": "",
}
"""Where the instrumentor of a distribution is; Anthropic's SDK has its tracing built in."""

SDK: Any = import_module("anthropic" if "anthropic" in sys.argv[1] else "openai")
"""The one that is asked. The other is left alone: to import it takes a second."""

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
TOLD: dict[str, Any] = ASKED | {"max_tokens": 9}
REFUSAL = Answer(400, body={"error": {"type": "invalid_request_error", "code": "bad", "message": "No."}})
BUSY = Answer(500, {"retry-after-ms": "1"}, {"error": {"type": "api_error", "message": "Busy."}})
VECTORS = {
    "object": "list",
    "model": "m",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


def openai_response(text: str = "Hello there.", *, stream: bool = False) -> Answer:
    """Make an answer in the format of OpenAI's responses."""
    said = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [said]}
    usage = {
        "input_tokens": 12,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 17,
    }
    begun = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": [],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    whole = begun | {"status": "completed", "output": [item], "usage": usage}
    if not stream:
        return Answer(body=whole)
    place = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
    words = text.split(" ")
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": item | {"content": [], "status": "in_progress"},
        },
        {"type": "response.content_part.added", **place, "part": said | {"text": ""}},
        *({"type": "response.output_text.delta", **place, "delta": word, "logprobs": []} for word in words),
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": said},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return Answer(
        pieces=[server_sent_event(event | {"sequence_number": n}, event["type"]) for n, event in enumerate(events)]
    )


Scenario = Callable[[Any, ReplayServer], Awaitable[Any]]

asynchronous: ContextVar[bool] = ContextVar("asynchronous")
"""The colour: what a guest puts in a stream's place may have both, and is told by the program that reads it."""

held: list[Any] = []
"""What the program keeps beyond the call."""


class Word(BaseModel):
    """What a parsed answer is."""

    word: str


async def done(value: Any) -> Any:
    """Return a value, or what it comes to."""
    return await value if inspect.isawaitable(value) else value


async def read(stream: Any, most: int = 1_000) -> None:
    """Read a stream of either colour: to its end, or some items of it."""
    if asynchronous.get():
        async for _ in stream:
            most -= 1
            if not most:
                break
    else:
        for _ in stream:
            most -= 1
            if not most:
                break


@asynccontextmanager
async def entered(manager: Any) -> AsyncIterator[Any]:
    """Be inside of a context manager of either colour."""
    async with AsyncExitStack() as stack:
        if asynchronous.get():
            yield await stack.enter_async_context(manager)
        else:
            yield stack.enter_context(manager)


async def failing(ask: Callable[..., Any], client: Any) -> None:
    """Make a call that fails."""
    try:
        await done(ask(client))
    except SDK.APIError:
        return
    raise AssertionError


class Kind:
    """One method of an SDK, as the scenarios use it: how to ask, and what is answered."""

    def __init__(self, ask: Callable[..., Any], answer: Callable[..., Answer], first_word: int = 0) -> None:
        self.ask = ask
        self.answer = answer
        self.first_word = first_word
        """Which item of a stream has it."""

    async def value(self, client: Any, server: ReplayServer) -> None:
        server.answer(self.answer())
        await done(self.ask(client))

    async def error(self, client: Any, server: ReplayServer) -> None:
        server.answer(REFUSAL)
        await failing(self.ask, client)

    async def retried(self, client: Any, server: ReplayServer) -> None:
        server.answer(BUSY)
        server.answer(self.answer())
        await done(self.ask(client.with_options(max_retries=1)))

    async def refused(self, client: Any, _: ReplayServer) -> None:
        with refused_endpoint() as url:
            await failing(self.ask, client.with_options(base_url=url))

    async def raw(self, client: Any, server: ReplayServer) -> None:
        server.answer(self.answer())
        await done((await done(self.ask(client, "with_raw_response"))).parse())

    async def streaming_response(self, client: Any, server: ReplayServer) -> None:
        server.answer(self.answer())
        async with entered(self.ask(client, "with_streaming_response")) as response:
            await done(response.parse())

    async def drained(self, client: Any, server: ReplayServer) -> None:
        await read(await self.stream(client, server))

    async def broken_off(self, client: Any, server: ReplayServer) -> None:
        await read(await self.stream(client, server), self.first_word)

    async def closed(self, client: Any, server: ReplayServer) -> None:
        stream = await self.stream(client, server)
        await read(stream, self.first_word)
        await done(stream.close())
        held.append(stream)

    async def block_left(self, client: Any, server: ReplayServer) -> None:
        async with entered(await self.stream(client, server)) as stream:
            await read(stream, self.first_word)
        held.append(stream)

    async def dropped(self, client: Any, server: ReplayServer) -> None:
        await self.stream(client, server)

    async def held(self, client: Any, server: ReplayServer) -> None:
        stream = await self.stream(client, server)
        await read(stream, self.first_word)
        held.append(stream)

    async def raw_stream(self, client: Any, server: ReplayServer) -> None:
        server.answer(self.answer(stream=True))
        await read(await done((await done(self.ask(client, "with_raw_response", stream=True))).parse()))

    async def nested(self, client: Any, server: ReplayServer) -> None:
        stream = await self.stream(client, server)
        await read(stream, self.first_word)
        server.answer(self.answer("Inner."))
        await done(self.ask(client))
        await read(stream)
        await done(stream.close())
        held.append(stream)

    async def stream(self, client: Any, server: ReplayServer) -> Any:
        """Ask for a stream."""
        server.answer(self.answer(stream=True))
        return await done(self.ask(client, stream=True))


def at(thing: Any, *path: str) -> Any:
    """Return what stands at a path of attributes; an empty name is none."""
    for name in path:
        thing = getattr(thing, name) if name else thing
    return thing


chat = Kind(lambda c, how="", **more: at(c, "chat", "completions", how).create(**ASKED, **more), openai_chat, 2)
messages = Kind(lambda c, how="", **more: at(c, "messages", how).create(**TOLD, **more), anthropic_message, 3)
embeddings = Kind(
    lambda c, how="", **more: at(c, "embeddings", how).create(model="m", input="Hi", encoding_format="float", **more),
    lambda: Answer(body=VECTORS),
)


responses = Kind(
    lambda c, how="", **more: at(c, "responses", how).create(model="m", input="Hi", **more),
    openai_response,
    4,
)


async def parsed(client: Any, server: ReplayServer) -> None:
    """Ask for an answer of a type."""
    server.answer(openai_chat('{"word": "Hello"}'))
    await done(client.chat.completions.parse(**ASKED, response_format=Word))


async def chat_helper(client: Any, server: ReplayServer) -> None:
    """Stream by the SDK's helper."""
    server.answer(openai_chat(stream=True))
    async with entered(client.chat.completions.stream(**ASKED)) as stream:
        await read(stream)


async def responses_parsed(client: Any, server: ReplayServer) -> None:
    """Ask for an answer of a type."""
    server.answer(openai_response('{"word": "Hello"}'))
    await done(client.responses.parse(model="m", input="Hi", text_format=Word))


async def responses_helper(client: Any, server: ReplayServer) -> None:
    """Stream by the SDK's helper."""
    server.answer(openai_response(stream=True))
    async with entered(client.responses.stream(model="m", input="Hi")) as stream:
        await read(stream)


async def messages_helper(client: Any, server: ReplayServer) -> None:
    """Stream by the SDK's helper."""
    server.answer(anthropic_message(stream=True))
    async with entered(client.messages.stream(**TOLD)) as stream:
        await read(stream)


async def messages_helper_left(client: Any, server: ReplayServer) -> None:
    """Leave the SDK's helper early."""
    server.answer(anthropic_message(stream=True))
    async with entered(client.messages.stream(**TOLD)) as stream:
        await read(stream, messages.first_word)


STREAMS = ("drained", "broken_off", "closed", "block_left", "dropped", "held", "raw_stream", "nested")
CALLS = ("value", "error", "retried", "refused", "raw", "streaming_response")


def of(kind: Kind, names: tuple[str, ...], prefix: str = "") -> dict[str, Scenario]:
    """Return the scenarios of a method by name."""
    return {prefix + name: getattr(kind, name) for name in names}


OPENAI: dict[str, Scenario] = {
    **of(chat, CALLS + STREAMS),
    "parsed": parsed,
    "helper": chat_helper,
    **of(embeddings, ("value", "error", "retried", "raw"), "embeddings_"),
    **of(responses, CALLS + STREAMS, "responses_"),
    "responses_parsed": responses_parsed,
    "responses_helper": responses_helper,
}
ANTHROPIC: dict[str, Scenario] = {
    **of(messages, CALLS + STREAMS),
    "helper": messages_helper,
    "helper_left": messages_helper_left,
}


async def play(program: Program, names: Collection[str], *, colour: bool) -> dict[str, Any]:
    """Return what was kept of some scenarios, in one colour."""
    asynchronous.set(colour)
    url = "" if program.asks_anthropic else "/v1"
    make = getattr(SDK, "Async" * colour + ("Anthropic" if program.asks_anthropic else "OpenAI"))
    client = make(base_url=program.server.url + url, api_key="key", max_retries=0)
    told = {}
    for name, scenario in (ANTHROPIC if program.asks_anthropic else OPENAI).items():
        if names and name not in names:
            continue
        # A task of its own: what a guest leaves in the context of one is not there in the next.
        trace_id = await asyncio.create_task(run(name, scenario(client, program.server)))
        while held:
            if hasattr(stream := held.pop(), "close"):
                await done(stream.close())
            del stream
        settle()
        told[name] = program.kept(trace_id)
    await done(client.close())
    return told


async def run(name: str, scenario: Awaitable[Any]) -> str:
    """Play one scenario inside of an agent of its name; return the id of its trace."""
    with orchestrace.agent(name=name):
        await scenario
        for _ in range(9):  # an async generator that was left is closed by the loop
            await asyncio.sleep(0)
        settle()
        return trace.format_trace_id(trace.get_current_span().get_span_context().trace_id)


def settle() -> None:
    """Have ended what nobody holds any more."""
    gc.collect()
    finaliser.drain(5)
    gc.freeze()  # else the next collection looks at all that is there now


class Program:
    """What the program has: a provider with our pipeline and somebody else's, a guest, and a model."""

    def __init__(self, guest: str, server: ReplayServer) -> None:
        self.server = server
        self.asks_anthropic = "anthropic" in guest
        self.memory = Memory()
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(Processor([self.memory]))
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        trace.set_tracer_provider(provider)
        module, _, name = GUESTS[guest].partition(":")
        self.guests = [getattr(import_module(module), name)()] if module else []

    def instrument(self, *, theirs_first: bool) -> None:
        """Instrument in either order."""
        steps = [orchestrace.instrument, *(guest.instrument for guest in self.guests)]
        for step in reversed(steps) if theirs_first else steps:
            step()

    def uninstrument(self, *, theirs_first: bool) -> None:
        """Put back in either order."""
        steps = [orchestrace.uninstrument, *(guest.uninstrument for guest in self.guests)]
        for step in reversed(steps) if theirs_first else steps:
            step()

    def kept(self, trace_id: str) -> dict[str, Any]:
        """Return what we keep of a trace, and what somebody else's exporter has got of it."""
        exported = [span for span in self.exporter.get_finished_spans() if f"{span.context.trace_id:032x}" == trace_id]
        return {
            "running": [span.name for span in self.memory.running if span.trace_id == trace_id],
            "spans": [
                {name: getattr(span, name) for name in SHOWN} for span in self.memory.spans if span.trace_id == trace_id
            ],
            "exported": [
                {"scope": span.instrumentation_scope.name, "attributes": dict(span.attributes)} for span in exported
            ],
        }


SHOWN = ("name", "scope", "status", "status_message", "attributes", "span_id", "parent_id")


def methods() -> dict[str, Any]:
    """Return the methods that anybody wraps, as they are reached now."""
    owners: dict[Any, tuple[str, str]] = {
        httpx2: ("Client.send", "AsyncClient.send"),
        SDK._base_client: ("SyncAPIClient.request", "AsyncAPIClient.request"),
    }
    if SDK.__name__ == "openai":
        owners[SDK] = ("OpenAI.request", "AsyncOpenAI.request")
        owners[SDK.resources.chat.completions] = ("Completions.create", "AsyncCompletions.create")
    else:
        owners[SDK.resources.messages] = ("Messages.create", "AsyncMessages.create")
    return {
        f"{owner.__name__}.{path}": at(owner, *path.split(".")) for owner, paths in owners.items() for path in paths
    }


def changed(before: dict[str, Any]) -> list[str]:
    """Return the methods that are not what they were."""
    return [name for name, method in methods().items() if method is not before[name]]


CORE = ("value", "error", "retried", "drained", "broken_off", "responses_value", "responses_drained")
FEW = ("value", "error", "retried")


async def both(program: Program, names: Collection[str] = ()) -> dict[str, Any]:
    """Return what was kept of some scenarios, by colour."""
    return {"sync": await play(program, names, colour=False), "async": await play(program, names, colour=True)}


async def main(guest: str, first: str) -> dict[str, Any]:
    """Return what was kept in either order, and what was put back in either order."""
    with ReplayServer() as server:
        program, before, told = Program(guest, server), methods(), {}
        for order, others in (("theirs", ()), ("ours", CORE))[:: -1 if first == "ours" else 1]:
            program.instrument(theirs_first=order == "theirs")
            orchestrace.instrument()
            told[f"{order} first"] = await both(program, others)
            program.uninstrument(theirs_first=order == "theirs")
            told[f"undone, {order} first"] = await both(program, FEW[:2])
            orchestrace.uninstrument()
            told[f"changed, {order} first"] = changed(before)
        orchestrace.instrument()
        told["ours again"] = await both(program, FEW)
        orchestrace.uninstrument()
    return told


if __name__ == "__main__":
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    sys.stdout.write(json.dumps(asyncio.run(main(*sys.argv[1:])), default=str))
