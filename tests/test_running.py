"""Providers are set once a process: each case here is a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from orchestrace.journal.database import connect_in_memory, connect_to_read
from orchestrace.journal.reader import Reader
from orchestrace.testing import OtlpReceiver

Run: TypeAlias = Callable[..., Any]

HEAD = """
import json, os, sys
import orchestrace
from opentelemetry import trace

@orchestrace.agent(name="A")
def craft(job):
    with trace.get_tracer("another.library").start_as_current_span("inner"):
        return job

def say(**what):
    print(json.dumps(what))
"""
PROVIDER = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
theirs = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(theirs))
trace.set_tracer_provider(provider)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the journal's folder."""
    return tmp_path / "journal"


@pytest.fixture
def run(journal: Path) -> Run:
    """Return how to run a program; what it says last is the result."""

    def execute(program: str, env: Mapping[str, str] | None = None) -> Any:
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", HEAD + program],
            env={"ORCHESTRACE_JOURNAL": str(journal), "PATH": "", **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (0, "") == (done.returncode, done.stderr), done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return execute


def recorded(journal: Path) -> list[str]:
    """Return the names of the last trace's spans, as the journal has them."""
    return sorted(span.name for span in Reader(journal).trace("last"))


class TestNoProvider:
    def test_ours_becomes_the_global_one(self, run: Run, journal: Path) -> None:
        """Spans of other libraries are in the journal, too, without a word about providers."""
        run('orchestrace.configure(service_name="s"); craft("x"); say(done=True)')

        assert ["inner", "invoke_agent A"] == recorded(journal)

    def test_nothing_is_sent_without_an_endpoint(self, run: Run) -> None:
        """The journal is all there is."""
        assert {"destination": None, "flushed": True} == run(
            'orchestrace.configure(); craft("x")\n'
            "say(destination=orchestrace.status().destination, flushed=bool(orchestrace.flush()))"
        )

    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_with_an_endpoint_it_is_sent(self, run: Run, protocol: str, journal: Path) -> None:
        """By the time the program has ended a receiver has the trace, with the resource of OTEL_*."""
        with OtlpReceiver(protocol) as receiver:
            run(
                'orchestrace.configure(service_name="sourcing"); craft("x"); say(done=True)',
                {
                    "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
                    "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                    "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
                },
            )
            sent, resource = sorted(span.name for span in receiver.wait(2)), receiver.resources[0]

        assert recorded(journal) == sent
        assert {"service.name": "sourcing", "deployment.environment.name": "test"}.items() <= resource.items()

    def test_a_journal_out_of_reach_keeps_nothing_from_it(self, run: Run, tmp_path: Path) -> None:
        """A container's user has often the home of another: what is recorded is in memory, and goes from there."""
        unreachable = tmp_path / ("n" * 256) / "journal"
        with OtlpReceiver() as receiver:
            said = run(
                "import logging; logging.disable()\n"
                f"orchestrace.configure(endpoint={receiver.endpoint!r}, journal={str(unreachable)!r}); craft('x')\n"
                "say(flushed=bool(orchestrace.flush()))"
            )
            sent = sorted(span.name for span in receiver.spans)

        assert ({"flushed": True}, ["inner", "invoke_agent A"]) == (said, sent)

    def test_arguments_go_before_variables(self, run: Run) -> None:
        """What is written in the program is what is meant."""
        with OtlpReceiver() as receiver:
            run(
                f'orchestrace.configure(endpoint="{receiver.endpoint}"); craft("x"); say(done=True)',
                {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
            )

            assert 2 == len(receiver.wait(2))


class TestForeignProvider:
    def test_we_join_it(self, run: Run, journal: Path) -> None:
        """Its exporter gets our spans, the journal gets its spans."""
        seen = run(
            PROVIDER
            + 'orchestrace.configure(); craft("x")\nsay(seen=sorted(s.name for s in theirs.get_finished_spans()))'
        )

        assert ["inner", "invoke_agent A"] == seen["seen"] == recorded(journal)

    def test_nothing_is_sent_a_second_time(self, run: Run) -> None:
        """Unless that is asked for."""
        program = PROVIDER + "orchestrace.configure({}); say(destination=orchestrace.status().destination)"
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_METRICS_EXPORTER": "none"}

        assert {"destination": None} == run(program.format(""), variables)
        assert {"destination": None} != run(program.format("export=True"), variables)

    @pytest.mark.parametrize(
        ("said", "names"),
        [("", {"service.name": "theirs", "team": "a"}), ('service_name="ours"', {"service.name": "ours", "team": "a"})],
    )
    def test_it_says_whose_spans_they_are(self, run: Run, journal: Path, said: str, names: dict[str, str]) -> None:
        """In the journal and where we send them, as in its own exporters; what the program tells us goes before."""
        program = f"""
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider(resource=Resource.create({{"service.name": "theirs", "team": "a"}})))
orchestrace.configure({", ".join(filter(None, [said, "export=True"]))})
craft("x")
say(done=True)
"""
        with OtlpReceiver() as receiver:
            run(program, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_SERVICE_NAME": "variable"})
            receiver.wait(2)
            (sent,) = receiver.resources[:1]
        with closing(connect_to_read(journal) or connect_in_memory()) as database:
            ((kept,),) = database.execute("SELECT DISTINCT service FROM invocations").fetchall()

        assert names.items() <= sent.items()
        assert names["service.name"] == kept

    def test_what_runs_already_is_known(self, run: Run, journal: Path) -> None:
        """The span around has started before there was anybody to hear of it: the trace has its root after a kill."""
        run(
            PROVIDER
            + """
with trace.get_tracer("shop").start_as_current_span("main"):
    orchestrace.configure()
    craft("x")
    say(done=True)
    sys.stdout.flush()
    os._exit(0)
"""
        )
        names = {span.span_id: span.name for span in Reader(journal).trace("last")}
        parents = {span.name: names.get(span.parent_id or "") for span in Reader(journal).trace("last")}

        assert {"main": None, "invoke_agent A": "main", "inner": "invoke_agent A"} == parents

    def test_isolated_shows_it_nothing(self, run: Run, journal: Path) -> None:
        """Ours is a private provider then: the record is complete, and the program's own exporter sees its own only."""
        seen = run(
            PROVIDER
            + 'orchestrace.configure(isolated=True); craft("x")\n'
            + "say(seen=[s.name for s in theirs.get_finished_spans()])"
        )

        assert ["inner"] == seen["seen"]
        assert ["invoke_agent A"] == recorded(journal)


class TestConventions:
    def test_are_written_until_the_configuration_ends(self, run: Run) -> None:
        """On spans and metrics alike; the next configuration begins with today's names."""
        program = """
from orchestrace.testing import capture
from orchestrace.messages import Usage

def ask():
    with capture(instrument=False) as spans, orchestrace.llm_call("m", "openai") as call:
        call.response("Hi", usage=Usage(3, 1, cache_write=2))
    return sorted(name for name in spans.attributes("chat m") if "cache" in name)

found = []
for chosen in ("released", "both", "current"):
    orchestrace.configure(conventions=chosen)
    found.append(ask())
    orchestrace.shutdown()
say(found=[*found, ask()])
"""
        older, newer = (f"gen_ai.usage.cache_{word}.input_tokens" for word in ("creation", "write"))

        assert {"found": [[older], [older, newer], [older, newer], [older, newer]]} == run(program)
