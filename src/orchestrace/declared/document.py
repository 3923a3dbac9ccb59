"""A document of data, each part of which knows the line it stands on: from YAML, or from Python's own mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Node", "Problem", "UnreadableError", "node_of", "read_yaml"]

_DEEPEST: Final = 50
_PLAIN: Final = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "null", "str")}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a document, and on which line of it; None where it has no lines."""

    line: int | None
    words: str


class UnreadableError(Exception):
    """Say why something is no document at all."""

    def __init__(self, line: int | None, words: str) -> None:
        super().__init__(words)
        self.problem: Problem = Problem(line, words)


@dataclass(frozen=True, slots=True)
class Node:
    """
    A value of a document: text, number, bool or None, or a list or mapping of nodes.

    `keys` are the lines of a mapping's keys. `written` is how a scalar was written.
    """

    value: Any
    line: int | None = None
    keys: Mapping[str, int | None] = field(default_factory=dict)
    written: str = ""

    def plain(self) -> Any:  # noqa: ANN401 - JSON
        """Return the value without its lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value


def read_yaml(text: bytes) -> Node:
    """
    Return what a YAML document says. Raises UnreadableError.

    Read is data alone: no tags, so that it can make no objects; no anchors, so that a short file stays a short one;
    one document; no key twice; 50 levels.
    """
    import yaml  # noqa: PLC0415 - 20 ms, wanted where there is such a file

    try:
        _refuse_what_grows(text)
        # The loader in Python: whatever it is given, it raises, and does not crash.
        found = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = f"this is no YAML: {', '.join(filter(None, (error.context, error.problem)))}"
        raise UnreadableError(None if mark is None else mark.line + 1, words) from None
    except yaml.YAMLError as error:
        raise UnreadableError(None, f"this is no YAML: {' '.join(str(error).split())}") from None
    if found is None:
        raise UnreadableError(1, "it is empty: begin it with `agents:`, and a list of targets.")
    return _node(found, yaml.SafeLoader(""))


_TOO_DEEP: Final = (
    f"it is nested deeper than {_DEEPEST} levels: an agents file is a list of targets with their options."
)


def _refuse_what_grows(text: bytes) -> None:
    import yaml  # noqa: PLC0415 - as above

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        name = getattr(event, "anchor", None)
        if name is None and depth <= _DEEPEST:
            continue
        sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
        words = f"{sign}{name}: anchors and aliases are not read here: write the value where it is needed."
        line = None if event.start_mark is None else event.start_mark.line + 1
        raise UnreadableError(line, _TOO_DEEP if name is None else words)


def _node(found: Any, loader: Any) -> Node:  # noqa: ANN401 - a node and a loader of the library
    line: int = found.start_mark.line + 1
    if found.id == "scalar":
        return _scalar(found, loader, line)
    if found.tag not in {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}:
        raise UnreadableError(line, f"{_shown(found.tag)}: tags are not read here: leave it out.")
    if found.id == "sequence":
        return Node([_node(one, loader) for one in found.value], line)
    values: dict[str, Node] = {}
    keys: dict[str, int | None] = {}
    for name, value in found.value:
        key, key_line = _key(name), name.start_mark.line + 1
        if key in keys:
            raise UnreadableError(
                key_line, f"{key!r} stands twice, here and on line {keys[key]}: leave one of them out."
            )
        keys[key] = key_line
        values[key] = _node(value, loader)
    return Node(values, line, keys)


def _key(name: Any) -> str:  # noqa: ANN401 - as above
    if name.id != "scalar":
        raise UnreadableError(name.start_mark.line + 1, "a key is a text, here it is a list or mapping.")
    return str(name.value)


def _scalar(found: Any, loader: Any, line: int) -> Node:  # noqa: ANN401 - as above
    written = str(found.value)
    if found.tag == "tag:yaml.org,2002:timestamp":
        return Node(written, line, written=written)  # a version such as 2026-11-29 is a text to everybody but YAML
    if found.tag not in _PLAIN:
        raise UnreadableError(line, f"{_shown(found.tag)}: tags are not read here: leave it out.")
    try:
        return Node(loader.construct_object(found), line, written=written)
    except (ValueError, ArithmeticError) as error:
        raise UnreadableError(line, f"{written!r:.80} cannot be read: {error}.") from None


def _shown(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def node_of(data: object, depth: int = 0) -> Node:
    """Return data of Python's own as a document without lines. Raises UnreadableError where it is no data."""
    if depth > _DEEPEST:
        raise UnreadableError(None, _TOO_DEEP)
    if isinstance(data, Mapping):
        if stranger := next((key for key in data if not isinstance(key, str)), None):
            raise UnreadableError(None, f"a key is a text, and not {stranger!r:.80}.")
        return Node({key: node_of(value, depth + 1) for key, value in data.items()}, keys=dict.fromkeys(data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes, bytearray)):
        return Node([node_of(one, depth + 1) for one in data])
    if data is None or isinstance(data, (str, bool, int, float)):
        return Node(data, written=str(data))
    raise UnreadableError(
        None, f"a {type(data).__name__} stands where text, a number, true or false, a list or mapping belongs."
    )
