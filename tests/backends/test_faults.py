"""The real collector away, frozen or killed, and programs that are killed in front of it: Jaeger has everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, Jaeger

pytestmark = pytest.mark.backends

PROGRAM = """
import sys, time
import orchestrace

orchestrace.configure(service_name="faults")

@orchestrace.tool
def step(number, text):
    return number

@orchestrace.agent(name="Walker")
def walk(count, rate, huge):
    print(orchestrace.reference().partition("-")[0], flush=True)
    begun = time.perf_counter()
    for number in range(count):
        step(number, "x" * (huge if number == count // 2 else 10))
        time.sleep(max(0.0, begun + number / rate - time.perf_counter()))

walk(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
print("walked", flush=True)
sys.stdin.readline()
flushed = orchestrace.flush(60)
print(bool(flushed), flushed.why, flush=True)
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(own_collector: Collector, tmp_path: Path) -> Iterator[Start]:
    """Return how to start a program that takes so many steps, so many a second; it is killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def launch(protocol: str, count: int, rate: float, huge: int = 10) -> subprocess.Popen[str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ORCHESTRACE_"))}
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": own_collector.endpoints[protocol]}
        more = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "ORCHESTRACE_JOURNAL": str(tmp_path / "journal")}
        command = [sys.executable, "-c", PROGRAM, str(count), str(rate), str(huge)]
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen(command, env=known | where | more, stdin=pipe, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - ours
        )
        return started[-1]

    yield launch
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    """Return the next line that a program prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


class TestFaults:
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_a_collector_that_is_killed_and_away_for_17_seconds(
        self, protocol: str, own_collector: Collector, own_jaeger: Jaeger, start: Start
    ) -> None:
        """At 200 spans a second: Jaeger gets all of 4,000; twice at most what was on its way in that moment."""
        program = start(protocol, 4000, 200)
        trace_id = line(program)
        threading.Event().wait(1)
        own_collector.kill()
        threading.Event().wait(17)
        own_collector.start()
        assert "walked" == line(program)
        said, _ = program.communicate("\n", timeout=90)
        spans = own_jaeger.wait_for(trace_id, 4001).spans
        found = [span.span_id for span in spans if not span.name.startswith("started ")]

        assert "True" == said.strip()
        assert 4001 == len(set(found))
        assert len(found) <= 4001 + 512

    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_a_collector_that_stands_still(
        self, protocol: str, own_collector: Collector, own_jaeger: Jaeger, start: Start
    ) -> None:
        """For three seconds: the program does not notice, and nothing comes twice."""
        program = start(protocol, 1000, 200)
        trace_id = line(program)
        threading.Event().wait(1)
        own_collector.freeze()
        threading.Event().wait(3)
        assert own_collector.process is not None
        own_collector.process.send_signal(signal.SIGCONT)
        assert "walked" == line(program)
        said, complaint = program.communicate("\n", timeout=60)
        spans = own_jaeger.wait_for(trace_id, 1002).spans

        assert ("True", "") == (said.strip(), complaint)
        assert 1002 == len(spans) == len({span.span_id for span in spans})

    def test_a_huge_prompt_over_grpc(self, own_jaeger: Jaeger, start: Start) -> None:
        """12 MB among 500 steps, where the collector takes 4 MiB: all of them arrive."""
        program = start("grpc", 500, 1e6, 12_000_000)
        trace_id = line(program)
        said, complaint = program.communicate("\n", timeout=60)
        spans = own_jaeger.wait_for(trace_id, 501).spans

        assert ("walked", "True", "") == (*said.split(), complaint)
        assert 501 == len(spans) == len({span.span_id for span in spans})

    def test_a_program_that_is_killed_in_front_of_it(self, own_jaeger: Jaeger, start: Start) -> None:
        """The next one sends what it left, with the run itself as its root."""
        program = start("http/protobuf", 100_000, 400)
        trace_id = line(program)
        threading.Event().wait(1.5)
        program.kill()
        program.wait(10)
        following = start("http/protobuf", 1, 100)
        root = None
        for count in range(100, 100_000):  # until its root is there
            spans = own_jaeger.wait_for(trace_id, count).spans
            root = next((span for span in spans if span.parent_id is None), None)
            if root is not None:
                break
            threading.Event().wait(0.1)
        following.communicate("\n", timeout=30)

        assert root is not None
        assert "interrupted" == root.attributes["orchestrace.ending"]
