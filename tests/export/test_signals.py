"""Providers are set once a process: each case here is a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from opentelemetry.sdk.resources import Resource

from orchestrace.export.receiver import resolve
from orchestrace.export.signals import Signals, build_signals
from orchestrace.forwarding import Errand
from orchestrace.testing import OtlpReceiver, Reply, refused_endpoint

Run: TypeAlias = Callable[..., Any]

HEAD = """
import json, os, time
import orchestrace
from opentelemetry import _logs, metrics

@orchestrace.evaluator
def tone(text):
    return 0.5

@orchestrace.agent(name="A")
def craft():
    tone("x")
    try:
        with orchestrace.llm_call("m", "openai") as call:
            raise ValueError("no")
    except ValueError:
        pass

def say(**what):
    print(json.dumps(what))
"""
THEIRS = """
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader, logs = InMemoryMetricReader(), InMemoryLogRecordExporter()
metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
_logs.set_logger_provider(LoggerProvider(shutdown_on_exit=False))
_logs.get_logger_provider().add_log_record_processor(SimpleLogRecordProcessor(logs))

def heard():
    data = reader.get_metrics_data()
    scopes = [scoped for sent in (data.resource_metrics if data else ()) for scoped in sent.scope_metrics]
    return {
        "metrics": sorted(metric.name for scoped in scopes for metric in scoped.metrics),
        "events": sorted(one.log_record.event_name for one in logs.get_finished_logs()),
    }
