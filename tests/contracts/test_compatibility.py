"""The tables of docs/compatibility.md say what the tests say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDERS = ("guests", "living", "context", "streams")


def cells(text: str) -> set[tuple[str, str, str]]:
    """Return (title, row, column) of every cell that is filled in."""
    found = set()
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, *lines = [line for line in section.splitlines() if line]
        header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        found |= {(title, row[0], name) for row in rows for name, cell in zip(header[1:], row[1:], strict=True) if cell}
    return found


@pytest.mark.slow
class TestCompatibility:
    def test_the_tables_are_those_of_the_tests(self, root: Path, tmp_path: Path) -> None:
        """`make compatibility` was called since a row or a column came, went or was renamed."""
        collected = tmp_path / "collected.md"
        collect = ["-q", "-p", "no:cacheprovider", "-n", "0", "--collect-only", "-m", "compatibility"]
        folders = [f"tests/{name}" for name in FOLDERS]
        command = [sys.executable, "-m", "pytest", *collect, "--compatibility", str(collected), *folders]
        subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=120)  # noqa: S603 - ours

        shown = (root / "docs" / "compatibility.md").read_text(encoding="utf-8")
        assert cells(shown) == cells(collected.read_text(encoding="utf-8"))

    def test_every_cell_was_run_and_passed(self, root: Path) -> None:
        """Nothing that was skipped or that failed stands in the tables."""
        shown = (root / "docs" / "compatibility.md").read_text(encoding="utf-8")

        assert cells(shown)
        assert "not run* |" not in shown
        assert "**no**" not in shown
