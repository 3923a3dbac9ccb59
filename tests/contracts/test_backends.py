"""How the backends of tests/backends come to be."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import yaml

PINNED = re.compile(r"\S+ v\d+\.\d+\.\d+")


class TestBuild:
    def test_without_go_says_so_in_one_line(self, root: Path, tmp_path: Path) -> None:
        """Whoever has no Go learns what is missing, and nothing else."""
        shell = shutil.which("bash")
        assert shell is not None
        told = subprocess.run(  # noqa: S603 - our own script
            [shell, str(root / "backends" / "build")],
            env={"PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

        assert (1, "") == (told.returncode, told.stdout)
        assert 1 == len(told.stderr.splitlines())
        assert "needs Go" in told.stderr

    def test_is_done_again_only_when_what_it_is_made_of_changes(self, root: Path) -> None:
        """Make compares the script, the list and the sums with what is there: a second call does nothing."""
        makefile = (root / "Makefile").read_text(encoding="utf-8")
        (rule,) = re.findall(r"^\.build/backends/ready: (.*)$", makefile, re.MULTILINE)

        assert {"backends/build", "backends/collector/manifest.yaml", "backends/collector/go.sum"} == set(rule.split())


class TestManifest:
    def test_pins_every_module(self, root: Path) -> None:
        """Each has a version, and each version its sum in go.sum."""
        manifest = yaml.safe_load((root / "backends" / "collector" / "manifest.yaml").read_text(encoding="utf-8"))
        modules = [one["gomod"] for kind, listed in manifest.items() if kind != "dist" for one in listed]
        sums = (root / "backends" / "collector" / "go.sum").read_text(encoding="utf-8")

        assert modules
        assert [] == [module for module in modules if not PINNED.fullmatch(module) or f"{module} h1:" not in sums]

    def test_script_pins_what_it_builds(self, root: Path) -> None:
        """No version is whatever is newest today."""
        script = (root / "backends" / "build").read_text(encoding="utf-8")
        named = re.findall(r"[\w./-]+@\S+", script)

        assert len(named) >= 3
        assert [] == [
            module for module in named if not re.search(r"@v(?:\d+\.\d+\.\d+$|\$version)", module.rstrip('"'))
        ]


class TestCi:
    def test_runs_everything(self, root: Path) -> None:
        """The demo, the tests, those of the backends and the checks."""
        script = (root / ".ci" / "run").read_text(encoding="utf-8")

        for target in ("demo", "test", "test-backends", "check"):
            assert f"\nstep make {target}\n" in script
