from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

ABOUT_THE_WHOLE = {
    "backends": "a program, a real collector and a real Jaeger together",
    "browser": "the page of `show --html` in a real browser",
    "context": "one trace across threads, tasks, processes and queues",
    "contracts": "rules that hold for every module",
    "durability": "kills, outages, bad disks: nothing that ended is lost",
    "examples": "the programs that the guide shows",
    "guests": "other instrumentations of the same SDKs beside ours",
    "living": "programs that have OpenTelemetry already, or set it up their own way",
    "runs": "the shapes that a run can have, and what each comes to: iterations, sums, prompts",
    "streams": "streams that leave the agent which began them",
    "typing": "read by type checkers, never run",
    "versions": "what must hold with every version of everything that we claim",
}
"""Folders of tests that mirror no folder of the source, and why."""

TESTED_ELSEWHERE = {
    "conventions.py": "contracts/test_conventions.py",
}
"""Modules whose test stands elsewhere."""


def has_code(tree: ast.Module) -> bool:
    """Tell whether a module does anything: declarations and protocols have nothing to test."""
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return any(not isinstance(statement, (ast.Expr, ast.Pass)) for node in functions for statement in node.body)


def place_of_test(module: Path) -> str:
    """Return where the test of a module stands."""
    return TESTED_ELSEWHERE.get(str(module), str(module.with_name(f"test_{module.name}")))


class TestLayout:
    def test_every_module_with_code_has_its_test(self, modules: list[Any], root: Path) -> None:
        """The test of `src/orchestrace/a/b.py` is `tests/a/test_b.py`."""
        with_code = [
            one.path for one in modules if one.path.stem not in {"__init__", "__main__"} and has_code(one.tree)
        ]
        places = [path.relative_to(root / "src" / "orchestrace") for path in with_code]

        assert [] == [str(place) for place in places if not (root / "tests" / place_of_test(place)).is_file()]

    def test_every_test_has_its_module(self, root: Path) -> None:
        """Each `tests/a/test_b.py` is about `src/orchestrace/a/b.py`."""
        tests = [path.relative_to(root / "tests") for path in (root / "tests").rglob("test_*.py")]
        mirrored = [path for path in tests if path.parts[0] not in ABOUT_THE_WHOLE]
        module = {
            path: root / "src" / "orchestrace" / path.with_name(path.name.removeprefix("test_")) for path in mirrored
        }

        assert [] == [str(path) for path in mirrored if not module[path].is_file()]
