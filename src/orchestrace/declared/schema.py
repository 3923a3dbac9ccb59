"""
The published schema of an agents file, and a check against it.

The check follows those words of JSON Schema that this schema uses, and no others; tests compare it with a validator
that knows them all. What is wrong is said in the words of the schema's own descriptions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from orchestrace.declared.document import Node, Problem
from orchestrace.settings import meant

__all__ = ["PATH", "problems", "schema"]

PATH: Final = Path(__file__).with_name("agents.schema.json")
"""The schema, for editors and for others' validators."""

_DOTTED: Final = re.compile(r"([a-z_]\w*(?:\.[a-z_]\w*)*)\.([A-Z][\w*]*\+?(?:\.[\w*]+)*|[a-z_]\w*)")
"""A target whose colon is a dot: modules are written small, and classes large."""
_KINDS: Final[dict[str, tuple[type, str]]] = {
    "object": (dict, "a mapping"),
    "array": (list, "a list"),
    "string": (str, "a text"),
    "boolean": (bool, "true or false"),
}


@cache
def schema() -> Mapping[str, Any]:
    """Return the schema."""
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def problems(node: Node) -> Iterator[Problem]:
    """Return all that is wrong with a document."""
    return _check(node, schema(), "")


def _check(node: Node, said: Mapping[str, Any], path: str) -> Iterator[Problem]:
    said = _resolved(said)
    wrong = next((words for rule, words in _RULES if rule in said and not _HOLDS[rule](node.value, said[rule])), None)
    if wrong is not None:
        yield Problem(node.line, f"{path or 'the document'} {wrong(node, said)}")
    elif isinstance(node.value, dict):
        yield from _of_mapping(node, said, path)
    elif isinstance(node.value, list) and "items" in said:
        for index, one in enumerate(node.value):
            yield from _check(one, said["items"], f"{path}[{index}]")


def _of_mapping(node: Node, said: Mapping[str, Any], path: str) -> Iterator[Problem]:
    yield from _missing(node, said, path)
    known = said.get("properties", {})
    chosen = _chosen(node, said)
    if chosen is not None:
        name = said["discriminator"]["propertyName"]
        yield from _check(node.value[name], known[name], _below(path, name))
        # Whatever the role is meant to be, most options are the same.
        known, said = (chosen["properties"], chosen) if chosen else (_of_any_role(), {})
    for name, value in node.value.items():
        rest = said.get("additionalProperties", True)
        if name in known:
            yield from _check(value, known[name], _below(path, name))
        elif rest is False:
            yield Problem(node.keys[name], _unknown(node, name, known, path))
        elif isinstance(rest, dict):
            yield from _check(value, rest, _below(path, name))


