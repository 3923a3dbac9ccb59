"""One entry of an agents file: a target, and what a decorator on it would have been told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from orchestrace.declared.target import Target
from orchestrace.decorators import declaration
from orchestrace.prompts import Example, Prompt
from orchestrace.recording.prompt_use import PromptUse
from orchestrace.recording.roles.declaration import Declaration

__all__ = ["Entry", "Reference", "entry_of"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A target and its declaration; `text` is the target as it was written, `line` where."""

    text: str
    target: Target
    declaration: Declaration
    method: str | None
    line: int | None


def entry_of(said: Mapping[str, Any], line: int | None) -> Entry:
    """Return the entry that data says which the schema lets pass. Raises OrchestraceError where a prompt is none."""
    options = {name: value for name, value in said.items() if name not in {"target", "role", "prompt"}}
    if "reduce" in options:
        options["reduce"] = Reference(options["reduce"])
    declared = declaration(said["role"], **options)
    if "prompt" in said:
        declared = declared._replace(prompt=_prompt(said["prompt"]))
    text = said["target"].strip()
    return Entry(text, Target.parse(text), declared, said.get("method"), line)


def _prompt(said: Mapping[str, Any]) -> PromptUse:
    if "template" not in said:
        return PromptUse(said["name"], said["version"], hash=None, template=None, variables={})
    examples = [Example(**one) for one in said.get("few_shot", ())]
    known = {name: said[name] for name in ("version", "template_format") if name in said}
    return Prompt(said["name"], said["template"], few_shot=examples, **known).identity()


@dataclass(frozen=True, slots=True)
class Reference:
    """A function that is looked for when it is first called: the program may not be able to import it before."""

    text: str

    def __call__(self, items: list[Any]) -> object:
        """Call the function. Raises whatever comes out of looking for it."""
        module, _, names = self.text.strip().partition(":")
        found: Any = import_module(module)
        for name in names.split("."):
            found = getattr(found, name)
        result: object = found(items)
        return result
