"""
Recorded traffic, played by a real server to the real SDKs.

Each recording is played once: to a sync and to an async client, without us and with us. What it says is read by the
tests in a way of their own, without the wires.
"""

from __future__ import annotations

import asyncio
import email
import hashlib
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import anthropic.types as anthropic_types
import httpx2
import jsonschema
import openai
import openai.types as openai_types
import pytest
from openai.types import audio, chat, responses

from orchestrace.records import SpanRecord
from orchestrace.testing import Recording, ReplayServer, capture, recordings

SHARED = Path(__file__).parents[4] / "shared"
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once, because it takes milliseconds; nothing here is encrypted."""
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason="no recordings beside the repository, in shared/recordings"))
OPENAI = (openai.OpenAI, openai.AsyncOpenAI, openai.Stream, openai.AsyncStream)
ANTHROPIC = (anthropic.Anthropic, anthropic.AsyncAnthropic, anthropic.Stream, anthropic.AsyncStream)
BEDROCK = (anthropic.AnthropicBedrock, anthropic.AsyncAnthropicBedrock, anthropic.Stream, anthropic.AsyncStream)
SPOKEN: dict[str, tuple[Any, Any, Any]] = {
    "audio.speech": (OPENAI, openai.HttpxBinaryResponseContent, None),
    "audio.transcriptions": (OPENAI, audio.Transcription, None),
    "chat.completions": (OPENAI, chat.ChatCompletion, chat.ChatCompletionChunk),
    "completions": (OPENAI, openai_types.Completion, openai_types.Completion),
    "embeddings": (OPENAI, openai_types.CreateEmbeddingResponse, None),
    "images.generations": (OPENAI, openai_types.ImagesResponse, None),
    "moderations": (OPENAI, openai_types.ModerationCreateResponse, None),
    "responses": (OPENAI, responses.Response, responses.ResponseStreamEvent),
    "responses.retrieve": (OPENAI, responses.Response, responses.ResponseStreamEvent),
    "anthropic completions": (ANTHROPIC, object, object),  # none of the types of the newest
    "messages": (ANTHROPIC, anthropic_types.Message, anthropic_types.RawMessageStreamEvent),
    "messages.count_tokens": (ANTHROPIC, anthropic_types.MessageTokensCount, None),
    "invoke": (BEDROCK, anthropic_types.Message, None),
}
"""Who speaks each operation, and the types of a whole answer and of a piece of one."""


def spoken(recording: Recording) -> str:
    """Return the operation of a recording; one that the SDKs do not speak is none of `SPOKEN`."""
    if recording.operation == "completions" and recording.provider == "anthropic":
        return "anthropic completions"
    if recording.operation == "invoke" and "anthropic" not in recording.url:
        return "invoke of another maker's model"
    return recording.operation


@cache
def every() -> list[Recording]:
    """Return the recordings that the SDKs can play."""
    folder = SHARED / "recordings"
    return [one for one in recordings(folder=folder) if spoken(one) in SPOKEN] if folder.is_dir() else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for what was `played` once for each recording of the OPERATIONS of its module."""
    if "played" in metafunc.fixturenames:
        wanted = getattr(metafunc.module, "OPERATIONS", SPOKEN)
        chosen = [one for one in every() if spoken(one) in wanted]
        metafunc.parametrize("played", chosen or [ABSENT], ids=str, indirect=True, scope="session")


# -- playing ----------------------------------------------------------------------------------------------------------
@dataclass
class Played:
    """What the program saw, without us and with us, and what we saw; each first sync, then async."""

    recording: Recording
    operation: str
    bare: list[Any]
    tapped: list[Any]
    spans: list[list[SpanRecord]]
    sent: list[tuple[Any, ...]]

    @property
    def failed(self) -> bool:
        """Tell whether HTTP says that the request failed."""
        return self.recording.status >= 400

    def asked(self) -> dict[str, Any]:
        """Return the body of the request, of a form what is no file."""
        request = self.recording.request
        kind = request.headers.get("content-type", "")
        if kind.startswith("multipart/"):
            return {name: data.decode() for name, (file, data) in form_of(kind, request.body) if file is None}
        return dict(request.json()) if request.body else {}

    def repeats(self, body: bytes) -> bool:
        """Tell whether a body is the recorded one, in whichever way its JSON is written; Bedrock's gets a version."""
        request = self.recording.request
        if body == request.body:
            return True
        if (kind := request.headers.get("content-type", "")).startswith("multipart/"):
            return form_of(kind, body) == form_of(kind, request.body)
        version = {"anthropic_version": ""} if self.operation == "invoke" else {}
        return bool({**json.loads(body), **version} == {**request.json(), **version})

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the sync call's only span."""
        (span,) = self.spans[0]
        return dict(span.attributes)

    def written(self, name: str) -> list[tuple[str, list[tuple[str, Any]]]]:
        """Return the messages as they stand on the span: who speaks, and the pieces in order."""
        messages = json.loads(self.attributes().get(f"gen_ai.{name}.messages", "[]"))
        return [(message["role"], [piece_of(part) for part in message["parts"]]) for message in messages]

    def events(self) -> list[dict[str, Any]]:
        """Return the JSON of a recorded stream."""
        lines = self.recording.body.decode(errors="replace").splitlines()
        return [json.loads(line.partition(":")[2]) for line in lines if line.startswith("data:") and "{" in line]


