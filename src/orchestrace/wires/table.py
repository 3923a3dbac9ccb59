"""Name the wire and the provider of an HTTP request, at next to no cost where it is no model call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

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
from orchestrace.wires.hosts import provider_at
from orchestrace.wires.wire import Wire

__all__ = ["FETCHES", "WIRES", "Match", "recognise"]


@dataclass(frozen=True, slots=True)
class Match:
    """
    How to read a request, and whom it asks.

    On a host that nobody knows (`known_host` is false) the path proves nothing: the caller asks `wire.is_call(body)`.
    `model` is what the path says of it; a body that names one is right.
    """

    wire: Wire
    provider: str
    known_host: bool
    model: str | None = None


WIRES: Final[dict[str, Wire]] = {
    "/chat/completions": openai_chat.WIRE,
    "/agents/completions": openai_chat.WIRE,
    "/v1/messages": anthropic_messages.WIRE,
    "/responses": openai_responses.WIRE,
    "/responses/compact": openai_responses.COMPACT,
    "/responses/input_tokens": openai_tokens.WIRE,
    "/embeddings": openai_embeddings.WIRE,
    "/completions": openai_completions.WIRE,
    "/images/generations": openai_images.WIRE,
    "/images/edits": openai_images.WIRE,
    "/images/variations": openai_images.WIRE,
    "/audio/speech": openai_speech.WIRE,
    "/audio/transcriptions": openai_transcriptions.WIRE,
    "/audio/translations": openai_transcriptions.WIRE,
    "/moderations": openai_moderations.WIRE,
    "/messages/count_tokens": anthropic_tokens.WIRE,
    "/messages/batches": anthropic_batches.WIRE,
    "/batches": openai_batches.WIRE,
    "/v1/complete": anthropic_completions.WIRE,
    "/count-tokens:rawPredict": anthropic_tokens.WIRE,
    ":rawPredict": anthropic_messages_hosted.WIRE,
    ":streamRawPredict": anthropic_messages_hosted.STREAM,
    "/invoke": anthropic_messages_hosted.WIRE,
    "/invoke-with-response-stream": anthropic_messages_hosted.STREAM,
}
"""
The wires, by how the paths that are posted to end; what stands before differs from host to host.

Where one ends in another, the longer stands first.
"""

FETCHES: Final[dict[str, Wire]] = {"/responses": openai_responses.FETCH}
"""The wires of what is fetched, by how its path ends before the last segment, which is the name of one."""

_POSTED: Final = tuple(WIRES)
_FETCHED: Final = tuple(FETCHES)

_MODEL: Final = re.compile(r"/(?:deployments|engines)/([^/]+)/|/models/([^/:]+):|/model/(.+)/invoke")
"""Where paths name a model: those of Azure OpenAI and of OpenAI's engines, of Vertex AI, and of Bedrock."""


_AZURE: Final = "/openai/deployments/"
"""Where Azure OpenAI has its models, also behind a company's own gateway, whose host nobody knows."""


def recognise(method: str, host: str, path: str) -> Match | None:
    """
    Return how to read a request, or None for one that is no model call. Runs on every HTTP request of the program.

    `host` comes in lower case and without its port, `path` without its query.
    """
    if method == "POST":
        return _match(WIRES, host, path, path) if path.endswith(_POSTED) else None
    if method == "GET":
        where = path.rpartition("/")[0]
        return _match(FETCHES, host, path, where) if where.endswith(_FETCHED) else None
    return None


def _match(wires: dict[str, Wire], host: str, path: str, where: str) -> Match:
    ending, provider, model = _parts_of(host, path, where)
    wire = wires[ending]
    usual = "azure.ai.openai" if _AZURE in path else wire.provider
    return Match(wire, provider or usual, known_host=provider is not None, model=model)


@lru_cache(maxsize=256)
def _parts_of(host: str, path: str, where: str) -> tuple[str, str | None, str | None]:
    """Return how a path ends that some wire has, who answers there, and the model that it names."""
    ending = next(ending for ending in (*_POSTED, *_FETCHED) if where.endswith(ending))
    return ending, provider_at(host, path), _model_in(path)


def _model_in(path: str) -> str | None:
    found = _MODEL.search(path)
    return unquote(found.group(found.lastindex or 0)) if found else None
