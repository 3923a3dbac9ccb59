"""Write the records of a model call as span attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrace import conventions as names
from orchestrace.messages import ModelRequest, ModelResponse, Usage
from orchestrace.recording.document import write
from orchestrace.typing import AttributeValue

__all__ = ["request_attributes", "response_attributes", "usage_attributes"]

_USAGE: Final = (
    (names.USAGE_INPUT_TOKENS, "input_tokens"),
    (names.USAGE_OUTPUT_TOKENS, "output_tokens"),
    (names.USAGE_CACHE_READ, "cache_read"),
    (names.USAGE_CACHE_WRITE, "cache_write"),
    (names.USAGE_CACHE_CREATION, "cache_write"),
    (names.USAGE_REASONING, "reasoning"),
)


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
            (names.TOOL_DEFINITIONS, request.tools),
            (names.REQUEST_PARAMETERS, request.parameters),
        )
        written |= _documents(parts)
    return written


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
        written |= _documents(((names.OUTPUT_MESSAGES, response.messages),))
    return written | usage_attributes(response.usage)


def usage_attributes(usage: Usage | None) -> dict[str, AttributeValue]:
    """Return the tokens that are known."""
    counted = ((name, getattr(usage, field, None)) for name, field in _USAGE)
    return {name: count for name, count in counted if count is not None}


def _documents(parts: Iterable[tuple[str, object]]) -> dict[str, AttributeValue]:
    texts = {name: write(value) for name, value in parts if value}
    cut = [name for name, (_, was_cut) in texts.items() if was_cut]
    written: dict[str, AttributeValue] = {name: text for name, (text, _) in texts.items()}
    return written | {names.TRUNCATED: cut} if cut else written