def _chosen(node: Node, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return which alternative a mapping follows; an empty one where it names none, None where there are none."""
    if "discriminator" not in said:
        return None
    name = said["discriminator"]["propertyName"]
    if name not in node.value:
        return None
    alternatives = map(_resolved, said["oneOf"])
    return next((one for one in alternatives if one["properties"][name]["const"] == node.value[name].value), {})


def _missing(node: Node, said: Mapping[str, Any], path: str) -> Iterator[Problem]:
    here = path or "the document"
    for name in said.get("required", ()):
        if name not in node.value:
            yield Problem(node.line, f"{here} has no {name}: {_wanted(_properties(said).get(name, {}))}.")
    ways = [one["required"] for one in said.get("anyOf", ())]
    if ways and not any(all(name in node.value for name in way) for way in ways):
        yield Problem(node.line, f"{here} has neither {' nor '.join(' and '.join(way) for way in ways)}.")
    for name, others in said.get("dependentRequired", {}).items():
        lacking = [one for one in others if name in node.value and one not in node.value]
        if lacking:
            yield Problem(node.keys[name], f"{here} has {name} without {', '.join(lacking)}.")


def _properties(said: Mapping[str, Any]) -> Mapping[str, Any]:
    first = [_resolved(one).get("properties", {}) for one in said.get("oneOf", ())[:1]]
    return {**(first[0] if first else {}), **said.get("properties", {})}


def _unknown(node: Node, name: str, known: Mapping[str, Any], path: str) -> str:
    role = node.value.get("role")
    is_entry = "role" in known
    whose = f"{path} is {_article(role.value)}, which" if is_entry and role is not None else path or "the document"
    others = [kind for kind, one in _roles().items() if is_entry and name in one["properties"]]
    hint = f" Only {' and '.join(others)} has." if others else meant(name, known)
    return f"{whose} has no {name!r}.{hint} It has: {', '.join(sorted(known))}."


def _roles() -> dict[str, Mapping[str, Any]]:
    return {kind: schema()["$defs"][kind] for kind in schema()["$defs"]["entry"]["properties"]["role"]["enum"]}


def _of_any_role() -> dict[str, Any]:
    found = {name: value for one in _roles().values() for name, value in one["properties"].items() if name != "role"}
    return {**found, "read": {}}


def _article(role: str) -> str:
    return f"an {role}" if role[0] in "ae" else f"a {role}"


def _resolved(said: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = said.get("$ref")
    found: Mapping[str, Any] = said if reference is None else schema()["$defs"][reference.rpartition("/")[2]]
    return found


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _is_of(value: object, kinds: str | list[str]) -> bool:
    return any(isinstance(value, _KINDS[kind][0]) for kind in ([kinds] if isinstance(kinds, str) else kinds))


_HOLDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "type": _is_of,
    "enum": lambda value, known: isinstance(value, str) and value in known,
    "maxLength": lambda value, most: not isinstance(value, str) or len(value) <= most,
    "minLength": lambda value, least: not isinstance(value, str) or len(value) >= least,
    "pattern": lambda value, pattern: not isinstance(value, str) or re.search(pattern, value) is not None,
}


def _of_another_kind(node: Node, said: Mapping[str, Any]) -> str:
    value = node.value
    kind = "nothing" if value is None else "a number" if isinstance(value, (int, float)) else ""
    kind = next((words for one, words in _KINDS.values() if isinstance(value, one)), kind)
    shown = "" if isinstance(value, (dict, list)) or value is None else f"{node.written:.80}, "
    quoted = (
        f' If it is meant as a text, write it in quotes: "{node.written:.80}".' if shown and kind != "a text" else ""
    )
    return f"is {shown}{kind}: it should be {_wanted(said)}.{quoted if _is_of('', said['type']) else ''}"


def _no_such_word(node: Node, said: Mapping[str, Any]) -> str:
    shown = repr(node.value)[:80] if isinstance(node.value, str) else "no text"
    question = meant(node.value, said["enum"]) if isinstance(node.value, str) else ""
    return f"is {shown}.{question} It should be {_wanted(said)}: {', '.join(said['enum'])}."


def _malformed(node: Node, said: Mapping[str, Any]) -> str:
    written, dotted = (
        node.value.strip(),
        _DOTTED.fullmatch(node.value.strip()),
    )
    colon = f" Did you mean '{dotted[1]}:{dotted[2]}'?" if dotted and ":" not in written else ""
    local = " What stands inside of a function cannot be named." if "<locals>" in written else ""
    return f"is {written[:80]!r}: it should be {_wanted(said)}.{colon}{local}"


_RULES: Final[tuple[tuple[str, Callable[[Node, Mapping[str, Any]], str]], ...]] = (
    ("type", _of_another_kind),
    ("enum", _no_such_word),
    ("minLength", lambda _, said: f"is empty: it should be {_wanted(said)}."),
    ("maxLength", lambda _, said: f"is longer than {said['maxLength']} characters."),
    ("pattern", _malformed),
)


def _wanted(said: Mapping[str, Any]) -> str:
    words: str = _resolved(said).get("description", "missing")
    return words
