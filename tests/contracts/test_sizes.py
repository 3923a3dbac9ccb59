from __future__ import annotations

import ast
from typing import Any

LINES_OF_A_MODULE = 400
LINES_OF_A_FUNCTION = 50
SAYS_NOTHING = {"base", "common", "handler", "helpers", "manager", "misc", "utils"}


class TestSizes:
    def test_modules_hold_one_idea(self, modules: list[Any]) -> None:
        """A module has at most 400 lines."""
        lines = {one.dotted: len(one.text.splitlines()) for one in modules}

        assert {} == {module: count for module, count in lines.items() if count > LINES_OF_A_MODULE}

    def test_functions_are_read_at_a_glance(self, modules: list[Any]) -> None:
        """A function has at most 50 lines, its docstring included."""
        functions = [
            (f"{one.dotted}.{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
            for one in modules
            for node in ast.walk(one.tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]

        assert [] == [(name, count) for name, count in functions if count > LINES_OF_A_FUNCTION]

    def test_names_say_what_is_inside(self, modules: list[Any]) -> None:
        """No module or folder has a name that would fit any content."""
        parts = {one.dotted: {part.strip("_") for part in one.dotted.split(".")} for one in modules}

        assert {} == {module: SAYS_NOTHING & found for module, found in parts.items() if SAYS_NOTHING & found}
