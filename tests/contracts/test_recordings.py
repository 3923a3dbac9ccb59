"""
Recorded traffic, played by a real server to the real SDKs.

What the program sees is the same with us and without, and the span says what the recording says. What that is, is read
here from the recordings in a way of its own, without the wires.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx2
import jsonschema
import openai
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from orchestrace.records import SpanRecord
from orchestrace.testing import Recording, ReplayServer, capture, recordings

SHARED = Path(__file__).parents[3] / "shared"
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once, because it takes milliseconds; nothing here is encrypted."""
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason="no recordings beside the repository, in shared/recordings"))
CLIENTS: dict[str, Any] = {
    "chat.completions": (openai.OpenAI, openai.AsyncOpenAI),
    "messages": (anthropic.Anthropic, anthropic.AsyncAnthropic),
}
TYPES: dict[str, Any] = {
    "chat.completions": (ChatCompletion, ChatCompletionChunk, openai.Stream, openai.AsyncStream),
    "messages": (Message, RawMessageStreamEvent, anthropic.Stream, anthropic.AsyncStream),
}
CALLS = {"tool_use": "tool_call", "server_tool_use": "server_tool_call"}
RECORDED = (
    [one for one in recordings(folder=SHARED / "recordings") if one.operation in CLIENTS]
    if (SHARED / "recordings").is_dir()
    else []
)


# -- playing ----------------------------------------------------------------------------------------------------------
@dataclass
class Played:
    """What the program saw, without us and with us, and what we saw; each first sync, then async."""

    recording: Recording
    bare: list[Any]
    tapped: list[Any]
    spans: list[list[SpanRecord]]
    sent: list[tuple[Any, ...]]

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the sync call's only span."""
        (span,) = self.spans[0]
        return dict(span.attributes)


class Stage:
    """A provider's address: requests go to its own host, by way of our server as their proxy."""

    def __init__(self, server: ReplayServer) -> None:
        self.server = server
        self.http = httpx2.Client(proxy=server.url, verify=PLAIN)

    def play(self, recording: Recording) -> Played:
        """Play a recording to both kinds of client, without us and with us."""
        before = len(self.server.requests)
        bare = [self.sync(recording), asyncio.run(self.asynchronous(recording))]
        with capture() as spans:
            tapped = [self.sync(recording)]
            first = list(spans)
            tapped.append(asyncio.run(self.asynchronous(recording)))
            rest = list(spans)[len(first) :]
        requests = self.server.requests[before:]
        sent = [(request.path, request.query, _plain(request.headers), request.json()) for request in requests]
        return Played(recording, bare, tapped, [first, rest], sent)

    def sync(self, recording: Recording) -> Any:
        """Ask as a sync program does."""
        client = CLIENTS[recording.operation][0](api_key="key", http_client=self.http, max_retries=0)
        try:
            answer = client.post(**self._call(recording, asynchronous=False))
            return _dumped(list(answer) if recording.streaming else answer)
        except (openai.APIError, anthropic.APIError) as error:
            return _told(error)

    async def asynchronous(self, recording: Recording) -> Any:
        """Ask as an async program does."""
        async with httpx2.AsyncClient(proxy=self.server.url, verify=PLAIN) as http:
            client = CLIENTS[recording.operation][1](api_key="key", http_client=http, max_retries=0)
            try:
                answer = await client.post(**self._call(recording, asynchronous=True))
                return _dumped([item async for item in answer] if recording.streaming else answer)
            except (openai.APIError, anthropic.APIError) as error:
                return _told(error)

    def _call(self, recording: Recording, *, asynchronous: bool) -> dict[str, Any]:
        self.server.replay(recording)
        address = urlsplit(recording.url)
        whole, piece, stream, async_stream = TYPES[recording.operation]
        call = {"path": f"http://{address.netloc}{address.path}", "body": recording.request.json(), "cast_to": whole}
        if recording.streaming:
            call |= {"cast_to": piece, "stream": True}
            call["stream_cls"] = (async_stream if asynchronous else stream)[piece]
        return call


def _plain(headers: Any) -> dict[str, str]:
    """Return what a request's headers say, without the key that is made anew for each."""
    return {name: value for name, value in headers.items() if name not in {"idempotency-key", "x-stainless-async"}}


def _dumped(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_dumped(item) for item in answer]
    return type(answer), answer.model_dump(mode="json", warnings=False)


