from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrace import conventions as names
from orchestrace.cli.application import application
from orchestrace.exceptions import JournalError
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord

CASES = Path(__file__).with_name("cases")


def run(journal: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["show", "--journal", str(journal), *arguments], env={"COLUMNS": "100"})


class TestShow:
    def test_a_run_is_found_by_its_first_digits(self, journal: Path) -> None:
        """Through the journal it reads as it does from memory."""
        expected = (CASES / "story.txt").read_text(encoding="utf-8")
        done = run(journal, "3c7a")

        assert (0, expected) == (done.exit_code, done.stdout.replace("3c7a" + "0" * 27, "0" * 31))

    @pytest.mark.parametrize("arguments", [[], ["last"]])
    def test_the_default_is_the_last(self, journal: Path, arguments: list[str]) -> None:
        """What one wants to see after a run."""
        assert run(journal, *arguments).stdout.startswith("invoke_agent Greeter  returned  1.0 s\n")

    def test_a_run_that_was_killed_shows_how_far_it_came(self, tmp_path: Path) -> None:
        """The prompt is there, and that nothing came of it."""
        asked = '[{"role":"user","parts":[{"type":"text","content":"Wie geht es?"}]}]'
        said = {names.OPERATION_NAME: "chat", names.INPUT_MESSAGES: asked}
        writing = Journal(tmp_path)
        writing.started(SpanRecord("9b" * 16, "1" * 16, None, "chat gpt-4o", 2, 1, attributes=dict(said)))
        writing.close()

        lines = run(tmp_path).stdout.splitlines()

        assert ["chat gpt-4o  interrupted  0.0 ms", "   user     Wie geht es?"] == [lines[0], lines[-1]]

    def test_full_is_whole(self, journal: Path) -> None:
        """Templates are not shown otherwise."""
        assert ["template" in run(journal, "3c7a", *full).stdout for full in ([], ["--full"])] == [False, True]

    def test_json_is_for_programs(self, journal: Path) -> None:
        """All spans, their documents parsed."""
        read = json.loads(run(journal, "3c7a", "--json").stdout)
        (agent,) = [span for span in read["spans"] if span["parent_id"] is None]

        assert (12, "welder-17") == (len(read["spans"]), agent["attributes"]["input.value"]["job"])

    def test_unknown_traces_are_errors(self, journal: Path) -> None:
        """The entry point makes a line of it."""
        done = run(journal, "ffff")

        assert done.exit_code == 1
        assert isinstance(done.exception, JournalError)

    def test_html_is_a_page(self, journal: Path, tmp_path: Path) -> None:
        """In a file, or on stdout; a word on stderr says where it is."""
        file = tmp_path / "run.html"
        done = run(journal, "key=welder-17", "--html", str(file))
        printed = run(journal, "key=welder-17", "--html", "-")

        assert (0, "") == (done.exit_code, done.stdout)
        assert f"orchestrace: wrote {file}, " in done.stderr
        assert file.read_text(encoding="utf-8") == printed.stdout.removesuffix("\n")
        assert "<h1><bdi>SourcingEmailCrafterAgent</bdi>" in printed.stdout

    def test_html_and_json_are_two_things(self, journal: Path) -> None:
        """One at a time."""
        assert 2 == run(journal, "--json", "--html", "-").exit_code
