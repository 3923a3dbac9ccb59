from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from orchestrace.cli.application import application


def run(folder: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["recover", "--journal", str(folder), *arguments])


class TestRecover:
    def test_says_what_came_back(self, journal: Path, story: list[object]) -> None:
        """The second time there is nothing more."""
        words = f"{len(story) + 1} spans came back, 0 spans ended as interrupted.\n"

        assert (0, words) == ((done := run(journal)).exit_code, done.stdout)
        assert run(journal).stdout == "0 spans came back, 0 spans ended as interrupted.\n"

    def test_json(self, journal: Path, story: list[object]) -> None:
        """The same numbers."""
        assert {"spans": len(story) + 1, "interrupted": 0} == json.loads(run(journal, "--json").stdout)
