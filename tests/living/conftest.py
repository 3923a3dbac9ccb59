"""Programs that live with others: each is a process of its own, because providers are set once a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from orchestrace.journal.database import connect_in_memory, connect_to_read
from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord

HEAD = """
import json, os
import orchestrace
from opentelemetry import trace

@orchestrace.agent(name="A")
def craft(job):
    with trace.get_tracer("another.library").start_as_current_span("inner"):
        return job

def outside():
    with trace.get_tracer("another.library").start_as_current_span("outside"):
        pass

def say(**what):
    print(json.dumps(what, default=str))

def theirs(**settings):
    # A provider that a program makes for itself, and what its exporter gets.
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    provider, exporter = TracerProvider(**settings), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter

def names(exporter):
    return sorted(span.name for span in exporter.get_finished_spans())
"""
"""What every program here begins with; each says at its end, as JSON, what it has seen."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program said at its end, what it printed and logged, and what it left in its journal."""

    said: dict[str, Any]
    output: str
    log: str
    journal: Path

    @property
    def recorded(self) -> list[str]:
        """The names of all spans in the journal, in order."""
        return sorted(span.name for span in self.spans)

    @property
    def spans(self) -> list[SpanRecord]:
        """All spans in the journal, those outside of runs as well."""
        reader = Reader(self.journal)
        reader.runs(1)  # ingests what the program left
        with closing(connect_to_read(self.journal) or connect_in_memory()) as database:
            traces = database.execute("SELECT trace_id FROM traces ORDER BY start_time").fetchall()
        return [span for (trace_id,) in traces for span in reader.trace(trace_id)]

    def span(self, name: str) -> SpanRecord:
        """Return the one span of that name."""
        [found] = [span for span in self.spans if span.name == name]
        return found


Run: TypeAlias = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return how to run a program: its text after `HEAD`, its environment, and what stands before `python`."""
    journal = tmp_path / "journal"

    def execute(program: str, env: Mapping[str, str] | None = None, *, under: tuple[str, ...] = ()) -> Outcome:
        done = subprocess.run(  # noqa: S603 - our own words
            [*under, sys.executable, "-c", HEAD + program],
            env={"ORCHESTRACE_JOURNAL": str(journal), "PATH": "", **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return Outcome(json.loads(done.stdout.splitlines()[-1]), done.stdout, done.stderr, journal)

    return execute
