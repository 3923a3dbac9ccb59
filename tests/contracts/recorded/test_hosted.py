"""Anthropic's models where Google and Amazon host them: their clients, on recorded answers."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from orchestrace.testing import Recording, Spans, capture

RECORDED = Path(__file__).parents[4] / "shared" / "recordings"
NAMES = ("messages-stream-basic-claude-haiku-4-5", "messages-parallel-tool-calls-claude-haiku-4-5")
MODEL = "claude-haiku-4-5@20251001"
QUESTION: dict[str, Any] = {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
STREAMS = sorted(RECORDED.glob("bedrock/invoke-with-response-stream-*claude*"))
Stage = Any
"""Where recordings are played, as `conftest.py` says."""


def recorded(place: str) -> Recording:
    """Return a recording."""
    path = RECORDED / f"{place}.json"
    if not path.is_file():
        pytest.skip("no recordings beside the repository, in shared/recordings")
    return Recording.load(path)


def told(spans: Spans) -> dict[str, Any]:
    """Return the name and the attributes of the only span."""
    (span,) = spans
    return {"name": span.name, "ending": span.attributes["orchestrace.ending"], **span.attributes}


def words(attributes: dict[str, Any]) -> str:
    """Return the words that were answered."""
    parts = json.loads(attributes["gen_ai.output.messages"])[0]["parts"]
    return "".join(part["content"] for part in parts if part["type"] == "text")


def seen(answers: list[Any]) -> str:
    """Return the words that a program saw, in whole messages or in events."""
    pieces = [
        piece for answer in answers for piece in [*getattr(answer, "content", ()), getattr(answer, "delta", None)]
    ]
    return "".join(getattr(piece, "text", "") for piece in pieces)


def options(http: Any) -> dict[str, Any]:
    """Return what a client for Vertex needs."""
    host = "http://us-east5-aiplatform.googleapis.com/v1"
    return {"region": "us-east5", "project_id": "p", "access_token": "t", "base_url": host, "http_client": http}


def ask(stage: Stage, recording: Recording) -> list[Any]:
    """Ask Vertex as a sync program does."""
    client = anthropic.AnthropicVertex(**options(stage.http))
    answer: Any = client.messages.create(**QUESTION, stream=recording.streaming)
    return list(answer) if recording.streaming else [answer]


async def ask_async(stage: Stage, recording: Recording) -> list[Any]:
    """Ask Vertex as an async program does."""
    async with httpx2.AsyncClient(proxy=stage.server.url) as http:
        client = anthropic.AsyncAnthropicVertex(**options(http))
        answer: Any = await client.messages.create(**QUESTION, stream=recording.streaming)
        return [event async for event in answer] if recording.streaming else [answer]


class TestVertex:
    @pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
    @pytest.mark.parametrize("name", NAMES)
    def test_is_read_like_anthropic(self, stage: Stage, name: str, *, asynchronous: bool) -> None:
        """The path says the model; the provider is Google; the span says what came."""
        recording = recorded(f"anthropic/{name}")
        stage.server.answer(recording.answer())
        with capture() as spans:
            answers = asyncio.run(ask_async(stage, recording)) if asynchronous else ask(stage, recording)
        attributes = told(spans)

        assert (f"chat {MODEL}", "gcp.vertex_ai") == (attributes["name"], attributes["gen_ai.provider.name"])
        assert (recording.streaming, "drained" if recording.streaming else "returned") == (
            attributes.get("gen_ai.request.stream", False),
            attributes["ending"],
        )
        assert seen(answers) == words(attributes)

    def test_counting_tokens_is_no_chat(self, stage: Stage) -> None:
        """Counting has a path of the same kind, and is counting all the same."""
        stage.server.answer(recorded("anthropic/messages.count_tokens-tool-result-claude-sonnet-4-5").answer())
        client = anthropic.AnthropicVertex(**options(stage.http))
        with capture() as spans:
            client.messages.count_tokens(model=MODEL, messages=QUESTION["messages"])

        assert ("count_tokens", "gcp.vertex_ai") == tuple(
            told(spans)[f"gen_ai.{name}"] for name in ("operation.name", "provider.name")
        )


class TestBedrock:
    def test_messages_are_sent_to_the_model_of_the_path(self, stage: Stage) -> None:
        """The client of the SDK takes the model out of the body; the span has it."""
        stage.server.answer(recorded("bedrock/invoke-tool-call-claude-sonnet-4-5").answer())
        host = "http://bedrock-runtime.us-east-1.amazonaws.com"
        client = anthropic.AnthropicBedrock(
            api_key="key", aws_region="us-east-1", base_url=host, http_client=stage.http, max_retries=0
        )
        with capture() as spans:
            client.messages.create(**QUESTION | {"model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"})
        attributes = told(spans)

        assert ("chat us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws.bedrock", "returned") == (
            attributes["name"],
            attributes["gen_ai.provider.name"],
            attributes["ending"],
        )
        assert "gen_ai.request.stream" not in attributes

    @pytest.mark.parametrize("path", STREAMS, ids=lambda path: str(path.stem))
    def test_streams_are_unpacked(self, stage: Stage, path: Path) -> None:
        """A stream in Amazon's own framing is read like any other; whoever asks need not be an SDK."""
        recording = Recording.load(path)
        stage.server.answer(recording.answer())
        with capture() as spans:
            url = recording.url.replace("https:", "http:")
            body = stage.http.post(url, json=recording.request.json()).content
        events = [json.loads(base64.b64decode(piece)) for piece in re.findall(rb'"bytes":"([^"]+)"', body)]
        (start,) = (event["message"] for event in events if event["type"] == "message_start")
        (end,) = (event for event in events if event["type"] == "message_delta")
        said = [event["delta"].get("text", "") for event in events if event["type"] == "content_block_delta"]
        attributes = told(spans)

        assert attributes["name"].startswith("chat ")
        assert ("aws.bedrock", True) == (attributes["gen_ai.provider.name"], attributes["gen_ai.request.stream"])
        assert (start["id"], (end["delta"]["stop_reason"],), end["usage"]["output_tokens"]) == (
            attributes["gen_ai.response.id"],
            attributes["orchestrace.response.finish_reasons"],
            attributes["gen_ai.usage.output_tokens"],
        )
        assert "".join(said) == words(attributes)

    def test_models_of_other_makers_are_left_alone(self, stage: Stage) -> None:
        """They have the same paths and other bodies, which nobody here can read."""
        recording = recorded("bedrock/invoke-parallel-tool-calls-nova-micro")
        stage.server.answer(recording.answer())
        with capture() as spans:
            stage.http.post(recording.url.replace("https:", "http:"), json=recording.request.json())

        assert [] == list(spans)
