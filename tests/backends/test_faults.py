"""The real collector or Jaeger away, frozen, slow or killed, and programs killed before it: nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrace.journal.reader import Reader

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, Jaeger, Tables

    from orchestrace.records import SpanRecord

pytestmark = pytest.mark.backends

BOTH = ("http/protobuf", "grpc")
BATCH = 512
LEAVING = 1.0
"""Seconds that a process which ends gives to what is not sent yet."""
SLACK = 3.0
"""Seconds for a machine that does other things at the same time."""
PROGRAM = """
import sys, time
import orchestrace

orchestrace.configure(service_name="faults")

@orchestrace.tool
def step(number, text):
    return number

@orchestrace.agent(name="Walker", key="key")
def walk(count, rate, huge, key):
    print(orchestrace.reference().partition("-")[0], flush=True)
    begun = time.perf_counter()
    for number in range(count):
        step(number, "x" * (huge if number == count // 2 else 10))
        time.sleep(max(0.0, begun + number / rate - time.perf_counter()))

walk(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), f"walk of {sys.argv[1]}")
print("walked", flush=True)
if sys.stdin.readline() == "flush\\n":
    flushed = orchestrace.flush(90)
    print(bool(flushed), flushed.why, flush=True)
print(time.time(), flush=True)
"""
Start = Callable[..., "Program"]


@dataclass(frozen=True)
class Program:
    """A program that takes steps, each of which is a span, below an agent's."""

    process: subprocess.Popen[str]
    journal: Path

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, *, flush: bool = True) -> tuple[bool, str, float]:
        """Have it end; return whether its flush was true, what it logged, and how long it took to leave."""
        said, complaint = self.process.communicate("flush\n" if flush else "\n", timeout=100)
        *lines, ended = said.splitlines()
        return "True" in [line.strip() for line in lines], complaint, time.time() - float(ended)

    def die(self, how: signal.Signals) -> None:
        """End it as an administrator does, or the kernel."""
        self.process.send_signal(how)
        self.process.wait(10)


