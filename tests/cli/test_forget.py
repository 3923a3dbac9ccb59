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

    def test_a_run_that_only_a_damaged_file_holds_goes_with_it(self, journal: Path) -> None:
        """By its whole id: nobody can ask a damaged file which runs it has."""
        (journal / "journal.db.damaged-1").write_text("ab" * 16)
        done = run(journal, "--run", "ab" * 16, "--yes")

        assert (0, []) == (done.exit_code, holds(journal, "ab" * 16))
        assert "Damaged files in which they stood are deleted: journal.db.damaged-1" in done.stdout

    def test_a_run_that_nothing_holds_is_an_error(self, journal: Path) -> None:
        """Whoever mistypes an id is not told that it is forgotten."""
        for typed in ("ab" * 16, "abab"):
            done = run(journal, "--run", typed, "--yes")

            assert (1, True) == (done.exit_code, f"no trace {typed}" in str(done.exception))

    def test_nobody_who_could_answer_is_told_what_to_type(self, journal: Path) -> None:
        """In a script, for example."""
        done = run(journal, "--run", "last")

        assert (1, True) == (done.exit_code, "--yes" in done.stderr)

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
