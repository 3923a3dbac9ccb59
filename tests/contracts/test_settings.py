"""The table of docs/settings.md is complete, and each row is shown by a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

PREFIX = "OTEL_EXPORTER_OTLP_"
SIGNALS = ("TRACES_", "METRICS_", "LOGS_")
VARIABLE = re.compile(r"\b(?:OTEL|ORCHESTRACE)_[A-Z_]*[A-Z]\b(?!_|…)")
FOR_TESTS = {"ORCHESTRACE_RECORDINGS"}
"""What only a program's tests use: docs/testing.md."""


@pytest.fixture
def rows(root: Path) -> list[list[str]]:
    """Return the cells of every row of the table."""
    text = (root / "docs" / "settings.md").read_text(encoding="utf-8").partition("## Variables")[2]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def defined_in(path: Path) -> set[str]:
    """Return the tests of a module, as `Class::test`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {f"{kind.name}::{node.name}" for kind in kinds for node in kind.body if isinstance(node, ast.FunctionDef)}


class TestVariables:
    def test_each_row_names_a_test_that_exists(self, rows: list[list[str]], root: Path) -> None:
        """What is promised there is tried."""
        named = [cells[2].strip("`").split("::", 1) for cells in rows]

        assert len(rows) > 25
        assert [] == [f"{path}::{test}" for path, test in named if test not in defined_in(root / path)]

    def test_every_variable_that_we_read_has_a_row(self, rows: list[list[str]], modules: list[Any]) -> None:
        """Whoever adds one says what it does."""
        said = {name.strip("`").replace("…", PREFIX) for cells in rows for name in cells[0].split(", ")}
        read = {name for one in modules for name in VARIABLE.findall(one.text)}
        general = {re.sub(f"^{PREFIX}({'|'.join(SIGNALS)})", PREFIX, name) for name in read}

        assert set() == general - said - FOR_TESTS
