from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import orchestrace
from orchestrace import outcomes
from orchestrace.journal.reader import Reader
from orchestrace.recording import guard, switch
from orchestrace.records import SpanRecord
from orchestrace.testing import OtlpReceiver, Spans

Run: TypeAlias = Callable[..., Any]
SECOND = 1_000_000_000
KEY = "sk-proj-" + "a1B2" * 12
ELSEWHERE = f"{'a' * 32}-{'b' * 16}-6955b900"
"""A run of another machine."""

HEAD = """
import json, os, signal, sys, dataclasses
import orchestrace

@orchestrace.agent(name="Crafter", version="1.4", key="job")
def craft(job):
    return orchestrace.reference()

def say(result, **more):
    print(json.dumps({**dataclasses.asdict(result), **more}))
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the journal's folder."""
    return tmp_path / "journal"


@pytest.fixture
def run(journal: Path) -> Run:
    """Return how to run a program; what it says last is the result."""

    def execute(
        program: str, *arguments: str, env: Mapping[str, str] | None = None, errors: str = "", code: int = 0
    ) -> Any:
        ours = ("OTEL_", "ORCHESTRACE_")
        rest = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", HEAD + program, *arguments],
            env={**rest, "ORCHESTRACE_JOURNAL": str(journal), **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (code, errors) == (done.returncode, errors if errors and errors in done.stderr else done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    return execute


@pytest.fixture
def craft() -> Callable[..., str]:
    """Return an agent that tells its reference."""

    @orchestrace.agent(name="Crafter", version="1.4", key="job")
    def work(job: str = "job-1") -> str:
        return orchestrace.reference() or ""

    return work


@contextmanager
def complaints(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Give what is logged, also if the same was logged a moment ago."""
    guard._last_said.clear()
    caplog.clear()
    said: list[str] = []
    yield said
    said += [record.getMessage() for record in caplog.records]


class TestSpan:
    def test_stands_under_the_run(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """In its trace, a microsecond long, at its end; the real time is an attribute."""
        reference = craft()
        at = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
        result = orchestrace.record_outcome("email.replied", True, reference=reference, at=at, source="crm")  # noqa: FBT003
        agent, outcome = orchestrace_spans.one("invoke_agent Crafter"), orchestrace_spans.one("outcome email.replied")

        assert (agent.trace_id, agent.span_id) == (outcome.trace_id, outcome.parent_id)
        assert ((agent.end or 0) - 1_000, agent.end) == (outcome.start, outcome.end)
        assert {
            "orchestrace.schema.version": "1",
            "orchestrace.role": "outcome",
            "orchestrace.key": "job-1",
            "gen_ai.agent.name": "Crafter",
            "gen_ai.agent.version": "1.4",
            "orchestrace.outcome.name": "email.replied",
            "orchestrace.outcome.value": True,
            "gen_ai.evaluation.score.value": 1.0,
            "orchestrace.outcome.at": "2026-03-01T09:30:00.000000Z",
            "orchestrace.outcome.source": "crm",
        } == outcome.attributes
        assert (True, True, outcome.span_id) == (bool(result), result.known, result.span_id)

    def test_by_key_it_is_of_the_run_that_ended_last(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """Of those about this business object."""
        references = [craft("job-1"), craft("job-1"), craft("job-2")]
        result = orchestrace.record_outcome("email.replied", key="job-1")

        assert references[1].split("-")[0] == result.trace_id

    def test_inside_of_a_run(self, orchestrace_spans: Spans) -> None:
        """It is a child of the run that it names, whatever else is current."""
        with orchestrace.agent(name="Crafter") as run, orchestrace.tool(name="send"):
            orchestrace.record_outcome("sent", reference=run.reference)
        agent, outcome = orchestrace_spans.one("invoke_agent Crafter"), orchestrace_spans.one("outcome sent")

        assert agent.span_id == outcome.parent_id
        assert agent.start <= outcome.start <= (agent.end or 0)

    def test_a_run_of_another_machine_is_reached(self, orchestrace_spans: Spans) -> None:
        """By its reference, which says all that is needed."""
        result = orchestrace.record_outcome("rating", 4, reference=ELSEWHERE, agent="Crafter")
        outcome = orchestrace_spans.one("outcome rating")

        assert ("a" * 32, "b" * 16) == (outcome.trace_id, outcome.parent_id)
        assert (0x6955B900 + 1) * SECOND == outcome.start
        assert (4, 4.0, "Crafter") == tuple(
            outcome.attributes[name]
            for name in ("orchestrace.outcome.value", "gen_ai.evaluation.score.value", "gen_ai.agent.name")
        )
        assert (True, False) == (bool(result), result.known)

    def test_words_are_kept(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """The human's own text above all; a structure is JSON."""
        words = {"comment": "too stiff", "correction": "Hi Zoë 👋\nhow are you?"}
        orchestrace.record_outcome("edited", {"stars": 4}, reference=craft(), rater="ann", **words)
        said = orchestrace_spans.attributes("outcome edited")

        assert {
            "orchestrace.outcome.value": '{"stars":4}',
            "orchestrace.outcome.rater": "ann",
            "orchestrace.outcome.comment": "too stiff",
            "orchestrace.outcome.correction": "Hi Zoë 👋\nhow are you?",
        }.items() <= said.items()


class TestRepeated:
    def test_is_one(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """However often, and whenever, it is said."""
        given = {"value": True, "reference": craft(), "source": "crm"}
        results = [orchestrace.record_outcome("replied", **given, at=at) for at in (None, 5, 6)]

        assert [False, True, True] == [result.repeats for result in results]
        assert 1 == len({result.span_id for result in results}) == len(orchestrace_spans.named("outcome replied"))
        assert all(results)

    def test_also_where_nobody_knows_the_run(self, orchestrace_spans: Spans) -> None:
        """A journal is not needed for it in one process."""
        for _ in range(1000):
            result = orchestrace.record_outcome("replied", reference=ELSEWHERE)

        assert (True, 1) == (result.repeats, len(orchestrace_spans))

    def test_at_once_in_many_threads(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """A webhook that is delivered twice at the same moment."""
        reference = craft()
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: orchestrace.record_outcome("replied", reference=reference), range(64)))

        assert 1 == len(orchestrace_spans.named("outcome replied"))
        assert 63 == sum(result.repeats for result in results)

    def test_in_tasks(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """From a coroutine it is called as from anywhere."""

        async def serve() -> None:
            reference = craft()

            async def report(value: int) -> None:
                orchestrace.record_outcome("rating", value % 3, reference=reference, rater="ann")

            await asyncio.gather(*(report(value) for value in range(9)))

        asyncio.run(serve())

        assert 3 == len(orchestrace_spans.named("outcome rating"))

    def test_an_idempotency_key_makes_two_values_one(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """The first stays, and the second is told so."""
        reference = craft()
        for value in (3, 4):
            result = orchestrace.record_outcome("rating", value, reference=reference, idempotency_key="event-7")

        assert 3 == orchestrace_spans.attributes("outcome rating")["orchestrace.outcome.value"]
        assert (True, True, "another value was recorded before under this idempotency key: 3") == (
            bool(result), result.repeats, result.why
        )  # fmt: skip


class TestCorrected:
    def test_says_what_it_corrects(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """The last that the same source and rater said under this name."""
        reference = craft()
        results = [orchestrace.record_outcome("rating", value, reference=reference, rater="ann") for value in (2, 3, 5)]
        spans = orchestrace_spans.named("outcome rating")

        assert [None, *(result.span_id for result in results[:2])] == [result.corrects for result in results]
        assert [None, spans[0].span_id, spans[1].span_id] == [
            span.attributes.get("orchestrace.outcome.corrects") for span in spans
        ]

    def test_raters_stand_beside_each_other(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """What one says is no correction of what another said."""
        reference = craft()
        for rater, source in (("ann", "app"), ("bob", "app"), ("ann", "mail")):
            orchestrace.record_outcome("rating", 2, reference=reference, rater=rater, source=source)
        spans = orchestrace_spans.named("outcome rating")

        assert (3, set()) == (
            len(spans), {span.attributes.get("orchestrace.outcome.corrects") for span in spans} - {None}
        )  # fmt: skip

    def test_where_nobody_knows_the_run(self, orchestrace_spans: Spans) -> None:
        """One process remembers what it said."""
        results = [orchestrace.record_outcome("rating", value, reference=ELSEWHERE) for value in (1, 2)]

        assert results[0].span_id == results[1].corrects


class TestUnknownKey:
    def test_is_kept_and_said(self, orchestrace_spans: Spans, caplog: pytest.LogCaptureFixture) -> None:
        """A trace of its own carries the key; the result says so each time, the log once."""
        outcomes._say_once.cache_clear()
        with complaints(caplog) as said:
            results = [orchestrace.record_outcome("replied", key="job-9", rater=rater) for rater in "ab"]
        spans = orchestrace_spans.named("outcome replied")

        assert [(None, "job-9")] * 2 == [(span.parent_id, span.attributes["orchestrace.key"]) for span in spans]
        assert 1 == len({span.trace_id for span in spans})
        assert [(True, False)] * 2 == [(bool(result), result.known) for result in results]
        assert all("'job-9'" in result.why for result in results)
        assert 1 == len(said)


class TestContent:
    def test_off_leaves_no_words(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """Comment, correction and what a value says in words are content; numbers and categories are not."""
        reference = craft()
        with orchestrace.content("off"):
            orchestrace.record_outcome("a", "CANARY here", reference=reference, comment="CANARY", correction="CANARY")
            orchestrace.record_outcome("b", "replied", reference=reference)
            orchestrace.record_outcome("c", 4, reference=reference)
        values = [orchestrace_spans.attributes(f"outcome {name}").get("orchestrace.outcome.value") for name in "abc"]

        assert [None, "replied", 4] == values
        assert "CANARY" not in str(orchestrace_spans.named("outcome a"))

    def test_secrets_are_masked(self, orchestrace_spans: Spans, craft: Callable[..., str]) -> None:
        """Wherever somebody pastes them."""
        words = dict.fromkeys(("comment", "correction", "rater", "source"), f"use {KEY}")
        orchestrace.record_outcome("n", f"use {KEY}", reference=craft(), **words)

        assert KEY not in str(list(orchestrace_spans))


class TestMisuse:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({}, "reference="),
            ({"reference": ""}, "reference="),
            ({"reference": "12"}, "58 characters"),
            ({"key": "k", "at": datetime(2026, 3, 1)}, "time zone"),  # noqa: DTZ001
            ({"key": "k", "at": "soon"}, "no time"),
            ({"key": "k", "name": ""}, "needs a name"),
        ],
    )
    def test_is_told_and_does_not_raise(
        self, orchestrace_spans: Spans, caplog: pytest.LogCaptureFixture, given: dict[str, Any], words: str
    ) -> None:
        """The result is false and says why, and so does the log: the program goes on."""
        with complaints(caplog) as said:
            result = orchestrace.record_outcome(**{"name": "n", **given})

        assert (False, [], 1) == (bool(result), list(orchestrace_spans), len(said))
        assert words in result.why
        assert words in said[0]
        assert __file__ in said[0]

    def test_a_strangers_object_does_not_raise(
        self, orchestrace_spans: Spans, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even one that fails wherever it is touched."""

        class Hostile(datetime):
            def utcoffset(self) -> Any:
                raise RuntimeError

        with complaints(caplog):
            result = orchestrace.record_outcome("n", key="k", at=Hostile(2026, 3, 1))

        assert (False, "it failed: RuntimeError") == (bool(result), result.why)

    @pytest.mark.parametrize("ours", ["state", "outcome_of", "would_sample", "Stamp", "_memory_of"])
    def test_a_fault_of_ours_does_not_raise(
        self, orchestrace_spans: Spans, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, ours: str
    ) -> None:
        """The program goes on; the result is false."""

        def broken(*_: object, **__: object) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr(outcomes, ours, broken)
        with complaints(caplog) as said:
            result = orchestrace.record_outcome("n", reference=ELSEWHERE)

        assert (False, "it failed: ZeroDivisionError") == (bool(result), result.why)
        assert "record_outcome failed" in said[-1]

    def test_records_that_cannot_be_read_lose_nothing(
        self, orchestrace_spans: Spans, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The outcome is recorded as that of a run that is not here."""

        @contextmanager
        def broken() -> Iterator[Any]:
            raise OSError
            yield

        before = outcomes.used()
        outcomes.use(broken)
        try:
            with complaints(caplog) as said:
                result = orchestrace.record_outcome("n", reference=ELSEWHERE)
        finally:
            outcomes.use(before)

        assert (True, False, 1) == (bool(result), result.known, len(orchestrace_spans))
        assert "looking for a run" in said[0]

    def test_switched_off(self, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is recorded, and the result says which variable did it."""
        monkeypatch.setenv("ORCHESTRACE_DISABLED", "true")
        switch.is_off.cache_clear()
        try:
            result = orchestrace.record_outcome("n", reference=ELSEWHERE)
        finally:
            monkeypatch.undo()
            switch.is_off.cache_clear()

        assert (False, 0) == (bool(result), len(orchestrace_spans))
        assert "ORCHESTRACE_DISABLED" in result.why


RECORD = "orchestrace.configure('sourcing')\nprint(json.dumps(craft('job-1')))\n"
SAID = """
orchestrace.configure("crm")
say(orchestrace.record_outcome("email.replied", True, source="crm", **json.loads(sys.argv[1])))
"""
REPORT = SAID + "orchestrace.shutdown()\n"
KILLED = SAID + "sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"


class TestAnotherProcess:
    def test_knows_the_run_by_the_journal(self, run: Run, journal: Path) -> None:
        """By reference or key, the next day; what it says is in the run's trace."""
        reference = run(RECORD)
        results = [run(REPORT, json.dumps(given)) for given in ({"reference": reference}, {"key": "job-1"})]
        spans = {span.name: span for span in Reader(journal).trace(reference)}
        agent, outcome = spans["invoke_agent Crafter"], spans["outcome email.replied"]

        assert [(True, False), (True, True)] == [(result["known"], result["repeats"]) for result in results]
        assert (agent.span_id, agent.end, "1.4") == (
            outcome.parent_id, outcome.end, outcome.attributes["gen_ai.agent.version"]
        )  # fmt: skip

    def test_that_was_killed_has_said_it(self, run: Run, journal: Path) -> None:
        """It is on disk before the call returns."""
        reference = run(RECORD)
        first = run(KILLED, json.dumps({"reference": reference}), code=-signal.SIGKILL)
        again = run(REPORT, json.dumps({"reference": reference}))

        assert [(first["span_id"], False), (first["span_id"], True)] == [
            (told["span_id"], told["repeats"]) for told in (first, again)
        ]
        assert ["invoke_agent Crafter", "outcome email.replied"] == [
            span.name for span in Reader(journal).trace(reference)
        ]

    def test_when_the_run_is_long_forgotten(self, run: Run, journal: Path) -> None:
        """Its reference is enough: trace, span and the second in which it began."""
        reference = run(RECORD)
        before = Reader(journal).trace(reference)[0]
        shutil.rmtree(journal)
        result = run(REPORT, json.dumps({"reference": reference}))
        (outcome,) = Reader(journal).trace(reference)

        assert (True, False) == (result["recorded"], result["known"])
        assert (before.trace_id, before.span_id) == (outcome.trace_id, outcome.parent_id)
        assert 0 < outcome.start - before.start <= SECOND

    def test_says_who_is_corrected(self, run: Run) -> None:
        """The last word of the same source, whoever wrote it."""
        reference = run(RECORD)
        first = run(REPORT, json.dumps({"reference": reference}))
        second = run(REPORT.replace("True", "False"), json.dumps({"reference": reference}))

        assert first["span_id"] == second["corrects"]

    def test_of_a_run_that_is_not_over(self, run: Run, journal: Path) -> None:
        """A child says it while the run goes on."""
        program = """
orchestrace.configure("sourcing")
import subprocess
with orchestrace.agent(name="Streamer", key="job-1") as streaming:
    child = [sys.executable, "-W", "error", "-c", sys.argv[1], json.dumps({"reference": streaming.reference})]
    told = json.loads(subprocess.run(child, capture_output=True, text=True, check=True).stdout)
print(json.dumps(told))
"""
        told = run(program, HEAD + REPORT)
        spans = {span.name: span for span in Reader(journal).trace("last")}
        agent, outcome = spans["invoke_agent Streamer"], spans["outcome email.replied"]

        assert (True, True) == (told["recorded"], told["known"])
        assert agent.start <= outcome.start <= (agent.end or 0)

    def test_a_forked_child_may_say_it_too(self, run: Run) -> None:
        """With the parent's memory, and a journal of its own."""
        program = """
orchestrace.configure("sourcing")
reference = craft("job-1")
first = orchestrace.record_outcome("replied", True, reference=reference)
pid = os.fork()
if not pid:
    again = orchestrace.record_outcome("replied", True, reference=reference)
    other = orchestrace.record_outcome("replied", False, reference=reference)
    os._exit(0 if again.repeats and other and other.corrects == first.span_id else 1)
say(first, child=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        assert 0 == run(program)["child"]


def sent(receiver: OtlpReceiver, name: str) -> list[SpanRecord]:
    """Return the spans of a name that came."""
    return [span for span in receiver.spans if span.name == name]


class TestSent:
    def test_as_span_event_and_metric(self, run: Run) -> None:
        """The event stands in the context of the run, at the time when it happened."""
        program = """
orchestrace.configure("sourcing")
reference = craft("job-1")
said = {"reference": reference, "at": "2026-03-01T09:30:00Z", "comment": "x"}
result = orchestrace.record_outcome("email.replied", True, **said)
orchestrace.record_outcome("email.replied", True, **said)
say(result, reference=reference, flushed=bool(orchestrace.flush()))
"""
        with OtlpReceiver() as receiver:
            said = run(program, env={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint})
        (span,) = sent(receiver, "outcome email.replied")
        (event,) = [record for record in receiver.logs if record.name == "gen_ai.evaluation.result"]
        *_, point = [one for one in receiver.metrics if one.metric == "orchestrace.outcomes"]
        trace_id, run_id, _ = said["reference"].split("-")

        assert (True, trace_id, run_id) == (said["flushed"], span.trace_id, span.parent_id)
        assert (trace_id, run_id) == (event.trace_id, event.span_id)
        assert ("email.replied", 1.0, "x", True) == tuple(
            event.attributes[name]
            for name in (
                "gen_ai.evaluation.name",
                "gen_ai.evaluation.score.value",
                "gen_ai.evaluation.explanation",
                "orchestrace.outcome.value",
            )
        )
        assert 1_772_357_400 * SECOND == event.time
        assert (1, "Crafter", True) == (
            point.value, point.attributes["gen_ai.agent.name"], point.attributes["orchestrace.outcome.value"]
        )  # fmt: skip

    def test_where_there_is_no_journal(self, run: Run, tmp_path: Path) -> None:
        """Under the ids of the reference: a folder that cannot be written stops nothing."""
        (tmp_path / "file").write_text("")
        program = f"""
orchestrace.configure("crm")
result = orchestrace.record_outcome("email.replied", True, reference="{ELSEWHERE}")
say(result, flushed=bool(orchestrace.flush(10)))
"""
        with OtlpReceiver() as receiver:
            nowhere = str(tmp_path / "file" / "journal")
            env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "ORCHESTRACE_JOURNAL": nowhere}
            run(program, env=env, errors="journal failed")
        (span,) = sent(receiver, "outcome email.replied")

        assert ("a" * 32, "b" * 16) == (span.trace_id, span.parent_id)

    def test_where_nobody_answers_it_waits(self, run: Run, journal: Path) -> None:
        """In the journal, for the next process."""
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
        reference = run(RECORD, env=env, errors="connection refused")
        run(REPORT, json.dumps({"reference": reference}), env=env, errors="connection refused")

        assert 2 == len(Reader(journal).trace(reference))

    @pytest.mark.parametrize(
        ("ratio", "expected"), [("0", []), ("1", ["invoke_agent Crafter", "outcome email.replied"])]
    )
    def test_goes_where_the_run_went(self, run: Run, ratio: str, expected: list[str]) -> None:
        """Of a run that was not sampled it is kept here, and not sent."""
        sampling = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": ratio}
        with OtlpReceiver() as receiver:
            env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
            reference = run(RECORD, env=env | sampling)
            result = run(REPORT, json.dumps({"reference": reference}), env=env)

        assert (True, True) == (result["recorded"], result["known"])
        assert expected == sorted(span.name for span in receiver.spans)

    def test_one_with_an_unknown_key_is_sent_whatever_the_ratio(self, run: Run) -> None:
        """The run that it belongs to may have been sent, by another machine."""
        sampling = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}
        with OtlpReceiver() as receiver:
            env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
            run(REPORT, json.dumps({"key": "job-9"}), env=env | sampling, errors="no run in this machine's journal")

        assert ["job-9"] == [span.attributes["orchestrace.key"] for span in sent(receiver, "outcome email.replied")]


PROVIDER = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
theirs = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(theirs))
trace.set_tracer_provider(provider)
"""
SAY = """
reference = craft("job-1")
result = orchestrace.record_outcome("email.replied", True, reference=reference)
again = orchestrace.record_outcome("email.replied", True, reference=reference)
spans = [(span.name, f"{span.context.span_id:016x}") for span in theirs.get_finished_spans()]
say(result, again=again.repeats, theirs=spans)
"""


class TestProviders:
    @pytest.mark.parametrize("setting", ["orchestrace.configure('sourcing')", "orchestrace.instrument()"])
    def test_one_that_is_there_gets_it(self, run: Run, setting: str) -> None:
        """With the id that it is to have: joined, or alone, where no journal knows the run."""
        said = run(f"{PROVIDER}\n{setting}\n{SAY}")

        assert ["outcome email.replied", said["span_id"]] == said["theirs"][-1]
        assert (2, True) == (len(said["theirs"]), said["again"])

    def test_an_isolated_one_keeps_it_to_itself(self, run: Run, journal: Path) -> None:
        """The program's own sees nothing."""
        said = run(f"{PROVIDER}\norchestrace.configure('sourcing', isolated=True)\n{SAY}")

        assert [] == said["theirs"]
        assert ["invoke_agent Crafter", "outcome email.replied"] == [
            span.name for span in Reader(journal).trace("last")
        ]

    def test_without_any_it_is_said(self, run: Run) -> None:
        """Nothing is recorded, and nothing is pretended."""
        said = run(f'say(orchestrace.record_outcome("n", reference="{ELSEWHERE}"))', errors="an outcome was reported")

        assert (False, True) == (said["recorded"], "configure()" in said["why"])
