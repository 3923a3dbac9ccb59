"""Write JSON documents as people read them: messages as what was said, objects as their names and values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from orchestrace.typing import JSON

__all__ = ["compact", "examples", "fields", "message", "plain", "tools"]

_PARTS_WITH_CONTENT: Final = ("text", "reasoning", "compaction")


def compact(value: JSON) -> str:
    """Return a value as JSON on one line, in its own letters."""
    return json.dumps(value, ensure_ascii=False)


def plain(value: JSON) -> str:
    """Return a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else compact(value)


def fields(value: JSON, *, full: bool) -> str:
    """Return an object as `name: value, …`, or, in full, each on a line of its own with its texts as they are."""
    if not isinstance(value, dict):
        return plain(value)
    if not full:
        return ", ".join(f"{name}: {compact(item)}" for name, item in value.items())
    return "\n".join(f"{name}: {plain(item)}" for name, item in value.items())


def message(given: Any) -> tuple[str, str]:  # noqa: ANN401 - JSON that another library may have written
    """Return who speaks and what is said in a message."""
    if not isinstance(given, dict):
        return "message", compact(given)
    parts = given.get("parts")
    role = str(given.get("role") or "message")
    if not isinstance(parts, list):  # a message in a form that the conventions had before
        content = given.get("content", given)
        return role, plain(content)
    return role, "\n".join(_part(part) for part in parts)


def examples(given: JSON, *, full: bool) -> str:
    """Return few-shot examples by their ids; in full with what they show."""
    listed = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    if not full:
        return ", ".join(str(one.get("id")) for one in listed)
    return "\n".join(f"{one.get('id')}: {compact(one.get('input'))} → {compact(one.get('output'))}" for one in listed)


def tools(given: JSON, *, full: bool) -> str:
    """Return the tools that a model may call by their names; in full with their definitions."""
    listed = given if isinstance(given, list) else []
    if full:
        return "\n".join(map(compact, listed))
    return ", ".join(str(one.get("name")) for one in listed if isinstance(one, dict))


def _part(part: Any) -> str:  # noqa: ANN401 - as above
    if not isinstance(part, dict):
        return compact(part)
    kind = part.get("type")
    content = part.get("content")
    if kind in _PARTS_WITH_CONTENT and isinstance(content, str):
        return content if kind == "text" else f"[{kind}] {content}"
    if kind == "tool_call":
        return f"[calls] {part.get('name')}({compact(part['arguments']) if 'arguments' in part else ''})"
    if kind == "tool_call_response":
        return f"[result] {plain(part.get('response'))}"
    if kind == "blob":
        return f"[{' '.join(_media(part))}, {len(str(content or '')):,} characters of base64]"
    if kind in ("uri", "file"):
        return f"[{' '.join(_media(part))}] {part.get('uri') or part.get('file_id')}"
    return compact(part)


def _media(part: dict[str, Any]) -> Iterator[str]:
    yield from (str(part[name]) for name in ("modality", "mime_type") if part.get(name))
