from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrace.cli.application import application
from orchestrace.journal.bounds import AGE_VARIABLE


def run(folder: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["prune", "--journal", str(folder), *arguments])


class TestPrune:
    def test_what_is_old_goes(self, journal: Path, story: list[object]) -> None:
        """The story is of long ago; it says how much was never delivered, and what is left."""
        done = run(journal)
        count = len(story) + 1

        assert 0 == done.exit_code, done.output
        assert done.stdout.startswith(f"Removed {count} spans, {count} of them never delivered. The journal in ")

    def test_the_option_goes_before_the_variable(self, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both say how old something may become."""
        monkeypatch.setenv(AGE_VARIABLE, "9000w")
        kept = json.loads(run(journal, "--json").stdout)["spans"]

        assert (0, True) == (kept, json.loads(run(journal, "--json", "--older-than", "1s").stdout)["spans"] > 0)

    def test_it_may_be_too_large(self, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then the least needed goes."""
        monkeypatch.setenv(AGE_VARIABLE, "9000w")
        found = json.loads(run(journal, "--json", "--max-size", "1KiB").stdout)

        assert {"traces", "spans", "undelivered", "size"} == set(found)
        assert found["spans"] == found["undelivered"] > 0

    def test_a_bound_that_is_none(self, journal: Path) -> None:
        """It says what to write; nothing was removed."""
        done = run(journal, "--older-than", "long")

        assert (2, True) == (done.exit_code, "--older-than='long' is no age" in done.stderr)
