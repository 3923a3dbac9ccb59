from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrace.journal.reader import Reader

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, Jaeger, ProgramRun

    from orchestrace.records import SpanRecord

pytestmark = pytest.mark.backends

COMMAND = [sys.executable, "-W", "error", "-c", "from orchestrace.cli.main import main; main()"]
REPORT = """
import os, sys
import orchestrace
orchestrace.configure("crm")
who = {"source": "crm", "rater": "王芳", "comment": "很好 👍"}
said = orchestrace.record_outcome("email.forwarded", True, reference=sys.argv[1], **who)
assert said and orchestrace.flush(20), said
orchestrace.shutdown()
"""
ELSEWHERE = "a-run-of-another-machine"


@dataclass(frozen=True)
class Reported:
    """What was reported: the run, and the trace that belongs to a key nobody knows here."""

    run: ProgramRun
    alone: str


def call(command: Iterable[str], run: ProgramRun, endpoint: str) -> str:
    """Run a program on the journal of a run, days later as far as anybody can tell."""
    ours = ("OTEL_", "ORCHESTRACE_")
    rest = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    told = {"ORCHESTRACE_JOURNAL": str(run.journal), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    done = subprocess.run(  # noqa: S603 - ours
        list(command), env=rest | told, capture_output=True, text=True, timeout=60, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def reported(run: Callable[..., ProgramRun], collector: Collector) -> Reported:
    """Run the program; then report what came of it from another program, from the command, and from a file."""
    endpoint = collector.endpoints["http/protobuf"]
    done = run(endpoint=endpoint)
    rating = ["outcome", "rating", "--reference", done.reference, "--rater", "ann"]
    call([sys.executable, "-c", REPORT, done.reference], done, endpoint)
    for value in ("2", "2", "4"):
        call([*COMMAND, *rating, value], done, endpoint)
    hired = ["outcome", "hired", "true", "--key", ELSEWHERE, "--service", "sourcing", "--json"]
    alone = json.loads(call([*COMMAND, *hired], done, endpoint))
    call([*COMMAND, "forward", "--once", "--timeout", "30"], done, endpoint)
    return Reported(done, alone["trace_id"])


@pytest.fixture(scope="module")
def stored(reported: Reported, jaeger: Jaeger) -> dict[str, list[SpanRecord]]:
    """Return the spans of the run's trace as Jaeger has them, by name."""
    expected = len(Reader(reported.run.journal).trace(reported.run.trace_id))
    found: dict[str, list[SpanRecord]] = {}
    for span in jaeger.wait_for(reported.run.trace_id, expected).spans:
        found.setdefault(span.name, []).append(span)
    return found


class TestTrace:
    def test_an_outcome_stands_in_the_trace_of_the_run(
        self, stored: dict[str, list[SpanRecord]], reported: Reported
    ) -> None:
        """Under the span that its reference names, whoever reported it: with what they said."""
        (outcome,) = stored["outcome email.forwarded"]

        assert reported.run.reference.split("-")[:2] == [outcome.trace_id, outcome.parent_id]
        assert 1_000 == (outcome.end or 0) - outcome.start
        assert {
            "orchestrace.outcome.value": True,
            "orchestrace.outcome.rater": "王芳",
            "orchestrace.outcome.comment": "很好 👍",
            "gen_ai.evaluation.score.value": 1.0,
        }.items() <= outcome.attributes.items()

    def test_said_twice_it_is_one_and_a_correction_says_so(self, stored: dict[str, list[SpanRecord]]) -> None:
        """Jaeger has no span twice."""
        ratings = sorted(stored["outcome rating"], key=lambda span: str(span.attributes["orchestrace.outcome.value"]))

        assert [2, 4] == [span.attributes["orchestrace.outcome.value"] for span in ratings]
        assert ratings[0].span_id == ratings[1].attributes["orchestrace.outcome.corrects"]

    def test_nothing_else_became_longer(self, stored: dict[str, list[SpanRecord]]) -> None:
        """An outcome stands at the end of its run."""
        outcomes = [span for name in ("outcome email.forwarded", "outcome rating") for span in stored[name]]
        (run,) = [span for spans in stored.values() for span in spans if span.span_id == outcomes[0].parent_id]

        assert {run.end} == {span.end for span in outcomes}


class TestSearch:
    @pytest.mark.parametrize(
        "tags",
        [
            {"orchestrace.outcome.name": "email.forwarded", "orchestrace.outcome.value": "true"},
            {
                "orchestrace.outcome.name": "rating",
                "orchestrace.outcome.value": "4",
                "orchestrace.outcome.rater": "ann",
            },
            {"orchestrace.outcome.name": "rating", "orchestrace.key": "job-417/上海"},
        ],
        ids="+".join,
    )
    def test_finds_runs_by_what_came_of_them(
        self, stored: dict[str, list[SpanRecord]], reported: Reported, jaeger: Jaeger, tags: dict[str, str]
    ) -> None:
        """By the tags of one span, whichever service reported it."""
        assert stored
        services = ["crm", "sourcing"]

        assert reported.run.trace_id in {
            found for service in services for found in jaeger.find(service=service, tags=json.dumps(tags))
        }

    def test_finds_one_with_an_unknown_key(self, reported: Reported, jaeger: Jaeger) -> None:
        """In a trace of its own, which carries the key."""
        jaeger.wait_for(reported.alone, 1)

        assert reported.alone in jaeger.find(service="sourcing", tags=json.dumps({"orchestrace.key": ELSEWHERE}))
