from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrace.cli.application import application


def run(folder: Path, *arguments: str, answer: str = "") -> Result:
    """Run the command, and answer what it asks."""
    return CliRunner().invoke(application, ["forget", "--journal", str(folder), *arguments], input=answer)


def holds(folder: Path, words: str) -> list[str]:
    """Return the files in which words stand."""
    return [path.name for path in folder.iterdir() if words.encode() in path.read_bytes()]


class TestForget:
    def test_a_run_goes(self, journal: Path, story: list[object]) -> None:
        """Whichever way it is named; the other stays."""
        before = holds(journal, "welder-17")
        done = run(journal, "--run", "3c7a", "--yes")
        words = f"Forgot 1 run with {len(story)} spans, {len(story)} of them never delivered.\n"

        assert (0, words) == (done.exit_code, done.stdout)
        assert (True, [], ["journal.db"]) == (bool(before), holds(journal, "welder-17"), holds(journal, "Greeter"))

    def test_it_asks(self, journal: Path) -> None:
        """Without a yes nothing happens."""
        done = run(journal, "--run", "last", answer="n\n")

        assert (1, ["journal.db"]) == (done.exit_code, holds(journal, "Greeter"))
        assert f"Forget 1 run in {journal}?" in done.stderr
        assert (0, []) == (run(journal, "--run", "last", answer="y\n").exit_code, holds(journal, "Greeter"))

    def test_json(self, journal: Path) -> None:
        """Nothing is asked where there is nothing to forget."""
        assert {"runs": 0, "spans": 0, "undelivered": 0, "running": 0, "damaged": []} == json.loads(
            run(journal, "--session", "nobody", "--json").stdout
        )

    @pytest.mark.parametrize("options", [(), ("--user", "a", "--tenant", "b")])
    def test_exactly_one_thing_is_named(self, journal: Path, options: tuple[str, ...]) -> None:
        """Two would leave open whether both or either is meant."""
        done = run(journal, *options)

        assert (2, True) == (done.exit_code, "one of --run, --session, --tenant and --user" in done.stderr)
