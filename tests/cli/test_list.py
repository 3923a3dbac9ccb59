from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrace.cli.application import application


def run(*arguments: str, columns: int = 200) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["list", *arguments], env={"COLUMNS": str(columns)})


class TestList:
    def test_newest_runs_come_first(self, journal: Path) -> None:
        """The run that went well began after the one that failed."""
        done = run("--journal", str(journal))

        assert done.exit_code == 0
        assert [line.split()[2] for line in done.stdout.splitlines()[1:]] == ["Greeter", "SourcingEmailCrafterAgent"]
        assert done.stdout.splitlines()[2].endswith(
            "welder-17      2  error       0.4   2,852  $0.0047  6.2 s  3c7a0000  "
            "Error code: 429 - Rate limit reached for gpt-4o-mini: limit 200, used 200."
        )

    def test_limit(self, journal: Path) -> None:
        """As many as are wanted."""
        assert len(run("--journal", str(journal), "-n", "1").stdout.splitlines()) == 2

    def test_json_is_for_programs(self, journal: Path) -> None:
        """A list, in the same order."""
        read = json.loads(run("--journal", str(journal), "--json").stdout)

        assert [("Greeter", None), ("SourcingEmailCrafterAgent", "welder-17")] == [
            (one["name"], one["key"]) for one in read
        ]

    @pytest.mark.parametrize("option", ["--nested", "--all"])
    def test_nested_runs_are_listed_where_they_are_wanted(self, journal: Path, option: str) -> None:
        """Here there are none: the option changes nothing."""
        assert run("--journal", str(journal)).stdout == run("--journal", str(journal), option).stdout

    def test_an_empty_journal_says_so(self, tmp_path: Path) -> None:
        """On stderr: there is no table."""
        done = run("--journal", str(tmp_path))

        assert (0, "", f"orchestrace: no run was recorded in the journal in {tmp_path} yet.\n") == (
            done.exit_code,
            done.stdout,
            done.stderr,
        )

    def test_an_empty_journal_is_an_empty_list(self, tmp_path: Path) -> None:
        """A program that asks gets an answer."""
        assert run("--journal", str(tmp_path), "--json").stdout == "[]\n"
