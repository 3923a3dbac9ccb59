from __future__ import annotations

import ast
from pathlib import Path

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


def has_code(path: Path) -> bool:
    """Tell whether a module does anything: declarations and protocols have nothing to test."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return any(not isinstance(statement, (ast.Expr, ast.Pass)) for node in functions for statement in node.body)


class TestLayout:
    def test_every_module_with_code_has_its_test(self, module: Path, root: Path) -> None:
        """The test of `src/orchestrace/a/b.py` is `tests/a/test_b.py`."""
        place = module.relative_to(root / "src" / "orchestrace")
        test = TESTED_ELSEWHERE.get(str(place), str(place.with_name(f"test_{place.name}")))

        assert (root / "tests" / test).is_file() or place.stem in {"__init__", "__main__"} or not has_code(module)

    def test_every_test_has_its_module(self, root: Path) -> None:
        """Each `tests/a/test_b.py` is about `src/orchestrace/a/b.py`."""
        tests = [path.relative_to(root / "tests") for path in (root / "tests").rglob("test_*.py")]
        mirrored = [path for path in tests if path.parts[0] not in ABOUT_THE_WHOLE]
        module = {
            path: root / "src" / "orchestrace" / path.with_name(path.name.removeprefix("test_")) for path in mirrored
        }

        assert [] == [str(path) for path in mirrored if not module[path].is_file()]
