from __future__ import annotations

import ast
from pathlib import Path

LINES_OF_A_MODULE = 400
LINES_OF_A_FUNCTION = 50
SAYS_NOTHING = {"base", "common", "handler", "helpers", "manager", "misc", "utils"}


class TestSizes:
    def test_modules_hold_one_idea(self, module: Path) -> None:
        """A module has at most 400 lines."""
        assert len(module.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_MODULE

    def test_functions_are_read_at_a_glance(self, tree: ast.Module) -> None:
        """A function has at most 50 lines, its docstring included."""
        functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        lines = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}

        assert {} == {name: count for name, count in lines.items() if count > LINES_OF_A_FUNCTION}

    def test_names_say_what_is_inside(self, dotted: str) -> None:
        """No module or folder has a name that would fit any content."""
        assert set() == SAYS_NOTHING & {part.strip("_") for part in dotted.split(".")}