def _told(error: Any) -> tuple[Any, ...]:
    status = getattr(error, "status_code", None)
    return type(error), str(error), error.message, error.body, status, type(error.__cause__)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Serve the recordings."""
    with ReplayServer() as server:
        stage = Stage(server)
        with stage.http:
            yield stage


@pytest.fixture(scope="module", params=RECORDED or [ABSENT], ids=str)
def played(request: pytest.FixtureRequest, stage: Stage) -> Played:
    """Play each recording once."""
    return stage.play(request.param)


@pytest.fixture(scope="module")
def schemas() -> dict[str, jsonschema.Draft202012Validator]:
    """Return the conventions' schemas, by the attribute that each describes."""
    paths = (SHARED / "conventions").glob("gen-ai-*.json")
    read = {path.stem.removeprefix("gen-ai-"): json.loads(path.read_text(encoding="utf-8")) for path in paths}
    return {
        f"gen_ai.{name.replace('-', '_', 1) if name.startswith('system') else name.replace('-', '.', 1)}":
        jsonschema.Draft202012Validator(schema)
        for name, schema in read.items()
    }  # fmt: skip


# -- what a recording says --------------------------------------------------------------------------------------------
@dataclass
class Said:
    """One message: the kinds of its pieces in order, and what each says."""

    role: str
    pieces: list[tuple[str, Any]] = field(default_factory=list)


def events_of(recording: Recording) -> list[dict[str, Any]]:
    """Return the JSON of a recorded stream."""
    lines = recording.body.decode().splitlines()
    return [json.loads(line.partition(":")[2]) for line in lines if line.startswith("data:") and "{" in line]


def openai_answer(recording: Recording) -> dict[str, Any]:
    """Return a whole chat completion, of a stream what its chunks say together."""
    if not recording.streaming:
        return dict(json.loads(recording.body))
    whole: dict[str, Any] = {"choices": {}, "usage": None, "model": None, "id": None}
    for chunk in events_of(recording):
        whole |= {key: whole[key] or chunk.get(key) for key in ("model", "id")}
        whole["usage"] = chunk.get("usage") or whole["usage"]
        for piece in chunk.get("choices", ()):
            choice = whole["choices"].setdefault(piece["index"], {"message": {}, "finish_reason": None})
            choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
            for key, value in piece.get("delta", {}).items():
                if key == "tool_calls":
                    grow_calls(choice["message"].setdefault(key, []), value)
                elif key in {"content", "reasoning", "reasoning_content", "refusal"} and isinstance(value, str):
                    choice["message"][key] = choice["message"].get(key, "") + value
    return whole | {"choices": [whole["choices"][index] for index in sorted(whole["choices"])]}


def grow_calls(calls: list[dict[str, Any]], pieces: list[dict[str, Any]] | None) -> None:
    """Add what a chunk says of tool calls: a name begins a call, arguments without one go on."""
    for piece in pieces or ():
        function = piece["function"]
        if function.get("name"):
            calls.append({"id": piece.get("id"), "function": {"name": function["name"], "arguments": ""}})
        calls[-1]["function"]["arguments"] += function.get("arguments") or ""


def openai_said(message: dict[str, Any], role: str) -> Said:
    """Read an OpenAI message."""
    role = message.get("role", role)
    content = message.get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []
    pieces = [openai_piece(block) for block in blocks]
    if role in {"tool", "function"}:
        answer = [list(piece) for piece in pieces] if isinstance(content, list) else content
        return Said(role, [("tool_call_response", (message.get("tool_call_id"), answer))])
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    refusal = message.get("refusal")
    functions = [{"function": message["function_call"]}] if message.get("function_call") else []
    calls = [*(message.get("tool_calls") or ()), *functions]
    told = [(call.get("id"), call["function"]["name"], call["function"]["arguments"]) for call in calls]
    return Said(
        role,
        [
            *([("reasoning", reasoning)] if reasoning else []),
            *pieces,
            *([("refusal", refusal)] if refusal else []),
            *(("tool_call", (name, called, arguments_of(arguments))) for name, called, arguments in told),
        ],
    )


def arguments_of(text: Any) -> Any:
    """Return the arguments of a call as the model meant them."""
    return json.loads(text) if isinstance(text, str) and text else text or None