@pytest.fixture
def start(own_collector: Collector, tmp_path: Path) -> Iterator[Start]:
    """Return how to start a program that takes so many steps, so many a second; it is killed in the end."""
    started: list[Program] = []

    def launch(protocol: str, count: int, rate: float = 1e6, huge: int = 10, endpoint: str = "") -> Program:
        known = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ORCHESTRACE_"))}
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint or own_collector.endpoints[protocol]}
        more = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "ORCHESTRACE_JOURNAL": str(tmp_path / "journal")}
        command = [sys.executable, "-c", PROGRAM, str(count), str(rate), str(huge)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=known | where | more, stdin=pipe, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - ours
        started.append(Program(process, tmp_path / "journal"))
        return started[-1]

    yield launch
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
        program.process.communicate()


@dataclass(frozen=True)
class Account:
    """What Jaeger has in the end, in a row of docs/jaeger.md."""

    collector: Collector
    jaeger: Jaeger
    tables: Tables

    def settle(self, what: str, protocol: str, ended: dict[str, int], *, twice: int) -> None:
        """Hold every span that ended, by trace, to be there; and no more than so many of them twice."""
        self.collector.settle()
        found: list[str] = []
        for trace_id, count in ended.items():
            spans = self.jaeger.wait_for(trace_id, count).spans
            found += [span.span_id for span in spans if not is_marker(span)]

        assert sum(ended.values()) == len(set(found))
        assert len(found) - len(set(found)) <= twice
        total = f"{sum(ended.values()):,}"
        figures = {"in Jaeger": f"{len(set(found)):,}", "of these twice": str(len(found) - len(set(found)))}
        row = {"what happens": what, "protocol": "gRPC" if protocol == "grpc" else "HTTP", "lost": "0"}
        self.tables.add("Faults", row, {"spans that ended": total, **figures})


@pytest.fixture
def account(own_collector: Collector, own_jaeger: Jaeger, tables: Tables) -> Account:
    """Return who counts."""
    return Account(own_collector, own_jaeger, tables)


@contextmanager
def slowed(collector: Collector) -> Iterator[None]:
    """Let a collector work for a twentieth of the time."""
    done = threading.Event()

    def slow() -> None:
        while not done.wait(0.02):
            collector.freeze()
            done.wait(0.38)
            collector.thaw()

    thread = threading.Thread(target=slow)
    thread.start()
    yield
    done.set()
    thread.join()


def is_marker(span: SpanRecord) -> bool:
    """Whether a span only says that a run has begun."""
    return span.attributes.get("orchestrace.role") == "marker"


def wait(seconds: float) -> None:
    """Let a program work while something is away."""
    threading.Event().wait(seconds)


@pytest.mark.parametrize("protocol", BOTH)
class TestCollector:
    def test_is_killed_and_away(self, protocol: str, own_collector: Collector, account: Account, start: Start) -> None:
        """For 17 seconds, at 200 spans a second: at most what was on its way in that moment comes twice."""
        program = start(protocol, 4000, 200)
        trace_id = program.line()
        wait(1)
        own_collector.kill()
        wait(17)
        own_collector.start()

        assert "walked" == program.line()
        assert program.end()[0]
        what = "the collector is killed (`kill -9`) and away for 17 s, at 200 spans/s"
        account.settle(what, protocol, {trace_id: 4001}, twice=BATCH)

    def test_is_restarted(self, protocol: str, own_collector: Collector, account: Account, start: Start) -> None:
        """As an administrator does it: what it has not answered is sent again, and nothing comes twice."""
        program = start(protocol, 800, 200)
        trace_id = program.line()
        wait(1)
        own_collector.stop()
        own_collector.start()

        assert "walked" == program.line()
        assert program.end()[0]
        account.settle("the collector is restarted, at 200 spans/s", protocol, {trace_id: 801}, twice=BATCH)

    def test_stands_still(self, protocol: str, own_collector: Collector, account: Account, start: Start) -> None:
        """For three seconds: the program does not notice, and nothing comes twice."""
        program = start(protocol, 1000, 200)
        trace_id = program.line()
        wait(1)
        own_collector.freeze()
        wait(3)
        own_collector.thaw()

        assert "walked" == program.line()
        assert (True, "") == program.end()[:2]
        account.settle("the collector stands still for 3 s, at 200 spans/s", protocol, {trace_id: 1001}, twice=0)

    def test_is_slow(self, protocol: str, own_collector: Collector, account: Account, start: Start) -> None:
        """And 20,000 spans come at once: they wait."""
        with slowed(own_collector):
            program = start(protocol, 20_000)
            trace_id = program.line()

            assert "walked" == program.line()
            assert program.end()[0]
        account.settle(
            "the collector works a twentieth of the time, and 20,000 spans come at once",
            protocol,
            {trace_id: 20_001},
            twice=0,
        )

    @pytest.mark.parametrize("how", ["refuses connections", "stands still", "has no TLS"])
    def test_is_not_there_before_the_program_ends(
        self, how: str, protocol: str, own_collector: Collector, account: Account, start: Start
    ) -> None:
        """The program leaves within a second; the next process of its service, while it runs, sends what it left."""
        endpoint = own_collector.endpoints[protocol]
        end = {"refuses connections": own_collector.stop, "stands still": own_collector.freeze}
        end.get(how, lambda: None)()
        program = start(protocol, 1000, endpoint=endpoint.replace("http:", "https:") if how == "has no TLS" else "")
        trace_id = program.line()
        assert "walked" == program.line()
        _, complaint, leaving = program.end(flush=False)
        if how == "refuses connections":
            own_collector.start()
        own_collector.thaw()
        following = start(protocol, 1)
        other_id = following.line()
        # As long as it lives: nobody's exit waits for what others left.
        account.jaeger.wait_for(trace_id, 1001)

        assert following.end()[0]
        assert leaving < LEAVING + SLACK
        assert complaint.count("orchestrace: ") <= 1
        what = f"the collector {how} until the program has ended; the next process sends"
        account.settle(what, protocol, {trace_id: 1001, other_id: 2}, twice=BATCH if how == "stands still" else 0)

    def test_gets_a_huge_prompt(self, protocol: str, account: Account, start: Start) -> None:
        """12 MB among 500 steps: it is shortened, and everything beside it stays as it is."""
        program = start(protocol, 500, huge=12_000_000)
        trace_id = program.line()

        assert "walked" == program.line()
        assert (True, "") == program.end()[:2]
        account.settle("one of 500 spans has an input of 12 MB", protocol, {trace_id: 501}, twice=0)


@pytest.mark.parametrize("protocol", BOTH)
class TestProgram:
    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "SIGTERM"])
    def test_is_killed(
        self, how: signal.Signals, protocol: str, own_jaeger: Jaeger, account: Account, start: Start
    ) -> None:
        """The next one sends what it left, with the run itself as its root, interrupted."""
        program = start(protocol, 100_000, 400)
        trace_id = program.line()
        wait(1.5)
        program.die(how)
        following = start(protocol, 1)
        other_id = following.line()
        assert following.end()[0]
        recorded = [span for span in Reader(program.journal).trace(trace_id) if not is_marker(span)]
        word = "`kill -9`" if how is signal.SIGKILL else "SIGTERM"
        account.settle(
            f"a program is killed ({word}) at 400 spans/s; the next process sends",
            protocol,
            {trace_id: len(recorded), other_id: 2},
            twice=BATCH,
        )
        (root,) = (span for span in own_jaeger.wait_for(trace_id, 1).spans if span.parent_id is None)

        assert trace_id in own_jaeger.find("faults", {"orchestrace.ending": "interrupted"})
        assert len(recorded) > 100
        assert "interrupted" == root.attributes["orchestrace.ending"]

    def test_is_one_of_eight(self, protocol: str, account: Account, start: Start) -> None:
        """5,000 spans of processes that share a journal: none is lost, and none comes twice."""
        programs = [start(protocol, 624) for _ in range(8)]
        ended = {program.line(): 625 for program in programs}

        assert [True] * 8 == [program.end()[0] for program in programs]
        account.settle("8 processes send 5,000 spans, from one journal", protocol, ended, twice=0)


