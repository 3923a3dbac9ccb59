"""The demo, as `make demo` runs it: what it prints, what it records, and that a reader sees all of it in one place."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestrace.cli.application import application
from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord
from orchestrace.testing import OtlpReceiver

ROOT = Path(__file__).parents[2]
SCREEN = 75
"""Lines that one run may take."""
WIDTH = 120


@dataclass(frozen=True)
class Sent:
    """What came of a run with an endpoint and a picture: what it printed and drew, and the names of what arrived."""

    endpoint: str
    printed: str
    drawn: str
    names: list[str]


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the demo in a process of its own."""
    told = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ORCHESTRACE_"))}
    told |= {"ORCHESTRACE_JOURNAL": str(folder / "journal"), "COLUMNS": str(WIDTH), **variables}
    command = [sys.executable, str(ROOT / "examples" / "demo.py"), *arguments]
    return subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the demo is run once."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    """Run it; return what it printed."""
    done = run(folder)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def traces(printed: str, folder: Path) -> dict[str, list[SpanRecord]]:
    """Return the spans of its runs by their keys."""
    assert printed
    reader = Reader(folder / "journal")
    return {str(run.key): reader.trace(run.trace_id) for run in reader.runs()}


def blocks(printed: str) -> list[str]:
    """Return the table, the two stories, and what to do next."""
    return printed.rstrip().split("\n\n")


def said(spans: list[SpanRecord], name: str) -> dict[str, Any]:
    """Return the attributes of the first span of a name."""
    return dict(next(span.attributes for span in spans if span.name.startswith(name)))


class TestPrinted:
    def test_begins_with_a_line_for_each_run(self, printed: str) -> None:
        """How it ended, its last score, what it cost and what came of it, the newest first."""
        lines = [re.split(r"\s{2,}", line) for line in blocks(printed)[0].splitlines() if "SourcingEma" in line]
        priced = [next(cell for cell in line if cell.startswith("$")) for line in lines]

        assert ["job-419", "job-418", "job-417"] == [line[2] for line in lines]
        assert ["limit", "error", "accepted"] == [line[4] for line in lines]
        assert ["0.6", "0.9"] == [lines[0][5], lines[2][5]]
        assert priced[0] > priced[2] > priced[1]
        assert "email.sent false" in lines[0]

    def test_a_heading_says_whose_it_is_and_what_came_of_it(self, printed: str) -> None:
        """Session, user, tenant, variant, cost, scores and outcomes, above all that happened."""
        heading = blocks(printed)[1].split("├─")[0]

        assert re.search(r"accepted  2 iterations  scores 0\.4, 0\.9  .* 800 in, 124 out tokens\n.*\$0\.00", heading)
        for row in (
            r"session +campaign-11",
            r"user +rosa",
            r"tenant +acme",
            r"experiments +opening: fact",
            r"outcomes +email\.edited true, email\.replied true",
        ):
            assert re.search(row, heading)

    def test_a_story_is_told_to_its_end(self, printed: str) -> None:
        """The human's own words are the last of it."""
        story = blocks(printed)[1]

        assert "generate draft" in story
        assert re.search("feedback +too formal: no human says hereby", story)
        assert "Coffee on\n" in story.split("correction")[1]

    def test_a_failure_is_in_the_providers_words(self, printed: str) -> None:
        """At the top, and where it happened."""
        assert 2 == blocks(printed)[2].count("maximum context length is 128000 tokens")

    def test_each_run_fits_a_screen(self, printed: str) -> None:
        """And no line is wider than the terminal."""
        table, *stories, _ = blocks(printed)

        assert max(len(story.splitlines()) for story in [table, *stories]) <= SCREEN
        assert max(map(len, [*table.splitlines(), *"\n".join(stories).splitlines()])) <= WIDTH

    def test_ends_with_what_to_do_next(self, printed: str, folder: Path) -> None:
        """Where the runs are, and how to see them elsewhere."""
        *_, steps = blocks(printed)
        command = next(re.findall(r"orchestrace (show key=\S+)$", line) for line in steps.splitlines() if "419" in line)
        shown = CliRunner().invoke(application, [*command[0].split(), "--journal", str(folder / "journal")])

        assert str(folder / "journal") in steps
        assert "docker compose up -d" in steps
        assert "3 iterations" in shown.stdout