def openai_piece(block: dict[str, Any]) -> tuple[str, Any]:
    """Read a block of an OpenAI content."""
    kind = block["type"]
    if kind == "image_url":
        address = block[kind] if isinstance(block[kind], str) else block[kind]["url"]
        return ("blob", digest(address.partition(",")[2])) if address.startswith("data:") else ("uri", address)
    if kind == "input_audio":
        return "blob", digest(block[kind]["data"])
    return kind, block[kind]


def digest(data: str) -> str:
    """Return what tells one piece of data from another."""
    return hashlib.sha256(data.encode()).hexdigest()


def anthropic_answer(recording: Recording) -> dict[str, Any]:
    """Return a whole message, of a stream what its events say together."""
    if not recording.streaming or recording.status >= 400:
        return dict(json.loads(recording.body))
    whole: dict[str, Any] = {"content": []}
    for event in events_of(recording):
        if event["type"] == "message_start":
            whole |= event["message"] | {"content": []}
        elif event["type"] == "content_block_start":
            whole["content"].append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            block, delta = whole["content"][event["index"]], event["delta"]
            for kind, key in (("text", "text"), ("thinking", "thinking"), ("partial_json", "json")):
                block[key] = block.get(key, "") + delta[kind] if kind in delta else block.get(key, "")
        elif event["type"] == "message_delta":
            whole |= event["delta"] | {"usage": whole["usage"] | event["usage"]}
    for block in whole["content"]:
        if block.get("json"):
            block["input"] = json.loads(block["json"])
    return whole


def anthropic_said(message: dict[str, Any]) -> Said:
    """Read an Anthropic message."""
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return Said(message["role"], [anthropic_piece(block) for block in blocks])


def anthropic_piece(block: dict[str, Any]) -> tuple[str, Any]:
    """Read a content block of Anthropic's."""
    kind = block["type"]
    if kind in {"tool_use", "server_tool_use"}:
        return CALLS[kind], (block["id"], block["name"], block["input"])
    if kind in {"image", "document"}:
        source = block["source"]
        return ("blob", digest(source["data"])) if source["type"] == "base64" else ("uri", source.get("url"))
    if kind == "tool_result":
        answer = block.get("content", "")
        pieces = answer if isinstance(answer, str) else [list(anthropic_piece(inner)) for inner in answer]
        return "tool_call_response", (block["tool_use_id"], pieces)
    if kind.endswith("_tool_result"):
        return "server_tool_call_response", block["tool_use_id"]
    return ("reasoning", block["thinking"]) if kind == "thinking" else (kind, block.get("text"))


def written(message: dict[str, Any]) -> Said:
    """Read a message as it stands on a span."""
    return Said(message["role"], [written_piece(part) for part in message["parts"]])


def written_piece(part: dict[str, Any]) -> tuple[str, Any]:
    """Read a part; each type must have what the conventions demand of it."""
    kind = part["type"]
    if kind == "tool_call":
        return kind, (part.get("id"), part["name"], part.get("arguments"))
    if kind == "server_tool_call":
        return kind, (part["id"], part["name"], part["server_tool_call"].get("input"))
    if kind == "server_tool_call_response":
        return kind, part["id"]
    if kind == "tool_call_response":
        answer = part["response"]
        return kind, (
            part.get("id"),
            [list(written_piece(inner)) for inner in answer] if isinstance(answer, list) else answer,
        )
    if kind == "blob":
        return kind, part["sha256"] if "sha256" in part else digest(part["content"])
    return kind, part["uri"] if kind == "uri" else part.get("content")


def answered(recording: Recording) -> list[Said]:
    """Return what was answered, a message for each choice."""
    if recording.operation == "messages":
        return [anthropic_said(anthropic_answer(recording))]
    return [openai_said(choice["message"], "assistant") for choice in openai_answer(recording)["choices"]]


def tokens(recording: Recording) -> dict[str, int]:
    """Return the tokens that were counted."""
    if recording.operation == "messages":
        usage = anthropic_answer(recording)["usage"]
        kinds = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        asked, read, written_ = (usage.get(kind) for kind in kinds)
        counted = {"input_tokens": asked + (read or 0) + (written_ or 0), "output_tokens": usage["output_tokens"]}
        parts = {"cache_read.input_tokens": read, "cache_write.input_tokens": written_}
    else:
        usage = openai_answer(recording)["usage"]
        if not usage:
            return {}
        details = usage.get("prompt_tokens_details") or {}
        asked, total = usage["prompt_tokens"], usage["total_tokens"]
        counted = {"input_tokens": asked, "output_tokens": total - asked}
        parts = {"cache_read.input_tokens": details.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))}
    return counted | {kind: count for kind, count in parts.items() if count is not None}