def piece_of(part: dict[str, Any]) -> tuple[str, Any]:
    """Read a part; each type must have what the conventions demand of it."""
    kind = part["type"]
    if kind == "tool_call":
        return kind, (part.get("id"), part["name"], part.get("arguments"))
    if kind == "server_tool_call":
        assert part["server_tool_call"]["type"]
        return kind, (part["id"], part["name"], part["server_tool_call"].get("input"))
    if kind == "server_tool_call_response":
        return kind, (part.get("id"), bool(part["server_tool_call_response"]["type"]))
    if kind == "tool_call_response":
        answer = part["response"]
        told = [list(piece_of(inner)) for inner in answer] if isinstance(answer, list) else answer
        return kind, (part.get("id"), told)
    if kind == "blob":
        return kind, part["sha256"] if "sha256" in part else digest(part["content"])
    return kind, part["uri"] if kind == "uri" else part.get("content")


def form_of(kind: str, body: bytes) -> list[tuple[str, tuple[str | None, bytes]]]:
    """Return the fields of a form: name, and the name of a file with its data."""
    form = email.message_from_bytes(b"content-type: " + kind.encode() + b"\n\n" + body)
    fields: list[Any] = [(field, field.get_payload(decode=True)) for field in form.get_payload()]
    return [
        (str(field.get_param("name", header="content-disposition")), (field.get_filename(), data))
        for field, data in fields
    ]


def digest(data: str) -> str:
    """Return what tells one piece of data from another."""
    return hashlib.sha256(data.encode()).hexdigest()


class Stage:
    """A provider's address: requests go to its own host, by way of our server as their proxy."""

    def __init__(self, server: ReplayServer, http: httpx2.Client) -> None:
        self.server, self.http = server, http
        self.played: dict[str, Played] = {}

    def play(self, recording: Recording) -> Played:
        """Play a recording to both kinds of client, without us and with us; once is enough."""
        if recording.name not in self.played:
            self.played[recording.name] = self._play(recording)
        return self.played[recording.name]

    def _play(self, recording: Recording) -> Played:
        before = len(self.server.requests)
        bare = [self.sync(recording), asyncio.run(self.asynchronous(recording))]
        with capture() as spans:
            tapped = [self.sync(recording)]
            first = list(spans)
            tapped.append(asyncio.run(self.asynchronous(recording)))
            rest = list(spans)[len(first) :]
        sent = [
            (one.method, one.path, one.query, _plain(one.headers), one.body) for one in self.server.requests[before:]
        ]
        return Played(recording, spoken(recording), bare, tapped, [first, rest], sent)

    def sync(self, recording: Recording) -> Any:
        """Ask as a sync program does."""
        try:
            answer = self._ask(recording, self.http, asynchronous=False)
            return _dumped(list(answer) if recording.streaming else answer)
        except (openai.APIError, anthropic.APIError) as error:
            return _told(error)

    async def asynchronous(self, recording: Recording) -> Any:
        """Ask as an async program does."""
        async with httpx2.AsyncClient(proxy=self.server.url, verify=PLAIN) as http:
            try:
                answer = await self._ask(recording, http, asynchronous=True)
                return _dumped([item async for item in answer] if recording.streaming else answer)
            except (openai.APIError, anthropic.APIError) as error:
                return _told(error)

    def _ask(self, recording: Recording, http: Any, *, asynchronous: bool) -> Any:
        self.server.replay(recording)
        speakers, whole, piece = SPOKEN[spoken(recording)]
        request, address = recording.request, urlsplit(recording.url)
        call: dict[str, Any] = {"path": address._replace(scheme="http").geturl(), "cast_to": whole}
        if recording.streaming:
            call |= {"cast_to": piece, "stream": True, "stream_cls": speakers[2 + asynchronous][piece]}
        if "json" in request.headers.get("content-type", "json") and request.body:
            call["body"] = request.json()
        elif request.body:
            kind = request.headers["content-type"]
            call |= {"files": form_of(kind, request.body), "options": {"headers": {"content-type": kind}}}
        where = {"aws_region": "us-east-1"} if speakers is BEDROCK else {}
        client = speakers[asynchronous](api_key="key", http_client=http, max_retries=0, **where)
        return getattr(client, request.method.lower())(**call)


def _plain(headers: Any) -> dict[str, str]:
    """Return what a request's headers say, without the key that is made anew for each."""
    return {name: value for name, value in headers.items() if name not in {"idempotency-key", "x-stainless-async"}}


def _dumped(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_dumped(item) for item in answer]
    if isinstance(answer, openai.HttpxBinaryResponseContent):
        return type(answer), answer.content
    said = answer.model_dump(mode="json", warnings=False) if hasattr(answer, "model_dump") else answer
    return type(answer), said


def _told(error: Any) -> tuple[Any, ...]:
    status = getattr(error, "status_code", None)
    return type(error), str(error), error.message, error.body, status, type(error.__cause__)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Serve the recordings."""
    with ReplayServer() as server, httpx2.Client(proxy=server.url, verify=PLAIN) as http:
        yield Stage(server, http)


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest, stage: Stage) -> Played:
    """Play each recording once."""
    return stage.play(request.param)


@pytest.fixture(scope="session")
def schemas() -> dict[str, jsonschema.Draft202012Validator]:
    """Return the conventions' schemas, by the attribute that each describes."""
    paths = (SHARED / "conventions").glob("gen-ai-*.json")
    read = {path.stem.removeprefix("gen-ai-"): json.loads(path.read_text(encoding="utf-8")) for path in paths}
    return {
        f"gen_ai.{name.replace('-', '_', 1) if name.startswith('system') else name.replace('-', '.', 1)}":
        jsonschema.Draft202012Validator(schema)
        for name, schema in read.items()
    }  # fmt: skip
