from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import orchestrace

CONTRACT = {
    "ByReference",
    "Evaluation",
    "Example",
    "Prompt",
    "agent",
    "assign",
    "configure",
    "content",
    "current",
    "environment",
    "evaluator",
    "experiment",
    "extract",
    "fingerprint",
    "flush",
    "generator",
    "inject",
    "instrument",
    "iterations",
    "llm_call",
    "messages_of",
    "record_outcome",
    "reference",
    "register_reference",
    "retriever",
    "session",
    "shutdown",
    "status",
    "tool",
    "uninstrument",
    "workflow",
}
"""The names that programs outside of this repository use."""


def exported(tree: ast.Module) -> list[str] | None:
    """Return the value of a module's `__all__`."""
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == "__all__":
            value: list[str] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            return value
    return None


def defined(tree: ast.Module) -> set[str]:
    """Return the public functions and classes that a module defines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


def shelf(name: str) -> tuple[int, list[int | str]]:
    """Order names as the linter does: CONSTANTS, Classes, functions, and numbers by value."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


class TestModules:
    def test_public_functions_and_classes_are_exported(self, modules: list[Any]) -> None:
        """What has no underscore is in `__all__`."""
        missing = {one.dotted: defined(one.tree) - set(exported(one.tree) or []) for one in modules}

        assert {} == {module: names for module, names in missing.items() if names}

    def test_exports_are_sorted(self, modules: list[Any]) -> None:
        """A name is found in `__all__` by eye."""
        names = {one.dotted: exported(one.tree) or [] for one in modules}

        assert {module: sorted(found, key=shelf) for module, found in names.items()} == names

    def test_exports_exist(self, modules: list[Any]) -> None:
        """Everything in `__all__` can be imported."""
        imported = [importlib.import_module(one.dotted) for one in modules]

        assert [] == [
            f"{module.__name__}.{name}"
            for module in imported
            for name in getattr(module, "__all__", [])
            if not hasattr(module, name)
        ]


class TestPackage:
    def test_public_names_are_the_contract(self) -> None:
        """`orchestrace` exports the documented names, no more and no fewer."""
        assert CONTRACT == {name for name in orchestrace.__all__ if not name.startswith("__")}

    def test_public_names_are_listed_for_completion(self) -> None:
        """Names that are loaded when first used are in `dir()` as well."""
        assert set() == set(orchestrace.__all__) - set(dir(orchestrace))

    def test_no_module_shadows_a_public_name(self, root: Path) -> None:
        """`import orchestrace.x` never replaces the function `orchestrace.x` by a module."""
        parts = {path.stem for path in (root / "src" / "orchestrace").iterdir()}

        assert set() == CONTRACT & parts
