"""Every recorded call is one span that says what was called, and how it ended."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
from opentelemetry.trace import SpanKind

Played = Any
"""What was played, as `conftest.py` says."""

OPERATIONS = {
    "anthropic completions": "text_completion",
    "audio.speech": "generate_content",
    "audio.transcriptions": "generate_content",
    "chat.completions": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
    "images.generations": "generate_content",
    "invoke": "chat",
    "messages": "chat",
    "messages.count_tokens": "count_tokens",
    "moderations": "moderation",
    "responses": "chat",
    "responses.retrieve": "fetch_response",
}
"""What the conventions call each operation, or we where they have no word."""

PROVIDERS = {
    "azure-ai-inference": "azure.ai.inference",
    "azure-openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock-mantle": "aws.bedrock",
    "mistral": "mistral_ai",
    "together": "together_ai",
    "voyage": "voyage_ai",
    "xai": "x_ai",
    "zai": "z_ai",
}
"""What the conventions call each provider, or we; the others are called as in the recordings."""


def model_of(played: Played) -> str | None:
    """Return the model that was asked: of the body, else Azure's deployment or Bedrock's model in the path."""
    if played.operation == "audio.transcriptions":  # a form is read once, by the client that sends it
        return None
    if "model" in played.asked():
        return str(played.asked()["model"])
    parts = urlsplit(played.recording.url).path.split("/")
    found = [after for before, after in pairwise(parts) if before in {"deployments", "model"}]
    return unquote(found[0]) if found else None


class TestSpan:
    def test_is_one_for_both_kinds_of_client(self, played: Played) -> None:
        """A call has one span, and the async one says what the sync one says."""
        kinds = []
        for (span,) in played.spans:
            attributes = dict(span.attributes)
            attributes.pop("gen_ai.response.time_to_first_chunk", None)
            kinds.append((span.name, span.kind, span.status, span.status_message, attributes))

        assert kinds[0] == kinds[1]

    def test_says_what_was_called(self, played: Played) -> None:
        """Operation, provider, host and model are those of the recording, and so is whether it streams."""
        (span,) = played.spans[0]
        address, operation, model = urlsplit(played.recording.url), OPERATIONS[played.operation], model_of(played)
        local = address.hostname in {"localhost", "127.0.0.1"}
        provider = PROVIDERS.get(played.recording.provider, played.recording.provider)

        assert (" ".join(filter(None, (operation, model))), SpanKind.CLIENT.value) == (span.name, span.kind)
        expected = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": "openai" if local else provider,
            "gen_ai.request.model": model,
            "gen_ai.request.stream": True if played.recording.streaming else None,
            "server.address": address.hostname,
        }
        assert expected == {name: span.attributes.get(name) for name in expected}

    def test_says_how_it_ended(self, played: Played) -> None:
        """A refusal, and an error inside a stream, is an error in the provider's own words."""
        recording = played.recording
        (span,) = played.spans[0]
        failed = played.failed or "error-in-stream" in recording.features
        ending = "error" if failed else "drained" if recording.streaming else "returned"

        assert (ending, "ERROR" if failed else "UNSET", words(played) if failed else None) == (
            span.attributes["orchestrace.ending"],
            span.status,
            span.status_message,
        )
        assert span.attributes.get("http.response.status_code") == (recording.status if failed else None)
        assert ("error.type" in span.attributes) is failed

    def test_of_a_refusal_has_no_answer(self, played: Played) -> None:
        """Nothing is invented where nothing came."""
        answer = ("gen_ai.response.", "gen_ai.output.messages", "gen_ai.usage.")
        said = [name for name in played.attributes() if name.startswith(answer)]

        assert not (played.failed and said)

    def test_gives_reasons_in_one_vocabulary(self, played: Played) -> None:
        """Why a choice ended is told in the same words for all providers, and in the provider's own beside them."""
        reasons = played.attributes().get("gen_ai.response.finish_reasons", ())

        assert {"stop", "length", "content_filter", "tool_call", "error"} >= set(reasons)

    def test_content_passes_the_schemas(
        self, played: Played, schemas: dict[str, jsonschema.Draft202012Validator]
    ) -> None:
        """Messages, instructions and tool definitions are valid, as JSON and by the conventions."""
        written = {name: json.loads(text) for name, text in played.attributes().items() if name in schemas}

        assert [] == [error.message for name, value in written.items() for error in schemas[name].iter_errors(value)]


def words(played: Played) -> str:
    """Return the message of the error that a body or one of its events holds."""
    bodies = played.events() or [json.loads(played.recording.body)]
    error = next((said for said in bodies if "error" in said), {})
    return str(error.get("error", {}).get("message") or bodies[0]["detail"])
