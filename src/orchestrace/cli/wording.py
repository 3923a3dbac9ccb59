"""Write JSON documents as people read them: messages as what was said, objects as their names and values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from orchestrace.recording.text import shortened

__all__ = ["compact", "examples", "fields", "message", "plain", "tools"]

Document: TypeAlias = Any
"""JSON that another library, or another version, may have written."""

_SHORT: Final = 150
_SHORTEST: Final = 20
"""Characters of an object, and of each value in it."""


def compact(value: Document) -> str:
    """Return a value as JSON on one line, in its own letters."""
    return json.dumps(value, ensure_ascii=False, default=str)


def plain(value: Document) -> str:
    """Return a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else compact(value)


def fields(value: Document, *, full: bool) -> str:
    """
    Return an object as `name: value, …`, or, in full, each on a line of its own with its texts as they are.

    Of several values each is cut, so that a long one leaves room for those after it.
    """
    if not isinstance(value, dict):
        return plain(value)
    if full:
        return "\n".join(f"{name}: {plain(item)}" for name, item in value.items())
    limit = max(_SHORT // max(len(value), 1), _SHORTEST) if len(value) > 1 else None
    said = ((name, compact(item)) for name, item in value.items())
    return ", ".join(f"{name}: {words if limit is None else shortened(words, limit)}" for name, words in said)


def message(given: Document) -> tuple[str, str]:
    """Return who speaks and what is said in a message."""
    if not isinstance(given, dict):
        return "message", compact(given)
    role = str(given.get("role") or "message")
    parts = given.get("parts")
    if not isinstance(parts, list):  # a message in a form that the conventions had before
        return role, plain(given.get("content", given))
    return role, "\n".join(map(_part, parts))


def examples(given: Document, *, full: bool) -> str:
    """Return few-shot examples by their ids; in full with what they show."""
    listed = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    if not full:
        return ", ".join(str(one.get("id")) for one in listed)
    return "\n".join(f"{one.get('id')}: {compact(one.get('input'))} → {compact(one.get('output'))}" for one in listed)


def tools(given: Document, *, full: bool) -> str:
    """Return the tools that a model may call by their names; in full with their definitions."""
    listed = given if isinstance(given, list) else []
    if full:
        return "\n".join(map(compact, listed))
    return ", ".join(str(one.get("name")) for one in listed if isinstance(one, dict))


def _part(part: Document) -> str:
    known = isinstance(part, dict) and isinstance(part.get("type"), str)
    say = _PARTS.get(part["type"]) if known else None
    return compact(part) if say is None else say(part)


def _spoken(part: dict[str, Document]) -> str:
    return plain(part.get("content", ""))


def _marked(part: dict[str, Document]) -> str:
    return f"[{part['type']}] {plain(part.get('content', ''))}"


def _call(part: dict[str, Document]) -> str:
    return f"[calls] {part.get('name')}({compact(part['arguments']) if 'arguments' in part else ''})"


def _response(part: dict[str, Document]) -> str:
    return f"[result] {plain(part.get('response'))}"


def _data(part: dict[str, Document]) -> str:
    return f"[{_media(part)}: {len(str(part.get('content') or '')):,} characters of base64]"


def _elsewhere(part: dict[str, Document]) -> str:
    return f"[{_media(part)}] {part.get('uri') or part.get('file_id')}"


def _media(part: dict[str, Document]) -> str:
    return " ".join(str(part[name]) for name in ("modality", "mime_type") if part.get(name))


_PARTS: Final[dict[str, Callable[[dict[str, Document]], str]]] = {
    "text": _spoken,
    "reasoning": _marked,
    "compaction": _marked,
    "tool_call": _call,
    "tool_call_response": _response,
    "blob": _data,
    "uri": _elsewhere,
    "file": _elsewhere,
}
