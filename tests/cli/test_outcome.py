from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrace.cli.application import application
from orchestrace.journal.reader import Reader


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with nothing set."""
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def run(folder: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["outcome", *arguments, "--journal", str(folder)])


def reference(folder: Path) -> str:
    """Return the reference of the run that failed."""
    agent = Reader(folder).trace("3c7a")[0]
    return f"{agent.trace_id}-{agent.span_id}-{agent.start // 10**9:08x}"


class TestOutcome:
    def test_of_a_run_by_its_reference(self, journal: Path) -> None:
        """It says of which, and stands in its trace."""
        done = run(journal, "email.replied", "true", "--reference", reference(journal), "--source", "crm")
        (outcome,) = [span for span in Reader(journal).trace("3c7a") if span.name == "outcome email.replied"]

        assert (0, "") == (done.exit_code, done.stderr)
        assert done.stdout.startswith(
            "Recorded outcome email.replied = true of SourcingEmailCrafterAgent, 2026-01-01 00:00:00, trace 3c7a"
        )
        assert (True, "crm", "welder-17") == tuple(
            outcome.attributes[name]
            for name in ("orchestrace.outcome.value", "orchestrace.outcome.source", "orchestrace.key")
        )

    def test_of_a_run_by_its_key(self, journal: Path) -> None:
        """With everything that can be said."""
        said = {"source": "crm", "rater": "ann", "comment": "stiff", "correction": "Hi Zoë"}
        said |= {"at": "2026-03-01T09:30:00+01:00"}
        options = [part for name, value in said.items() for part in (f"--{name}", value)]
        done = run(journal, "edited", "--key", "welder-17", "--agent", "SourcingEmailCrafterAgent", *options)
        outcome = Reader(journal).trace("3c7a")[-1]

        assert 0 == done.exit_code
        assert said | {"at": "2026-03-01T08:30:00.000000Z"} == {
            name: outcome.attributes[f"orchestrace.outcome.{name}"] for name in said
        }

    def test_repeated_it_says_so(self, journal: Path) -> None:
        """And corrected, what it was."""
        words = [run(journal, "rating", value, "--key", "welder-17").stdout for value in ("3", "3", "4")]

        assert words[1].startswith("Was recorded before: outcome rating = 3, trace 3c7a")
        assert words[2].endswith(" It corrects 3.\n")

    def test_an_idempotency_key_keeps_the_first(self, journal: Path) -> None:
        """The other is told what that was."""
        options = ("--key", "welder-17", "--idempotency-key", "e-1")
        run(journal, "rating", "3", *options)

        assert "Was recorded before, as 3: that stays" in run(journal, "rating", "4", *options).stdout

    def test_of_a_run_that_is_not_here(self, journal: Path) -> None:
        """By reference in its trace; by key in one of its own, which is said."""
        other = f"{'a' * 32}-{'b' * 16}-6955b900"

        assert "of a run that is not in this journal, trace aaaa" in run(journal, "n", "--reference", other).stdout
        assert "in a trace of its own, " in run(journal, "n", "--key", "job-9").stdout

    @pytest.mark.parametrize(
        ("value", "options", "expected"),
        [
            ("-1", [], -1),
            ("4.5", [], 4.5),
            ("4", ["--text"], "4"),
            ("-x", ["--text"], "-x"),
            ("closed-won", [], "closed-won"),
        ],
    )
    def test_values(self, journal: Path, value: str, options: list[str], expected: object) -> None:
        """As they are typed, also below zero; or as texts."""
        done = run(journal, "n", value, "--key", "welder-17", *options)

        assert (0, expected) == (
            done.exit_code,
            Reader(journal).trace("3c7a")[-1].attributes["orchestrace.outcome.value"],
        )

    def test_json(self, journal: Path) -> None:
        """For programs."""
        told = json.loads(run(journal, "n", "--key", "welder-17", "--json").stdout)

        assert (True, False, None) == (told["known"], told["repeats"], told["corrects"])
        assert Reader(journal).trace("3c7a")[-1].span_id == told["span_id"]

    def test_a_mistyped_option_is_no_value(self, journal: Path) -> None:
        """Though -1 is one."""
        done = run(journal, "rating", "--refrence=x", "--key", "welder-17")

        assert (2, True) == (done.exit_code, "no such option: --refrence" in done.stderr)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["n"], "reference="),
            (["n", "--reference", "12"], "58 characters"),
            (["n", "--key", "k", "--at", "2026-03-01T09:30"], "time zone"),
        ],
    )
    def test_what_cannot_be_meant_ends_with_one_line(self, journal: Path, arguments: list[str], words: str) -> None:
        """And with 1; nothing is recorded."""
        code = "from orchestrace.cli.main import main; main()"
        command = [sys.executable, "-c", code, "outcome", *arguments, "--journal", str(journal)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours

        assert (1, "") == (done.returncode, done.stdout)
        assert done.stderr.startswith("orchestrace: ")
        assert words in done.stderr
        assert 1 == len(done.stderr.splitlines())


class TestShown:
    def test_in_the_tree_and_in_the_list(self, journal: Path) -> None:
        """Whoever looks at the run sees what came of it; a corrected one is left out of the list."""
        for value in ("false", "true"):
            run(journal, "email.replied", value, "--key", "welder-17", "--source", "crm")
        shown = CliRunner().invoke(application, ["show", "3c7a", "--journal", str(journal)]).stdout
        listed = CliRunner().invoke(application, ["list", "--json", "--journal", str(journal)]).stdout

        assert ["false", "true"] == [line.split()[3] for line in shown.splitlines() if "outcome email.replied" in line]
        assert ["email.replied true"] == [one["outcomes"] for one in json.loads(listed) if one["outcomes"]]
