"""
What must hold with the oldest and the newest version of OpenTelemetry, wrapt, the SDKs and Python that we claim.

A program of its own for each fact, because each sets up a whole process; run by `make test` on what is installed, by
`make test-oldest` on the oldest, by `make test-pythons` on every Python that this machine has.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrace.testing import OtlpReceiver

PROGRAM = """
import asyncio, json, sys
import anthropic, openai
import orchestrace
from orchestrace.testing import Answer, ReplayServer, anthropic_message, capture, openai_chat

class Paths:
    '''The ways to ask, by name: each asks once and reads all.'''

    def __init__(self, server):
        own = {"api_key": "test", "max_retries": 1}
        self.openai = openai.OpenAI(base_url=server.url + "/v1", **own)
        self.openai_async = openai.AsyncOpenAI(base_url=server.url + "/v1", **own)
        self.anthropic = anthropic.Anthropic(base_url=server.url, **own)
        self.anthropic_async = anthropic.AsyncAnthropic(base_url=server.url, **own)
        said = {"messages": [{"role": "user", "content": "Hi"}], "model": "some-model"}
        self.chat, self.message = said, {**said, "max_tokens": 9}

    def create(self):
        self.openai.chat.completions.create(**self.chat)

    def stream(self):
        list(self.openai.chat.completions.create(**self.chat, stream=True))

    async def create_async(self):
        await self.openai_async.chat.completions.create(**self.chat)

    async def stream_async(self):
        async for _ in await self.openai_async.chat.completions.create(**self.chat, stream=True):
            pass

    def message_create(self):
        self.anthropic.messages.create(**self.message)

    def message_stream(self):
        with self.anthropic.messages.stream(**self.message) as stream:
            stream.get_final_message()

    async def message_async(self):
        await self.anthropic_async.messages.create(**self.message)

@orchestrace.agent(name="Asker")
def ask(way):
    came = way()
    if came is not None:
        asyncio.run(came)

found = {}
with ReplayServer() as server, capture() as spans:
    for name in sys.argv[1:]:
        answer = anthropic_message if name.startswith("message") else openai_chat
        server.answer(Answer(status=503, body={"error": {"message": "busy"}}, headers={"retry-after-ms": "1"}))
        server.answer(answer("Hello there", stream="stream" in name))
        before = len(list(spans))
        ask(getattr(Paths(server), name))  # an async client belongs to the event loop that it was used in
        kept = list(spans)[before:]
        found[name] = [[span.name, span.parent_id, span.span_id, dict(span.attributes)] for span in kept]
json.dump(found, sys.stdout)
"""

STORED = """
import openai
import orchestrace
from orchestrace.testing import ReplayServer, openai_chat

orchestrace.configure("versions", endpoint={endpoint!r}, protocol={protocol!r}, journal={journal!r})

@orchestrace.agent(name="Asker")
def ask(client):
    return client.chat.completions.create(model="m", messages=[{{"role": "user", "content": "Hi"}}]).id

with ReplayServer() as server:
    server.answer(openai_chat("Hello"))
    ask(openai.OpenAI(base_url=server.url + "/v1", api_key="test"))
assert orchestrace.flush(20)
"""
WAYS = ("create", "stream", "create_async", "stream_async", "message_create", "message_stream", "message_async")


def run(program: str, *arguments: str) -> str:
    """Run a program in an interpreter of its own and return what it printed."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def found() -> dict[str, list[Any]]:
    """Return the spans of every way to ask."""
    spans: dict[str, list[Any]] = json.loads(run(PROGRAM, *WAYS))
    return spans


@pytest.mark.parametrize("way", WAYS)
class TestCapture:
    def test_one_call_is_one_span_below_its_agent(self, way: str, found: dict[str, list[Any]]) -> None:
        """A request that the SDK had to repeat is one span, and says so."""
        by_name = {name.split()[0]: (parent, own, attributes) for name, parent, own, attributes in found[way]}

        assert {"chat", "invoke_agent"} == set(by_name)
        assert len(found[way]) == 2
        assert by_name["chat"][0] == by_name["invoke_agent"][1]
        assert by_name["chat"][2]["orchestrace.attempts"] == 2

    def test_words_and_tokens_are_on_it(self, way: str, found: dict[str, list[Any]]) -> None:
        """The messages are those that crossed the wire, and the agent has the sums."""
        by_name = {name.split()[0]: attributes for name, _, _, attributes in found[way]}
        call, agent = by_name["chat"], by_name["invoke_agent"]

        assert json.loads(call["gen_ai.output.messages"])[0]["parts"] == [{"type": "text", "content": "Hello there"}]
        assert json.loads(call["gen_ai.input.messages"])[0]["parts"] == [{"type": "text", "content": "Hi"}]
        assert agent["orchestrace.usage.output_tokens"] == call["gen_ai.usage.output_tokens"]
        assert call["orchestrace.ending"] == ("drained" if "stream" in way else "returned")


class TestExport:
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_a_run_is_stored_and_arrives(self, protocol: str, tmp_path: Path) -> None:
        """`configure()` writes the journal and sends by either protocol."""
        with OtlpReceiver(protocol=protocol) as receiver:
            run(STORED.format(endpoint=receiver.endpoint, protocol=protocol, journal=str(tmp_path)))
            names = {span.name for span in receiver.wait(2)}

        assert {"chat m", "invoke_agent Asker"} == names
        assert [path for path in tmp_path.rglob("*") if path.is_file()]
