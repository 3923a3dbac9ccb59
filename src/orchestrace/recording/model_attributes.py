"""Write the records of a model call as span attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrace import conventions as names
from orchestrace.messages import ModelRequest, ModelResponse, Usage
from orchestrace.recording import naming
from orchestrace.recording.document import write
from orchestrace.recording.secret_value import without_secrets
from orchestrace.typing import JSON, AttributeValue, JSONObject

__all__ = ["request_attributes", "response_attributes", "usage_attributes"]

_USAGE: Final = (
    (names.USAGE_INPUT_TOKENS, "input_tokens"),
    (names.USAGE_OUTPUT_TOKENS, "output_tokens"),
    (names.USAGE_CACHE_READ, "cache_read"),
    (names.USAGE_CACHE_WRITE, "cache_write"),
    (names.USAGE_CACHE_CREATION, "cache_write"),
    (names.USAGE_REASONING, "reasoning"),
)
_FURTHER: Final = 4096
"""Bytes that a provider's own counts may take."""


def request_attributes(request: ModelRequest, *, content: bool) -> dict[str, AttributeValue]:
    """Return what was asked; the words themselves only where content is recorded."""
    written = dict(request.attributes)
    if request.model is not None:
        written[names.REQUEST_MODEL] = request.model
    if request.stream:
        written[names.REQUEST_STREAM] = True
    if content:
        parts = (
            (names.SYSTEM_INSTRUCTIONS, request.system),
            (names.INPUT_MESSAGES, request.messages),
            (names.TOOL_DEFINITIONS, [_tool(given) for given in request.tools]),
            (names.REQUEST_PARAMETERS, without_secrets({**request.parameters})),
        )
        written |= _documents(parts)
    return naming.attributes(written)


def response_attributes(response: ModelResponse, *, content: bool) -> dict[str, AttributeValue]:
    """Return what was answered; the words themselves only where content is recorded."""
    written = dict(response.attributes)
    if response.id is not None:
        written[names.RESPONSE_ID] = response.id
    if response.model is not None:
        written[names.RESPONSE_MODEL] = response.model
    if response.finish_reasons:
        written[names.RESPONSE_FINISH_REASONS] = list(response.finish_reasons)
    if response.raw_finish_reasons:
        written[names.RESPONSE_RAW_FINISH_REASONS] = list(response.raw_finish_reasons)
    if content and response.messages:
        messages = naming.messages(response.messages, response.finish_reasons)
        written |= _documents(((names.OUTPUT_MESSAGES, messages),))
    return naming.attributes(written | usage_attributes(response.usage))


def usage_attributes(usage: Usage | None) -> dict[str, AttributeValue]:
    """Return the tokens that are known."""
    counted = ((name, getattr(usage, field, None)) for name, field in _USAGE)
    told: dict[str, AttributeValue] = {name: count for name, count in counted if count is not None}
    if usage is not None and usage.further:
        told[names.RESPONSE_USAGE] = write({**usage.further}, _FURTHER)[0]
    return told


def _tool(given: JSONObject) -> JSON:
    """Return a definition: a function's is a schema, others name servers and how to get in."""
    return given if given.get("type") == "function" else without_secrets(given)


def _documents(parts: Iterable[tuple[str, object]]) -> dict[str, AttributeValue]:
    texts = {name: write(value) for name, value in parts if value}
    cut = [name for name, (_, was_cut) in texts.items() if was_cut]
    written: dict[str, AttributeValue] = {name: text for name, (text, _) in texts.items()}
    return written | {names.TRUNCATED: cut} if cut else written