@pytest.mark.parametrize("protocol", BOTH)
class TestJaeger:
    def test_is_away_and_the_collector_is_killed(
        self, protocol: str, own_jaeger: Jaeger, own_collector: Collector, account: Account, start: Start
    ) -> None:
        """What the collector took is in its queue, on disk, and is sent after both were started again."""
        own_jaeger.stop()
        program = start(protocol, 4000)
        trace_id = program.line()
        assert "walked" == program.line()
        assert (True, "") == program.end()[:2]
        own_collector.kill()
        own_jaeger.start()
        own_collector.start()

        what = "Jaeger is away, 4,000 spans come, the collector is killed (`kill -9`); then both start"
        account.settle(what, protocol, {trace_id: 4001}, twice=BATCH)

    def test_stands_still(self, protocol: str, own_jaeger: Jaeger, account: Account, start: Start) -> None:
        """For six seconds, longer than the collector waits for an answer: the program does not notice."""
        own_jaeger.freeze()
        program = start(protocol, 1000)
        trace_id = program.line()
        assert "walked" == program.line()
        assert (True, "") == program.end()[:2]
        wait(6)
        own_jaeger.thaw()

        account.settle("Jaeger stands still for 6 s", protocol, {trace_id: 1001}, twice=BATCH)


class TestRunning:
    def test_is_found_before_it_ends(self, own_jaeger: Jaeger, start: Start) -> None:
        """A run that takes long is found by what it is about within seconds, and is there once when it has ended."""
        program = start("http/protobuf", 300, 100)
        trace_id = program.line()
        about = {"gen_ai.agent.name": "Walker", "orchestrace.key": "walk of 300", "orchestrace.role": "marker"}
        own_jaeger.wait_until(lambda: trace_id in own_jaeger.find("faults", about), "it does not have the marker")

        assert program.process.poll() is None
        assert "walked" == program.line()
        assert program.end()[0]
        names = [span.name for span in own_jaeger.wait_for(trace_id, 302).spans]
        assert 1 == names.count("invoke_agent Walker")
        assert 1 == names.count("started invoke_agent Walker")