class TestRecorded:
    def test_a_variant_changes_what_is_written(self, traces: dict[str, list[SpanRecord]]) -> None:
        """The system message, by candidate; what is said of it stands on the call."""
        calls = {key: said(traces[key], "generate draft") for key in ("job-417", "job-418")}

        assert ["fact", "question"] == [one["orchestrace.experiment.opening"] for one in calls.values()]
        assert ["Begin with what you know", "Begin with a question"] == [
            found[0]
            for one in calls.values()
            for found in [re.findall("Begin with (?:what you know|a question)", one["input.value"])]
        ]

    def test_a_job_is_a_reference(self, traces: dict[str, list[SpanRecord]]) -> None:
        """Type, URI and hash; the candidate is a snapshot."""
        given = json.loads(said(traces["job-417"], "invoke_agent")["input.value"])

        assert {"id": "c-2045", "name": "Ada Nakamura", "city": "Osaka"} == given["candidate"]
        assert ({"type", "uri", "sha256"}, "https://jobs.example/417") == (set(given["job"]), given["job"]["uri"])

    def test_the_third_run_needs_more_than_two_iterations(self, traces: dict[str, list[SpanRecord]]) -> None:
        """It ends at the limit, with nothing accepted, and it got better each time."""
        ended = said(traces["job-419"], "invoke_agent")
        told = ("orchestrace.iterations", "orchestrace.accepted", "orchestrace.stop_reason", "orchestrace.scores")

        assert [3, False, "limit", [0.1, 0.3, 0.6]] == [ended[name] for name in told]

    def test_who_judges_by_what_is_known(self, traces: dict[str, list[SpanRecord]]) -> None:
        """The rubric stands with the verdict, and the model was told the same."""
        verdict, call = (said(traces["job-417"], name) for name in ("evaluate tone", "anthropic.messages.create"))

        assert verdict["orchestrace.evaluator.rubric"] in json.loads(call["gen_ai.system_instructions"])[0]["content"]

    def test_every_call_has_a_price(self, traces: dict[str, list[SpanRecord]]) -> None:
        """But the one that was refused; no sum is a part."""
        spans = [span for trace in traces.values() for span in trace]
        calls = [span for span in spans if span.attributes.get("gen_ai.operation.name") == "chat"]

        assert 13 == sum("orchestrace.cost.usd" in span.attributes for span in calls) == len(calls) - 1
        assert [] == [span.name for span in spans if "orchestrace.usage.cost.unknown_calls" in span.attributes]


@pytest.fixture(scope="class")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """Run it once more: what it shows is drawn, and what it records is sent."""
    folder = tmp_path_factory.mktemp("sent")
    with OtlpReceiver() as receiver:
        done = run(folder, str(folder / "trace.svg"), OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
        names = [span.name for span in receiver.spans]
    assert 0 == done.returncode
    return Sent(receiver.endpoint, done.stdout, (folder / "trace.svg").read_text(encoding="utf-8"), names)


class TestElsewhere:
    def test_is_sent_where_an_endpoint_is_named(self, sent: Sent) -> None:
        """All of it, and it says so."""
        names = sent.names

        assert f"Sent to {sent.endpoint}: all of it." in sent.printed
        assert 3 == names.count("invoke_agent SourcingEmailCrafterAgent")
        assert ["outcome email.edited", "outcome email.replied", "outcome email.sent"] == sorted(
            name for name in names if name.startswith("outcome")
        )

    def test_draws_a_picture(self, sent: Sent) -> None:
        """Of what it shows, without anything that is loaded from elsewhere."""
        assert "campaign-11" in sent.drawn
        assert "@font-face" not in sent.drawn

    def test_says_that_everything_is_switched_off(self, tmp_path: Path) -> None:
        """There is nothing to show, and no journal."""
        done = run(tmp_path, ORCHESTRACE_DISABLED="true")

        assert (1, False) == (done.returncode, (tmp_path / "journal").exists())
        assert done.stdout.startswith("Everything is switched off")

    def test_reads_the_same_with_content_off(self, tmp_path: Path) -> None:
        """Numbers, names and times; not a word of anybody's."""
        done = run(tmp_path, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="false")

        assert (0, "") == (done.returncode, done.stderr)
        assert "scores 0.4, 0.9" in done.stdout
        assert [] == re.findall("Nakamura|hereby|Coffee|colleague", done.stdout)
