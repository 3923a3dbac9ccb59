"""
Read what somebody else wrote: a value of another type than expected is as good as absent.

Every wire reads through these functions, so that no wrong type gets past the edge and nothing here raises.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias, cast
from urllib.parse import unquote_to_bytes

import orjson

from orchestrace.messages import Message, Part, blob, generic, uri
from orchestrace.typing import JSON, AttributeValue, JSONObject

__all__ = [
    "Reader",
    "Table",
    "arguments_from",
    "attributes_from",
    "count_at",
    "data_or_uri",
    "finish_reasons",
    "flag_at",
    "integer_at",
    "message_from",
    "number_at",
    "object_at",
    "object_from",
    "objects_at",
    "rest_of",
    "text_at",
    "texts_at",
    "unkept",
    "unread",
    "with_further",
]

Reader: TypeAlias = "Callable[[JSONObject, str], AttributeValue | None]"
"""One of the functions `…_at` that read a value which can stand on a span."""

Table: TypeAlias = "Mapping[str, tuple[str, Reader]]"
"""Where the attributes of a span come from: by its key in a body, the name of each, and how to read it."""

_INT64: Final = 2**63
_DEFINED: Final = {
    "blob",
    "file",
    "reasoning",
    "server_tool_call",
    "server_tool_call_response",
    "text",
    "tool_call",
    "tool_call_response",
    "uri",
}
"""The types of parts that have required fields."""


# -- one value --------------------------------------------------------------------------------------------------------
def text_at(body: JSONObject, key: str) -> str | None:
    """Return the text under a key."""
    value = body.get(key)
    return value if isinstance(value, str) else None


def texts_at(body: JSONObject, key: str) -> list[str] | None:
    """Return the texts under a key, where one alone may stand without a list; None for none."""
    value = body.get(key)
    listed = value if isinstance(value, list) else [value]
    texts = [text for text in listed if isinstance(text, str)]
    return texts if texts and len(texts) == len(listed) else None


def integer_at(body: JSONObject, key: str) -> int | None:
    """Return the whole number under a key, if a span can hold it."""
    value = body.get(key)
    return value if type(value) is int and -_INT64 <= value < _INT64 else None


def count_at(body: JSONObject, *keys: str) -> int | None:
    """Return the first count that stands under one of the keys: a whole number from 0."""
    for key in keys:
        count = body.get(key)
        if type(count) is int and 0 <= count < _INT64:
            return count
    return None


def number_at(body: JSONObject, key: str) -> float | None:
    """Return the number under a key, whole or not."""
    value = body.get(key)
    return value if isinstance(value, float) else None if (whole := integer_at(body, key)) is None else float(whole)


def flag_at(body: JSONObject, key: str) -> bool:
    """Tell whether `true` stands under a key; in a form and in a query it is a text."""
    value = body.get(key)
    return value is True or value == "true"


def object_at(body: JSONObject, key: str) -> JSONObject:
    """Return the object under a key, an empty one for none."""
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def objects_at(body: JSONObject, key: str) -> list[JSONObject]:
    """Return the objects in the list under a key."""
    value = body.get(key)
    return [item for item in value if type(item) is dict] if type(value) is list else []


# -- several values ---------------------------------------------------------------------------------------------------
def rest_of(body: JSONObject, read: Collection[str]) -> JSONObject:
    """Return what nobody has read yet: a body without some keys, and without nulls."""
    return {key: value for key, value in body.items() if value is not None and key not in read}


def attributes_from(body: JSONObject, table: Table) -> dict[str, AttributeValue]:
    """Return span attributes by a table; of several keys for a name, the one that is the last in the table wins."""
    found: dict[str, AttributeValue] = {}
    for key in body:  # of a long table hardly anything is there
        if key in table:
            name, reader = table[key]
            if name in found:
                return _in_order(body, table)
            if (value := reader(body, key)) is not None:
                found[name] = value
    return found


def _in_order(body: JSONObject, table: Table) -> dict[str, AttributeValue]:
    read = ((name, reader(body, key)) for key, (name, reader) in table.items() if key in body)
    return {name: value for name, value in read if value is not None}


def finish_reasons(raw: Sequence[str | None], words: Mapping[str, str], *, failed: bool) -> list[str]:
    """
    Map a provider's words, one for each choice, to ours; a word that `words` does not know stays as it is.

    A choice that has none is left out, unless the call failed: then that is its reason.
    """
    return [words.get(word, word) if word else "error" for word in (raw or [None]) if word or failed]


# -- JSON in texts ----------------------------------------------------------------------------------------------------
def object_from(text: str) -> JSONObject | None:
    """Parse a JSON object; what only lax parsers take (NaN, half a surrogate pair) is taken too."""
    try:
        value: JSON = orjson.loads(text)
    except ValueError:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def arguments_from(value: JSON) -> JSON:
    """Return a tool's arguments: the object that a text holds, else the text itself; nothing for an empty one."""
    if not isinstance(value, str):
        return value
    try:
        parsed: JSON = orjson.loads(value)
    except ValueError:
        return value or None
    return parsed if isinstance(parsed, dict) else value


# -- parts and messages -----------------------------------------------------------------------------------------------
def message_from(role: str, parts: list[Part], further: JSONObject) -> Message:
    """Build a message; what its provider says beyond the conventions stands in further keys, a name among them."""
    named = further if isinstance(further.get("name"), str) else rest_of(further, {"name"})
    return cast("Message", with_further({"role": role, "parts": cast("JSON", parts)}, named))


def with_further(part: Part, further: JSONObject) -> Part:
    """Add to a part what its provider says beyond the conventions; the part's own fields stay."""
    return part | further | part


def data_or_uri(address: str, modality: str) -> Part:
    """Build the part for an address: a blob for a `data:` URL, whose own type goes before `modality`."""
    if address[:5].lower() != "data:":
        return uri(modality, address)
    head, _, data = address[5:].partition(",")
    mime_type, *options = head.split(";")
    if "base64" not in options:
        data = b64encode(unquote_to_bytes(data.encode(errors="replace"))).decode()
    kind = mime_type.partition("/")[0]
    if mime_type:
        modality = kind if kind in {"image", "audio", "video"} else "document"
    return blob(modality, data, mime_type or None)


def unkept(modality: str, data: bytes, mime_type: str | None = None) -> Part:
    """Build the part of data that is not kept: size and SHA-256 stand beside it, as where a document is cut."""
    told: JSONObject = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return with_further(blob(modality, "", mime_type), told)


def unread(block: JSON) -> Part:
    """Keep a block of a type that the conventions do not define as it is, and one that is broken as `unknown`."""
    kind = text_at(block, "type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not kind or kind in _DEFINED:
        return generic("unknown", block=block)
    return rest_of(block, ())
