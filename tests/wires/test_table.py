from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from orchestrace.wires import (
    anthropic_batches,
    anthropic_completions,
    anthropic_messages,
    anthropic_messages_hosted,
    anthropic_tokens,
    openai_batches,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_images,
    openai_moderations,
    openai_responses,
    openai_speech,
    openai_tokens,
    openai_transcriptions,
)
from orchestrace.wires.table import FETCHES, WIRES, Match, recognise

CHAT, MESSAGES, HOSTED = openai_chat.WIRE, anthropic_messages.WIRE, anthropic_messages_hosted.WIRE
OPERATIONS = {
    "audio.speech": [openai_speech.WIRE],
    "audio.transcriptions": [openai_transcriptions.WIRE],
    "chat.completions": [CHAT],
    "completions": [openai_completions.WIRE, anthropic_completions.WIRE],
    "embeddings": [openai_embeddings.WIRE],
    "images.generations": [openai_images.WIRE],
    "invoke": [HOSTED],
    "invoke-with-response-stream": [anthropic_messages_hosted.STREAM],
    "messages": [MESSAGES],
    "messages.count_tokens": [anthropic_tokens.WIRE],
    "moderations": [openai_moderations.WIRE],
    "responses": [openai_responses.WIRE],
    "responses.retrieve": [openai_responses.FETCH],
}
"""Which wires read the recordings of which operation."""

SELF_HOSTED = {"127.0.0.1"}


def concerns(recording: dict[str, Any]) -> bool:
    """Tell that the table must have an answer to every recorded request."""
    return bool(recording)


