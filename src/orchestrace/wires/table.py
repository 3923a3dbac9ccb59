"""Name the wire and the provider of an HTTP request, at next to no cost where it is no model call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from orchestrace.wires import anthropic_messages, openai_chat
from orchestrace.wires.wire import Wire

__all__ = ["HOSTS", "WIRES", "Match", "Row", "recognise"]


@dataclass(frozen=True, slots=True)
class Row:
    """
    One host, and who answers there: a `gen_ai.provider.name` of the conventions, else the host's own name for itself.

    A host that begins with `*` stands for all that end so. `below` narrows the row to paths that hold it.
    """

    host: str
    provider: str
    below: str = ""


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
    "/v1/messages": anthropic_messages.WIRE,
}
"""The wires, by how the paths of their calls end; what stands before differs from host to host."""

HOSTS: Final = (
    Row("api.openai.com", "openai"),
    Row("api.anthropic.com", "anthropic"),
    Row("*.openai.azure.com", "azure.ai.openai"),
    Row("*.cognitiveservices.azure.com", "azure.ai.openai"),
    Row("*.ai.azure.com", "azure.ai.openai", below="/openai/"),
    Row("*.ai.azure.com", "azure.ai.inference"),
    Row("*.amazonaws.com", "aws.bedrock", below="/openai/"),
    Row("*.api.aws", "aws.bedrock"),
    Row("generativelanguage.googleapis.com", "gcp.gemini"),
    Row("*aiplatform.googleapis.com", "gcp.vertex_ai"),
    Row("api.ai21.com", "ai21"),
    Row("api.cerebras.ai", "cerebras"),
    Row("api.cloudflare.com", "cloudflare"),
    Row("api.cohere.ai", "cohere"),
    Row("api.cohere.com", "cohere"),
    Row("*.databricks.com", "databricks"),
    Row("*.azuredatabricks.net", "databricks"),
    Row("api.deepseek.com", "deepseek"),
    Row("api.fireworks.ai", "fireworks_ai"),
    Row("api.groq.com", "groq"),
    Row("router.huggingface.co", "huggingface"),
    Row("api.mistral.ai", "mistral_ai"),
    Row("api.moonshot.ai", "moonshot_ai"),
    Row("api.moonshot.cn", "moonshot_ai"),
    Row("ollama.com", "ollama"),
    Row("openrouter.ai", "openrouter"),
    Row("api.perplexity.ai", "perplexity"),
    Row("api.together.ai", "together_ai"),
    Row("api.together.xyz", "together_ai"),
    Row("api.x.ai", "x_ai"),
    Row("api.z.ai", "z_ai"),
)
"""The hosts; the first row that fits counts."""

_ENDINGS: Final = tuple(WIRES)
_DEPLOYMENT: Final = re.compile(r"/deployments/([^/]+)/")


def recognise(method: str, host: str, path: str) -> Match | None:
    """
    Return how to read a request, or None for one that is no model call. Runs on every HTTP request of the program.

    `host` comes in lower case and without its port, `path` without its query.
    """
    if not path.endswith(_ENDINGS) or method != "POST":
        return None
    wire = next(wire for ending, wire in WIRES.items() if path.endswith(ending))
    row = next((row for row in HOSTS if _fits(row, host, path)), None)
    deployment = _DEPLOYMENT.search(path)
    return Match(
        wire=wire,
        provider=row.provider if row else wire.provider,
        known_host=row is not None,
        model=unquote(deployment.group(1)) if deployment else None,
    )


def _fits(row: Row, host: str, path: str) -> bool:
    fits = host.endswith(row.host[1:]) if row.host.startswith("*") else host == row.host
    return fits and row.below in path
