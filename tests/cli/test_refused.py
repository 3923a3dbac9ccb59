from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner, Result

from orchestrace.cli.application import application

Refuse = Callable[..., None]


def run(folder: Path, *arguments: str) -> Result:
    """Run the command."""
    command = ["refused", "--journal", str(folder), *arguments]
    return CliRunner().invoke(application, command, env={"COLUMNS": "120"})


class TestRefused:
    def test_the_newest_comes_first(self, tmp_path: Path, refuse: Refuse) -> None:
        """When it ended, of which trace it is, which span, and why."""
        refuse("413 too\nlarge", "400 bad")

        assert run(tmp_path).stdout.splitlines() == [
            "2026-01-01 00:00:00  3c7a0000  span 1  400 bad",
            "2026-01-01 00:00:00  3c7a0000  span 0  413 too large",
        ]

    def test_as_many_as_are_wanted(self, tmp_path: Path, refuse: Refuse) -> None:
        """And not one more."""
        refuse("one", "two")

        assert ["two"] == [one["reason"] for one in json.loads(run(tmp_path, "-n", "1", "--json").stdout)]

    def test_nothing_was_refused(self, tmp_path: Path) -> None:
        """It says so on stderr; to a program it is an empty list."""
        done = run(tmp_path)

        assert (0, "", f"orchestrace: nothing in {tmp_path} was refused.\n") == (
            done.exit_code,
            done.stdout,
            done.stderr,
        )
        assert "[]\n" == run(tmp_path, "--json").stdout
