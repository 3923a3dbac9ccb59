"""Read the content of a message in OpenAI's responses, asked or answered, into parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from orchestrace.messages import Part, blob, file, generic, reasoning, text
from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import data_or_uri, object_at, text_at, unread, with_further

__all__ = ["read_block", "read_content"]

_Reader: TypeAlias = "Callable[[JSONObject], Part | None]"
"""How to read a block of one type; None if it lacks what its type must have."""

_AUDIO_TYPES: Final = {"mp3": "audio/mpeg"}


def read_content(content: JSON) -> list[Part]:
    """
    Read a content, which is a text or a list of blocks; an empty text is no part.

    What a block says beyond its part (annotations, log probabilities, a file's name) stands in further keys, unless it
    is empty. A block of a type that the conventions do not have is a part of its own type.
    """
    if isinstance(content, list):
        return [read_block(block) for block in content]
    return [] if content is None or content == "" else [text(content) if isinstance(content, str) else unread(content)]


def read_block(block: JSON) -> Part:
    """Read one block of a content."""
    kind = text_at(block, "type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or kind not in _BLOCKS:
        return unread(block)
    read, keys = _BLOCKS[kind]
    part = read(block)
    if part is None:
        return unread(block)
    return with_further(part, {key: value for key, value in block.items() if key not in keys and value not in _NOTHING})


def _text(block: JSONObject) -> Part | None:
    words = text_at(block, "text")
    return None if words is None else text(words)


def _refusal(block: JSONObject) -> Part | None:
    """Read a refusal, which the conventions do not define; its words stand where a text's do."""
    words = text_at(block, "refusal")
    return None if words is None else generic("refusal", content=words)


def _reasoning(block: JSONObject) -> Part | None:
    """Read reasoning; a summary of what the model thought says that it is one."""
    words = text_at(block, "text")
    if words is None:
        return None
    return reasoning(words) if text_at(block, "type") == "reasoning_text" else {**reasoning(words), "summary": True}


def _medium(modality: str, block: JSONObject) -> Part | None:
    """Read a picture or a document: where it is, which file of the provider's it is, or its data."""
    url = block.get("image_url") or block.get("file_url")
    address = url if isinstance(url, str) else text_at(url, "url") if isinstance(url, dict) else None
    if address:
        return data_or_uri(address, modality)
    if file_id := text_at(block, "file_id"):
        return file(modality, file_id)
    data = text_at(block, "file_data")
    if not data:
        return None
    return data_or_uri(data, modality) if data[:5].lower() == "data:" else blob(modality, data)


def _audio(block: JSONObject) -> Part | None:
    spoken = object_at(block, "input_audio") or block
    data, form = text_at(spoken, "data"), text_at(spoken, "format")
    return blob("audio", data, _AUDIO_TYPES.get(form, f"audio/{form}") if form else None) if data else None


_NOTHING: Final[tuple[JSON, ...]] = (None, [])
_WORDS: Final[tuple[_Reader, set[str]]] = (_text, {"type", "text"})
_SEEN: Final[tuple[_Reader, set[str]]] = (partial(_medium, "image"), {"type", "image_url", "file_id"})

_BLOCKS: Final[dict[str, tuple[_Reader, set[str]]]] = {
    "input_text": _WORDS,
    "output_text": _WORDS,
    "text": _WORDS,
    "refusal": (_refusal, {"type", "refusal"}),
    "reasoning_text": (_reasoning, {"type", "text"}),
    "summary_text": (_reasoning, {"type", "text"}),
    "input_image": _SEEN,
    "computer_screenshot": _SEEN,
    "input_file": (partial(_medium, "document"), {"type", "file_url", "file_id", "file_data"}),
    "input_audio": (_audio, {"type", "input_audio", "data", "format"}),
    "output_audio": (_audio, {"type", "data", "format"}),
}
"""How to read a block of each type, and which of its keys then stand in the part."""
