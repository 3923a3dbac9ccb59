"""Read what OpenAI's responses say beside their words, for which the conventions have names."""

from __future__ import annotations

from typing import Final

from orchestrace.conventions import (
    CONVERSATION_COMPACTED,
    CONVERSATION_ID,
    OPENAI_API_TYPE,
    OPENAI_REQUEST_SERVICE_TIER,
    OPENAI_RESPONSE_SERVICE_TIER,
    OPENAI_SYSTEM_FINGERPRINT,
    OUTPUT_TYPE,
    PROMPT_NAME,
    PROMPT_VERSION,
    REQUEST_MAX_TOKENS,
    REQUEST_PREVIOUS_RESPONSE_ID,
    REQUEST_REASONING_LEVEL,
    REQUEST_STREAM,
    REQUEST_STREAM_CURSOR,
    RESPONSE_STATUS,
)
from orchestrace.typing import AttributeValue, JSONObject
from orchestrace.wires.reading import (
    Table,
    attributes_from,
    flag_at,
    integer_at,
    object_at,
    objects_at,
    text_at,
)
from orchestrace.wires.sampling import SAMPLING

__all__ = ["conversation_of", "fetch_attributes", "request_attributes", "response_attributes"]

_REQUEST: Final[Table] = {
    **SAMPLING,
    "max_output_tokens": (REQUEST_MAX_TOKENS, integer_at),
    "previous_response_id": (REQUEST_PREVIOUS_RESPONSE_ID, text_at),
    "service_tier": (OPENAI_REQUEST_SERVICE_TIER, text_at),
}
_RESPONSE: Final[Table] = {
    "service_tier": (OPENAI_RESPONSE_SERVICE_TIER, text_at),
    "system_fingerprint": (OPENAI_SYSTEM_FINGERPRINT, text_at),
}
_PROMPT: Final[Table] = {
    "id": (PROMPT_NAME, text_at),
    "version": (PROMPT_VERSION, text_at),
}
_UNSAID: Final = {OPENAI_REQUEST_SERVICE_TIER: "auto", OPENAI_RESPONSE_SERVICE_TIER: "auto"}
"""What the conventions leave out when it is as ordinary as this; an answer that begins does not know its tier yet."""

_OUTPUT_TYPES: Final = {"json_object": "json", "json_schema": "json", "text": "text"}


def request_attributes(body: JSONObject) -> dict[str, AttributeValue]:
    """Return what a request says: its parameters, the stored prompt that it uses, and where its history is."""
    attributes: dict[str, AttributeValue] = {OPENAI_API_TYPE: "responses", **attributes_from(body, _REQUEST)}
    attributes |= attributes_from(object_at(body, "prompt"), _PROMPT) | conversation_of(body)
    if flag_at(body, "stream"):
        attributes[REQUEST_STREAM] = True
    if effort := text_at(object_at(body, "reasoning"), "effort"):
        attributes[REQUEST_REASONING_LEVEL] = effort
    if asked := _OUTPUT_TYPES.get(text_at(object_at(object_at(body, "text"), "format"), "type") or ""):
        attributes[OUTPUT_TYPE] = asked
    attributes |= _compacted(objects_at(body, "input"))
    return {name: value for name, value in attributes.items() if _UNSAID.get(name) != value}


def fetch_attributes(query: JSONObject) -> dict[str, AttributeValue]:
    """Return what it says to fetch an answer, which a query tells in texts: from where on its stream is wanted."""
    cursor = text_at(query, "starting_after")
    streamed: dict[str, AttributeValue] = {REQUEST_STREAM: True} if text_at(query, "stream") == "true" else {}
    return {OPENAI_API_TYPE: "responses"} | streamed | ({REQUEST_STREAM_CURSOR: cursor} if cursor else {})


def response_attributes(body: JSONObject, *, fetched: bool = False) -> dict[str, AttributeValue]:
    """Return what an answer says; one that is fetched, or made in the background, says how far it is."""
    told = attributes_from(body, _RESPONSE)
    attributes = {name: value for name, value in told.items() if _UNSAID.get(name) != value} | conversation_of(body)
    attributes |= _compacted(objects_at(body, "output"))
    status = text_at(body, "status")
    if status and (fetched or flag_at(body, "background")):
        attributes[RESPONSE_STATUS] = status
    return attributes


def conversation_of(body: JSONObject) -> dict[str, AttributeValue]:
    """Return the conversation that a body belongs to, which is a stored one with an id."""
    name = text_at(body, "conversation") or text_at(object_at(body, "conversation"), "id")
    return {CONVERSATION_ID: name} if name else {}


def _compacted(items: list[JSONObject]) -> dict[str, AttributeValue]:
    return {CONVERSATION_COMPACTED: True} if any(item.get("type") == "compaction" for item in items) else {}