# -- tests ------------------------------------------------------------------------------------------------------------
class TestProgram:
    def test_sees_what_it_sees_without_us(self, played: Played) -> None:
        """Every value and every exception, sync and async, is the same."""
        assert played.bare == played.tapped

    def test_sends_what_it_sends_without_us(self, played: Played) -> None:
        """Nothing is added to a request, and its body is the recorded one."""
        bare, tapped = played.sent[:2], played.sent[2:]

        assert (bare, [played.recording.request.json()] * 4) == (tapped, [body for *_, body in played.sent])


class TestSpan:
    def test_is_one_for_both_kinds_of_client(self, played: Played) -> None:
        """A call has one span, and the async one says what the sync one says."""
        kinds = []
        for (span,) in played.spans:
            attributes = dict(span.attributes)
            attributes.pop("gen_ai.response.time_to_first_chunk", None)
            kinds.append((span.name, span.kind, span.status, span.status_message, attributes))

        assert kinds[0] == kinds[1]

    def test_says_what_was_asked(self, played: Played) -> None:
        """Messages stand as they were sent, each with its role and its pieces in order."""
        asked = played.recording.request.json()
        read = anthropic_said if played.recording.operation == "messages" else lambda said: openai_said(said, "?")
        messages = json.loads(played.attributes()["gen_ai.input.messages"])

        model = asked.get("model") or urlsplit(played.recording.url).path.split("/")[-3]  # Azure's deployment

        assert [read(message) for message in asked["messages"]] == [written(message) for message in messages]
        assert model == played.attributes()["gen_ai.request.model"]

    def test_says_what_was_answered(self, played: Played) -> None:
        """Identity, words, finish reasons and tokens are those of the recording."""
        recording = played.recording
        attributes = played.attributes()
        if recording.status >= 400:
            assert [] == [
                name for name in attributes if name.startswith(("gen_ai.response.", "gen_ai.output.", "gen_ai.usage."))
            ]
            return
        said = anthropic_answer(recording) if recording.operation == "messages" else openai_answer(recording)
        choices = [said] if recording.operation == "messages" else said["choices"]
        reasons = [choice.get("stop_reason", choice.get("finish_reason")) for choice in choices]
        counted = {
            kind: attributes.get(f"gen_ai.usage.{kind}")
            for kind in tokens(recording) or {"input_tokens": 0, "output_tokens": 0}
        }

        assert (said["id"], said.get("model")) == (
            attributes.get("gen_ai.response.id"),
            attributes.get("gen_ai.response.model"),
        )
        assert answered(recording) == [written(message) for message in json.loads(attributes["gen_ai.output.messages"])]
        assert tuple(filter(None, reasons)) == attributes.get("orchestrace.response.finish_reasons", ())
        assert (tokens(recording) or {"input_tokens": None, "output_tokens": None}) == counted

    def test_says_how_it_ended(self, played: Played) -> None:
        """A refusal, and an error inside a stream, is an error in the provider's own words."""
        recording = played.recording
        (span,) = played.spans[0]
        failed = recording.status >= 400 or "error-in-stream" in recording.features
        ending = "error" if failed else "drained" if recording.streaming else "returned"
        error = next((said for said in (events_of(recording) or [json.loads(recording.body)]) if "error" in said), {})
        words = error.get("error", {}).get("message") or (json.loads(recording.body)["detail"] if failed else None)

        assert (ending, "ERROR" if failed else "UNSET", words, recording.status if failed else None) == (
            span.attributes["orchestrace.ending"],
            span.status,
            span.status_message,
            span.attributes.get("http.response.status_code"),
        )

    def test_content_passes_the_schemas(
        self, played: Played, schemas: dict[str, jsonschema.Draft202012Validator]
    ) -> None:
        """Messages, instructions and tool definitions are valid, as JSON and by the conventions."""
        written_ = {name: json.loads(text) for name, text in played.attributes().items() if name in schemas}
        wrong = [error.message for name, value in written_.items() for error in schemas[name].iter_errors(value)]

        assert ([], True) == (wrong, "gen_ai.input.messages" in written_)
