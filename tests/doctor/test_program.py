from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrace.doctor.program import run


class TestRun:
    def test_a_witness_is_in_every_python_of_it(self) -> None:
        """Those that it starts itself, too; what it prints is its own."""
        inner = [sys.executable, "-c", "pass"]
        seen = run([sys.executable, "-c", f"import subprocess; subprocess.run({inner!r}, check=True)"])

        assert (0, 2) == (seen.code, len(seen.reports))
        assert {sys.executable} == {one["executable"] for one in seen.reports}

    def test_how_it_ended(self) -> None:
        """Its exit code is not ours."""
        assert 3 == run([sys.executable, "-c", "raise SystemExit(3)"]).code

    def test_what_ran_before_every_program_still_does(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The place where the witness stands may be taken already."""
        (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.stood_here = True")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

        assert 0 == run([sys.executable, "-c", "import sitecustomize; assert stood_here"]).code

    def test_one_that_cannot_be_looked_into(self) -> None:
        """It runs all the same."""
        seen = run([sys.executable, "-I", "-c", "pass"])

        assert (0, []) == (seen.code, seen.reports)
