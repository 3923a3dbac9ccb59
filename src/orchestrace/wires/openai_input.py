"""Read the inputs that OpenAI's formats take without a role: texts, tokens, blocks, one of them or several."""

from __future__ import annotations

from typing import Final

from orchestrace.messages import Message, Part, generic, text
from orchestrace.typing import JSON
from orchestrace.wires.reading import data_or_uri, message_from, object_at, rest_of, text_at, unread, with_further

__all__ = ["read_inputs"]

_ADDRESSED: Final = {
    "image": "image",
    "image_url": "image",
    "audio": "audio",
    "audio_url": "audio",
    "video_url": "video",
}


def read_inputs(given: JSON) -> list[Message]:
    """
    Return a message for each input; a list of numbers is one, made of tokens, and so is a list of blocks.

    Where nobody says who speaks, it is the user.
    """
    if given is None or given in ("", []):
        return []
    several = given if isinstance(given, list) and not _is_one(given) else [given]
    return [message_from(_role(one), _parts(one), {}) for one in several]


def _is_one(items: list[JSON]) -> bool:
    """Tell a list that is one input: of tokens, or of blocks that say their type."""
    return _are_tokens(items) or all(isinstance(item, dict) and text_at(item, "type") for item in items)


def _are_tokens(items: list[JSON]) -> bool:
    return all(isinstance(item, int) for item in items)


def _role(given: JSON) -> str:
    return (text_at(given, "role") if isinstance(given, dict) else None) or "user"


def _parts(given: JSON) -> list[Part]:
    if isinstance(given, dict) and isinstance(given.get("content"), (list, str)):
        given = given["content"]
    if isinstance(given, list) and _are_tokens(given):
        return [generic("tokens", content=given)]
    return [part for block in (given if isinstance(given, list) else [given]) for part in _block(block)]


def _block(given: JSON) -> list[Part]:
    """Return the parts of a block: a text, the address of a medium, or both; what else it says goes with the first."""
    if isinstance(given, str):
        return [text(given)] if given else []
    if not isinstance(given, dict):
        return [unread(given)]
    words = text_at(given, "text")
    addresses = ((text_at(given, key) or text_at(object_at(given, key), "url"), key) for key in _ADDRESSED)
    parts = [] if words is None else [text(words)]
    parts += [data_or_uri(address, _ADDRESSED[key]) for address, key in addresses if address]
    if not parts:
        return [unread(given)]
    return [with_further(parts[0], rest_of(given, {"type", "text", *_ADDRESSED})), *parts[1:]]