"""
METRICS = {
    "gen_ai.client.inference.duration",
    "gen_ai.invoke_agent.duration",
    "gen_ai.invoke_agent.inference_calls",
    "gen_ai.invoke_agent.tool_calls",
    "orchestrace.evaluation.score",
    "orchestrace.invocation.iterations",
    "orchestrace.invocations",
}
ACCOUNTS = {f"orchestrace.spans.{what}" for what in ("ended", "delivered", "waiting", "refused")}
EVENTS = {"gen_ai.client.operation.exception", "gen_ai.evaluation.result"}


def living(row: str) -> pytest.MarkDecorator:
    """Mark what a test says about a program that has OpenTelemetry already."""
    return pytest.mark.compatibility(table="living", row=row, column="its metrics and events arrive, once")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return how to run a program; what it says last is the result, beside what it logged and how long it took."""

    def execute(program: str, env: Mapping[str, str] | None = None) -> tuple[Any, str, float]:
        begun = time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", HEAD + program],
            env={"ORCHESTRACE_JOURNAL": str(tmp_path), "PATH": "", **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return json.loads((done.stdout.splitlines() or ["null"])[-1]), done.stderr, time.monotonic() - begun

    return execute


class TestOurs:
    @living("calls `configure()`, has no provider")
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_metrics_and_logs_arrive_with_the_spans(self, run: Run, protocol: str) -> None:
        """One endpoint is all that has to be said; whoever leaves has sent everything, each thing once."""
        with OtlpReceiver(protocol) as receiver:
            _, log, _ = run(
                'orchestrace.configure("s"); craft(); orchestrace.shutdown(20)',
                {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol},
            )

        assert (METRICS | ACCOUNTS, "") == ({point.metric for point in receiver.metrics}, log)
        assert sorted(EVENTS) == sorted(record.name for record in receiver.logs)
        spans = {span.span_id: (span.name, span.trace_id) for span in receiver.spans}
        assert {"chat m", "invoke_agent A"} == {spans[record.span_id][0] for record in receiver.logs}
        assert all(spans[record.span_id][1] == record.trace_id for record in receiver.logs)
        assert ["logs", "metrics", "traces"] == sorted(receiver.asked)

    def test_flush_is_acknowledged_for_all_three(self, run: Run) -> None:
        """And what has arrived is not sent again when the process leaves: each was asked for once."""
        with OtlpReceiver() as receiver:
            said, log, _ = run(
                f"orchestrace.configure(endpoint={receiver.endpoint!r}); craft()\n"
                "say(flushed=bool(orchestrace.flush()))\norchestrace.shutdown()"
            )

        assert ({"flushed": True}, "") == (said, log)
        assert ["logs", "metrics", "traces"] == sorted(receiver.asked)

    @pytest.mark.parametrize("end", ["orchestrace.flush()", "orchestrace.shutdown()", ""])
    def test_the_last_figures_are_those_of_the_end(self, end: str, run: Run) -> None:
        """All has been delivered, and nothing waits: a dashboard would show for ever what was measured before."""
        with OtlpReceiver() as receiver:
            run(f"orchestrace.configure(endpoint={receiver.endpoint!r}); craft()\n{end}")

        figures = {point.metric: point.value for point in receiver.metrics if point.metric in ACCOUNTS}
        assert {"ended": 3, "delivered": 3, "waiting": 0, "refused": 0} == {
            name.rpartition(".")[2]: value for name, value in figures.items()
        }

    def test_an_outage_is_measured_too(self, run: Run, tmp_path: Path) -> None:
        """Metrics of a process whose spans wait are stored, and sent with them by whoever comes next."""
        with refused_endpoint() as endpoint:
            run(f"orchestrace.configure(endpoint={endpoint!r}); craft()")
        with OtlpReceiver() as receiver:
            found = resolve(endpoint=receiver.endpoint)
            assert found is not None
            errand = Errand(tmp_path, found)
            left = errand.run(20)
            errand.close()

        figures = [point.value for point in receiver.metrics if point.metric == "orchestrace.spans.waiting"]
        assert (0, 3, [3]) == (left, len(receiver.spans), figures)

    def test_the_program_s_own_go_the_same_way(self, run: Run) -> None:
        """Its log records through the global provider, nested attributes and all; its metrics beside ours."""
        with OtlpReceiver() as receiver:
            run(
                f"""
orchestrace.configure(endpoint={receiver.endpoint!r})
metrics.get_meter("theirs").create_counter("jobs").add(3, {{"kind": "late"}})
with orchestrace.agent(name="A"):
    _logs.get_logger("theirs").emit(
        event_name="job.done", body={{"a": [1, None]}}, attributes={{"nested": {{"list": [1, {{"deep": True}}]}}}}
    )
orchestrace.shutdown(20)
"""
            )
        [record] = receiver.logs
        [jobs] = [point for point in receiver.metrics if point.scope == "theirs"]

        assert ("job.done", "theirs", {"a": [1, None]}) == (record.name, record.scope, record.body)
        assert {"nested": {"list": [1, {"deep": True}]}} == record.attributes
        assert [span.span_id for span in receiver.spans] == [record.span_id]
        assert ("jobs", 3, {"kind": "late"}) == (jobs.metric, jobs.value, jobs.attributes)

    def test_it_can_begin_again(self, run: Run) -> None:
        """A second configuration has the same providers, and its own receiver; what comes in between goes nowhere."""
        with OtlpReceiver() as first, OtlpReceiver() as second:
            run(
                f"""
for endpoint in ({first.endpoint!r}, {second.endpoint!r}):
    orchestrace.configure(endpoint=endpoint)
    craft()
    orchestrace.shutdown(20)
    craft()
"""
            )

        assert METRICS | ACCOUNTS == {point.metric for point in second.metrics}
        assert (EVENTS, 2, 2) == ({record.name for record in second.logs}, len(first.logs), len(second.logs))

    def test_variables_switch_each_off(self, run: Run) -> None:
        """`none` sends nothing; what another exporter is for is none of our business."""
        with OtlpReceiver() as receiver:
            run(
                f"orchestrace.configure(endpoint={receiver.endpoint!r}); craft(); orchestrace.shutdown(20)",
                {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "console"},
            )

        assert {"traces"} == set(receiver.asked)

    def test_without_an_endpoint_there_is_nothing(self, run: Run) -> None:
        """No provider, no thread, and no SDK for them is loaded."""
        said, log, _ = run(
            "import sys; orchestrace.configure(); craft()\n"
            "say(meter=type(metrics.get_meter_provider()).__module__, flushed=bool(orchestrace.flush()),"
            "    sdk='opentelemetry.sdk._logs.export' in sys.modules)"
        )

        assert ({"meter": "opentelemetry.metrics._internal", "sdk": False, "flushed": True}, "") == (said, log)


class TestTheirs:
    @living("calls `configure()`, has set a provider")
    def test_the_program_s_own_providers_hear_us(self, run: Run) -> None:
        """Where the program has set them, they are used, and nothing is sent a second time."""
        with OtlpReceiver() as receiver:
            program = f"orchestrace.configure(endpoint={receiver.endpoint!r}); craft(); say(**heard())"
            program += "; orchestrace.shutdown(20)"
            said, _, _ = run(THEIRS + program)

        assert {"metrics": sorted(METRICS | ACCOUNTS), "events": sorted(EVENTS)} == said
        assert {"traces"} == set(receiver.asked)

    @living("calls `instrument()` alone")
    def test_they_do_with_instrument_alone_too(self, run: Run) -> None:
        """An ordinary instrumentation: nothing is set up."""
        program = (
            "from opentelemetry import trace\nfrom opentelemetry.sdk.trace import TracerProvider\n"
            "trace.set_tracer_provider(TracerProvider()); orchestrace.instrument(); craft(); say(**heard())"
        )
        said, _, _ = run(THEIRS + program)

        assert {"metrics": sorted(METRICS), "events": sorted(EVENTS)} == said

    @living("calls `configure(isolated=True)`")
    def test_isolated_shows_them_nothing(self, run: Run) -> None:
        """What is recorded apart is measured apart, sent or not."""
        with OtlpReceiver() as receiver:
            said, _, _ = run(
                THEIRS + f"orchestrace.configure(endpoint={receiver.endpoint!r}, isolated=True); craft()\n"
                "orchestrace.shutdown(20)\n"
                "orchestrace.configure(isolated=True, export=False); craft(); say(**heard())"
            )

        assert {"metrics": [], "events": []} == said
        assert (METRICS | ACCOUNTS, EVENTS) == (
            {point.metric for point in receiver.metrics},
            {record.name for record in receiver.logs},
        )


class TestReceiver:
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_that_takes_traces_alone_is_asked_once(self, run: Run, protocol: str) -> None:
        """As Jaeger is: one line in the log for each, nothing missing, and no second request."""
        with OtlpReceiver(protocol, signals=["traces"]) as receiver:
            said, log, _ = run(
                f"orchestrace.configure(endpoint={receiver.endpoint!r}, protocol={protocol!r}); craft()\n"
                "first = bool(orchestrace.flush()); craft(); say(flushed=[first, bool(orchestrace.flush())])"
            )

        assert {"flushed": [True, True]} == said
        assert (1, 1) == (receiver.asked.count("metrics"), receiver.asked.count("logs"))
        assert 2 == len([line for line in log.splitlines() if "which does not know them" in line]), log
        assert 2 == len(log.splitlines()), log

    def test_that_is_not_there_costs_no_more_than_the_exit_may(self, run: Run) -> None:
        """Flush says so, in its time, and the process leaves soon; whoever comes next sends what waited, once."""
        with OtlpReceiver() as receiver:
            begin = f"orchestrace.configure('s', endpoint={receiver.endpoint!r}); craft()\n"
            receiver.stop()
            said, log, seconds = run(
                begin + "begun = time.monotonic(); done = orchestrace.flush(0.5)\n"
                "say(flushed=bool(done), why=done.why, seconds=time.monotonic() - begun)"
            )
            receiver.start()
            run(begin + "orchestrace.shutdown(20)")

        assert (False, True) == (said["flushed"], "batches of metrics and logs wait for" in said["why"])
        assert (True, True) == (said["seconds"] < 1.5, seconds < 10)
        assert 1 == len(log.splitlines()), log
        assert "They are kept" in log
        assert sorted([*EVENTS, *EVENTS]) == sorted(record.name for record in receiver.logs)
        assert [0.5, 0.5] == [
            point.value for point in receiver.metrics if point.metric == "orchestrace.evaluation.score"
        ]

    @pytest.mark.parametrize("flushes", ["", "orchestrace.flush(0.5)\n"])
    def test_that_takes_spans_alone_for_now_is_not_waited_for_twice(self, flushes: str, run: Run) -> None:
        """A process leaves within a second, whichever of the three waits."""
        with OtlpReceiver(reply=lambda request: Reply(200 if request.signal == "traces" else 503)) as receiver:
            said, _, _ = run(
                f"orchestrace.configure(endpoint={receiver.endpoint!r}); craft()\n{flushes}"
                "begun = time.monotonic(); orchestrace.shutdown(); say(seconds=time.monotonic() - begun)"
            )

        assert (True, 3) == (said["seconds"] < 0.95, len(receiver.spans))

    def test_that_refuses_is_no_outage(self, run: Run) -> None:
        """What it will never take does not wait, and costs no span; the log says what came of it."""
        with OtlpReceiver(reply=lambda request: Reply(200 if request.signal == "traces" else 400)) as receiver:
            said, log, _ = run(
                f"orchestrace.configure(endpoint={receiver.endpoint!r}); craft()\n"
                "done = orchestrace.flush(); say(flushed=bool(done), delivered=done.balance.delivered)"
            )

        assert {"flushed": True, "delivered": 3} == said
        assert "metrics were dropped: " in log or "log records were dropped: " in log
        assert "`orchestrace refused`" not in log, "they are not there"


class TestSignals:
    def test_none_is_easily_flushed(self) -> None:
        """Where nothing is ours to send."""
        signals = Signals()

        assert (None, None) == (signals.flush(), signals.stop())  # type: ignore[func-returns-value]


class TestBuildSignals:
    @pytest.mark.parametrize("wanted", [True, False])
    def test_without_a_receiver_or_a_wish_for_it_there_are_none(self, wanted: bool) -> None:  # noqa: FBT001 - both are cases
        """No provider is made."""
        signals = build_signals(None, Resource({}), None, wanted=wanted)  # type: ignore[arg-type]

        assert [] == signals._ways