class TestRecognise:
    @pytest.mark.parametrize(
        ("host", "path", "expected"),
        [
            ("api.openai.com", "/v1/chat/completions", Match(CHAT, "openai", known_host=True)),
            ("api.anthropic.com", "/v1/messages", Match(MESSAGES, "anthropic", known_host=True)),
            ("api.anthropic.com", "/v1/chat/completions", Match(CHAT, "anthropic", known_host=True)),
            ("openrouter.ai", "/api/v1/chat/completions", Match(CHAT, "openrouter", known_host=True)),
            ("openrouter.ai", "/api/v1/messages", Match(MESSAGES, "openrouter", known_host=True)),
            ("api.deepseek.com", "/chat/completions", Match(CHAT, "deepseek", known_host=True)),
            ("api.deepseek.com", "/anthropic/v1/messages", Match(MESSAGES, "deepseek", known_host=True)),
            ("a.openai.azure.com", "/openai/v1/chat/completions", Match(CHAT, "azure.ai.openai", known_host=True)),
            ("a.services.ai.azure.com", "/models/chat/completions", Match(CHAT, "azure.ai.inference", known_host=True)),
            ("a.services.ai.azure.com", "/openai/v1/chat/completions", Match(CHAT, "azure.ai.openai", known_host=True)),
        ],
    )
    def test_a_known_host_names_the_provider(self, host: str, path: str, expected: Match) -> None:
        """The end of the path names the wire, the host the provider; what stands before differs from host to host."""
        assert expected == recognise("POST", host, path)

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/v1/completions", openai_completions.WIRE),
            ("/v1/fim/completions", openai_completions.WIRE),
            ("/beta/completions", openai_completions.WIRE),
            ("/v1/complete", anthropic_completions.WIRE),
            ("/v1/agents/completions", CHAT),
            ("/v1/embeddings", openai_embeddings.WIRE),
            ("/v1/responses", openai_responses.WIRE),
            ("/v1/responses/input_tokens", openai_tokens.WIRE),
            ("/v1/images/generations", openai_images.WIRE),
            ("/v1/images/edits", openai_images.WIRE),
            ("/v1/images/variations", openai_images.WIRE),
            ("/v1/audio/speech", openai_speech.WIRE),
            ("/v1/audio/transcriptions", openai_transcriptions.WIRE),
            ("/v1/audio/translations", openai_transcriptions.WIRE),
            ("/v1/moderations", openai_moderations.WIRE),
            ("/v1/batches", openai_batches.WIRE),
            ("/v1/messages/batches", anthropic_batches.WIRE),
            ("/v1/messages/count_tokens", anthropic_tokens.WIRE),
            ("/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict", anthropic_tokens.WIRE),
        ],
    )
    def test_an_operation_is_what_it_is(self, path: str, expected: object) -> None:
        """Where the end of one path is the end of another, the longer one counts."""
        match = recognise("POST", "api.openai.com", path)

        assert match is not None
        assert expected is match.wire

    @pytest.mark.parametrize(
        ("host", "path", "model"),
        [
            ("a.openai.azure.com", "//openai/deployments/gpt-4o/chat/completions", "gpt-4o"),
            ("a.openai.azure.com", "/openai/deployments/my%20deployment/embeddings", "my deployment"),
            ("a.openai.azure.com", "/openai/deployments/whisper/audio/transcriptions", "whisper"),
            ("api.openai.com", "/v1/engines/davinci/completions", "davinci"),
            ("api.openai.com", "/v1/models/chat/completions", None),
            ("aiplatform.googleapis.com", "/v1/publishers/anthropic/models/claude-5@1:rawPredict", "claude-5@1"),
            (
                "bedrock-runtime.us-east-1.amazonaws.com",
                "/model/anthropic.claude-5-v1%3A0/invoke",
                "anthropic.claude-5-v1:0",
            ),
            (
                "bedrock-runtime.us-east-1.amazonaws.com",
                "/model/arn:aws:bedrock:us-east-1:0:inference-profile/claude/invoke-with-response-stream",
                "arn:aws:bedrock:us-east-1:0:inference-profile/claude",
            ),
        ],
    )
    def test_a_path_may_say_the_model(self, host: str, path: str, model: str | None) -> None:
        """Bodies may lack a model: then the path says it."""
        match = recognise("POST", host, path)

        assert match is not None
        assert model == match.model

    @pytest.mark.parametrize("host", ["localhost", "api.openai.com.example.com", "notopenai.azure.com", "example.com"])
    def test_an_unknown_host_proves_nothing(self, host: str) -> None:
        """The path alone gives the wire and its own provider, and leaves the rest to the body."""
        assert Match(CHAT, "openai", known_host=False) == recognise("POST", host, "/v1/chat/completions")
        assert Match(MESSAGES, "anthropic", known_host=False) == recognise("POST", host, "/v1/messages")

    def test_azure_is_known_by_its_paths_behind_a_gateway(self) -> None:
        """A company's own host proves nothing of the call, but who answers such a path is not OpenAI."""
        match = recognise("POST", "gateway.example", "/openai/deployments/gpt-4o/chat/completions")

        assert match is not None
        assert ("azure.ai.openai", False, "gpt-4o") == (match.provider, match.known_host, match.model)

    def test_what_is_fetched_by_its_name(self) -> None:
        """A response is the only thing that is fetched, not what stands above or below it."""
        paths = ["/v1/responses/resp_1", "/v1/responses", "/v1/responses/resp_1/input_items", "/v1/models/gpt-4o"]
        fetched = Match(openai_responses.FETCH, "openai", known_host=True)

        assert [fetched, None, None, None] == [recognise("GET", "api.openai.com", path) for path in paths]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/chat/completions"),
            ("GET", "/v1/chat/completions/chatcmpl-1"),
            ("POST", "/v1/chat/completions/chatcmpl-1"),
            ("DELETE", "/v1/chat/completions/chatcmpl-1"),
            ("DELETE", "/v1/responses/resp_1"),
            ("POST", "/v1/responses/resp_1/cancel"),
            ("GET", "/v1/messages"),
            ("GET", "/v1/messages/batches"),
            ("GET", "/v1/messages/batches/msgbatch_1"),
            ("GET", "/v1/messages/batches/msgbatch_1/results"),
            ("POST", "/v1/messages/batches/msgbatch_1/cancel"),
            ("GET", "/v1/batches"),
            ("GET", "/v1/batches/batch_1"),
            ("POST", "/v1/batches/batch_1/cancel"),
            ("POST", "/v1/vector_stores/vs_1/file_batches"),
            ("POST", "/v1/threads/thread_1/messages"),
            ("POST", "/v1/models"),
            ("POST", "/v1/files"),
            ("POST", "/"),
            ("POST", ""),
            ("GET", ""),
        ],
    )
    def test_other_requests_are_no_calls(self, method: str, path: str) -> None:
        """What a known host does beside model calls is none of our business."""
        assert recognise(method, "api.openai.com", path) is None

    def test_recorded_requests_are_recognised(self, recording: dict[str, Any]) -> None:
        """Of real traffic, exactly the operations that a wire reads are found, on hosts that are known."""
        address = urlsplit(recording["request"]["url"])
        match = recognise(recording["request"]["method"], address.hostname or "", address.path)

        assert (match.wire if match else None) in OPERATIONS.get(recording["operation"], [None])
        assert match is None or match.known_host is (address.hostname not in SELF_HOSTED)


class TestTable:
    def test_a_name_is_of_one_wire(self) -> None:
        """A wire is known by its name, whatever paths it has."""
        every = [*WIRES.values(), *FETCHES.values()]

        assert len({id(wire) for wire in every}) == len({wire.name for wire in every})

    def test_every_ending_can_be_reached(self) -> None:
        """No ending stands behind one that it ends in."""
        matches = [recognise("POST", "api.openai.com", f"/model/m{ending}") for ending in WIRES]

        assert [*WIRES.values()] == [match.wire for match in matches if match]


class TestDocument:
    def test_says_what_is_recognised(self) -> None:
        """The table in docs/model-calls.md has every ending, with its operation."""
        text = (Path(__file__).parents[2] / "docs" / "model-calls.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| (.*?) \| `(\w+)` \|", text, re.MULTILINE)
        written = {ending: operation for endings, operation in rows for ending in re.findall(r"`(\S.*?)`", endings)}
        fetched = {f"GET …{ending}/{{id}}": wire.operation for ending, wire in FETCHES.items()}

        assert {ending: wire.operation for ending, wire in WIRES.items()} | fetched == written
