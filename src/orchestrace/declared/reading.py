"""Read an agents file, from a path or from a mapping, and say what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeAlias

from orchestrace.declared.document import Node, Problem, UnreadableError, node_of, read_yaml
from orchestrace.declared.entry import Entry, entry_of
from orchestrace.declared.schema import problems
from orchestrace.exceptions import ConfigurationError, OrchestraceError

__all__ = ["VARIABLE", "Agents", "Source", "named", "read", "source_of", "wrongs"]

VARIABLE: Final = "ORCHESTRACE_AGENTS"
_LARGEST: Final = 256 * 1024
"""Bytes: some thousand targets."""

Source: TypeAlias = "str | PathLike[str] | Mapping[str, Any]"


@dataclass(frozen=True, slots=True)
class Agents:
    """What an agents file says, and where it stands. Two are equal if they say the same."""

    data: Any
    where: str = field(compare=False)
    entries: tuple[Entry, ...] = field(compare=False)


def source_of(given: Source | None) -> Source | None:
    """Return where the targets are named: what is given, else what the variable names, else None."""
    return given if given is not None else os.environ.get(VARIABLE, "").strip() or None


def named(given: Source | Agents | None) -> Agents | None:
    """Return the targets that are named, by what is given or by the variable; None if by neither. Raises as `read`."""
    if isinstance(given, Agents):
        return given
    source = source_of(given)
    return None if source is None else read(source)


def read(source: Source) -> Agents:
    """Return what a file, or a mapping of the same form, says. Raises ConfigurationError with all that is wrong."""
    where, node, found = _look(source)
    if found or node is None:
        raise ConfigurationError("\n".join(_said(where, one) for one in found))
    entries = [entry_of(one.plain(), one.line) for one in node.value["agents"].value]
    return Agents(node.plain(), where, tuple(entries))


def wrongs(source: Source) -> list[str]:
    """Return all that is wrong with a file or mapping, each with its place."""
    where, _, found = _look(source)
    return [_said(where, one) for one in found]


def _look(source: Source) -> tuple[str, Node | None, Sequence[Problem]]:
    where = "configure(agents=…)" if isinstance(source, Mapping) else os.fspath(source)
    try:
        node = node_of(source) if isinstance(source, Mapping) else read_yaml(_content(source))
    except UnreadableError as error:
        return where, None, [error.problem]
    return where, node, list(problems(node)) or list(_contradictions(node))


def _content(source: str | PathLike[str]) -> bytes:
    path = Path(source).expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        given = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise UnreadableError(None, f"there is no such file{given}.") from None
    except (OSError, ValueError) as error:
        raise UnreadableError(None, f"it cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(content) > _LARGEST:
        raise UnreadableError(None, f"it is larger than {_LARGEST // 1024} KiB.")
    return content


def _contradictions(node: Node) -> Iterator[Problem]:
    """Return what no schema can say: targets that stand twice, prompts that are none."""
    lines: dict[str, str] = {}
    for index, one in enumerate(node.value["agents"].value):
        target = one.value["target"].value.strip()
        here = f"agents[{index}]"
        if target in lines:
            line = one.value["target"].line
            yield Problem(line, f"{here}.target {target!r} stands twice, here and {lines[target]}: leave one out.")
        lines[target] = here if one.line is None else f"on line {one.value['target'].line}"
        try:
            entry_of(one.plain(), one.line)
        except OrchestraceError as error:
            yield Problem(one.line, f"{here}: {error}")


def _said(where: str, problem: Problem) -> str:
    return f"{where}: {problem.words}" if problem.line is None else f"{where}:{problem.line}: {problem.words}"
