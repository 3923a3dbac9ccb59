"""Write the records of a model call as span attributes."""

from __future__ import annotations

from typing import Final, cast

from orchestrace import conventions as names
from orchestrace.messages import ModelRequest, ModelResponse, Usage
from orchestrace.recording import naming
from orchestrace.recording.document import write
from orchestrace.recording.repetition import write_objects, write_parameters
from orchestrace.recording.secret_value import without_secrets
from orchestrace.typing import AttributeValue, JSONObject

__all__ = ["request_attributes", "response_attributes", "usage_attributes"]

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
        _add_content(written, request)
    return naming.attributes(written)


def response_attributes(response: ModelResponse, *, content: bool) -> dict[str, AttributeValue]:
    """Return what was answered; the words themselves only where content is recorded."""
    written = dict(response.attributes)
    if response.id is not None:
        written[names.RESPONSE_ID] = response.id
    if response.model is not None:
        written[names.RESPONSE_MODEL] = response.model
    if response.finish_reasons:
        written[names.RESPONSE_FINISH_REASONS] = [*response.finish_reasons]
    if response.raw_finish_reasons:
        written[names.RESPONSE_RAW_FINISH_REASONS] = [*response.raw_finish_reasons]
    if content and response.messages:
        messages = naming.messages(response.messages, response.finish_reasons)
        written[names.OUTPUT_MESSAGES], is_cut = write_objects(messages)
        if is_cut:
            written[names.TRUNCATED] = [names.OUTPUT_MESSAGES]
    if response.usage is not None:
        _add_usage(written, response.usage)
    return naming.attributes(written)


def usage_attributes(usage: Usage | None) -> dict[str, AttributeValue]:
    """Return the tokens that are known."""
    told: dict[str, AttributeValue] = {}
    if usage is not None:
        _add_usage(told, usage)
    return told


def _add_content(written: dict[str, AttributeValue], request: ModelRequest) -> None:
    cut = []
    if request.system:
        written[names.SYSTEM_INSTRUCTIONS], is_cut = write_objects(request.system)
        cut += [names.SYSTEM_INSTRUCTIONS] if is_cut else []
    if request.messages:
        written[names.INPUT_MESSAGES], is_cut = write_objects(request.messages)
        cut += [names.INPUT_MESSAGES] if is_cut else []
    if request.tools:
        written[names.TOOL_DEFINITIONS], is_cut = write_objects([_tool(given) for given in request.tools])
        cut += [names.TOOL_DEFINITIONS] if is_cut else []
    if request.parameters:
        written[names.REQUEST_PARAMETERS], is_cut = write_parameters(request.parameters)
        cut += [names.REQUEST_PARAMETERS] if is_cut else []
    if cut:
        written[names.TRUNCATED] = cut


def _tool(given: JSONObject) -> JSONObject:
    """Return a definition: a function's is a schema, others name servers and how to get in."""
    return given if given.get("type") == "function" else cast("JSONObject", without_secrets(given))


def _add_usage(told: dict[str, AttributeValue], usage: Usage) -> None:
    if usage.input_tokens is not None:
        told[names.USAGE_INPUT_TOKENS] = usage.input_tokens
    if usage.output_tokens is not None:
        told[names.USAGE_OUTPUT_TOKENS] = usage.output_tokens
    if usage.cache_read is not None:
        told[names.USAGE_CACHE_READ] = usage.cache_read
    if usage.cache_write is not None:
        told[names.USAGE_CACHE_WRITE] = told[names.USAGE_CACHE_CREATION] = usage.cache_write
    if usage.reasoning is not None:
        told[names.USAGE_REASONING] = usage.reasoning
    if usage.further:
        told[names.RESPONSE_USAGE] = write({**usage.further}, _FURTHER)[0]
