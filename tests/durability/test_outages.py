"""Receivers that are away, slow, picky or in a hurry, and whoever sends to them being killed."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from orchestrace.records import EventRecord, LinkRecord
from orchestrace.testing import OtlpReceiver, refused_endpoint, silent_endpoint
from orchestrace.testing.otlp import Received, Reply

if TYPE_CHECKING:
    from tests.durability.conftest import Ashes, Post

BOTH = pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
BATCH = 512
ATTEMPTS = 3
STEADILY = """
import json, sys, time
import orchestrace

orchestrace.configure(service_name="shop")

@orchestrace.agent(name="A")
def craft(job):
    return job

count, rate = int(sys.argv[1]), float(sys.argv[2])
begun, slowest = time.perf_counter(), 0.0
for number in range(count):
    called = time.perf_counter()
    craft(number)
    slowest = max(slowest, time.perf_counter() - called)
    if sys.argv[3:]:
        print(number, flush=True)
    time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
print("done", slowest, time.time(), flush=True)
"""
WAITS = "sys.stdin.readline()\n"
FLUSHES = """
flushed = orchestrace.flush(20)
balance = flushed.balance
print(json.dumps([bool(flushed), balance.ended, balance.delivered, flushed.why]), flush=True)
"""
LARGE: dict[str, dict[str, Any]] = {
    "stack traces": {"events": [EventRecord("exception", 1, {"exception.stacktrace": "x" * 3_000_000})] * 4},
    "many events": {"events": [EventRecord(f"event {n}", n, {"n": n}) for n in range(1, 150_001)]},
    "many links": {"links": [LinkRecord("ab" * 16, f"{n:016x}") for n in range(1, 90_001)]},
    "lists": {"attributes": {"words": ["word"] * 900_000}},
    "many attributes": {"attributes": {f"key {n}": "x" * 40 for n in range(90_000)}},
    "one name": {"name": "n" * 5_000_000},
    "a message": {"status": "ERROR", "status_message": "x" * 5_000_000},
}
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def variables(ashes: Ashes) -> Callable[..., dict[str, str]]:
    """Return the variables of a program that sends to an endpoint."""

    def name(endpoint: str, protocol: str = "http/protobuf", **more: str) -> dict[str, str]:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        return {"ORCHESTRACE_JOURNAL": str(ashes.folder), **where, **more}

    return name


def ids(receiver: OtlpReceiver) -> set[str]:
    """Return the ids of the spans that a receiver has, markers left out."""
    return {span.span_id for span in receiver.spans if not span.name.startswith("started ")}


class TestAbsence:
    @BOTH
    def test_for_a_while_loses_nothing(self, protocol: str, start: Start, variables: Callable[..., Any]) -> None:
        """At 200 spans a second, and nobody waits for it; what was sent twice is at most the request that was cut."""
        with OtlpReceiver(protocol) as receiver:
            program = start(STEADILY + FLUSHES, 300, 200, "says", variables=variables(receiver.endpoint, protocol))
            receiver.wait(50)
            receiver.stop()
            assert program.stdout is not None
            next(line for line in program.stdout if line == "250\n")
            receiver.start()
            said, complaint = program.communicate(timeout=40)

            assert [True, 300, 300, ""] == json.loads(said.splitlines()[-1])
            assert 300 == len(ids(receiver))
            assert len(receiver.twice) <= BATCH
            assert complaint.count("orchestrace: ") <= 1

    @BOTH
    def test_until_the_exit_is_made_up_for_by_the_next_process(
        self, protocol: str, start: Start, variables: Callable[..., Any]
    ) -> None:
        """Which need not record anything but a single run."""
        with OtlpReceiver(protocol) as receiver:
            receiver.stop()
            first = start(STEADILY, 100, 1000, variables=variables(receiver.endpoint, protocol))
            first.communicate(timeout=20)
            receiver.start()
            second = start(STEADILY, 1, 1000, variables=variables(receiver.endpoint, protocol))
            second.communicate(timeout=20)

            assert 101 == len(ids(receiver)) == len(receiver.spans)


class TestExit:
    @pytest.fixture(params=["refused", "silent", "not TLS"])
    def endpoint(self, request: pytest.FixtureRequest, protocol: str) -> Iterator[str]:
        """Return an address where nothing arrives."""
        with ExitStack() as stack:
            if request.param == "refused":
                yield stack.enter_context(refused_endpoint())
            elif request.param == "silent":
                yield stack.enter_context(silent_endpoint())
            else:
                receiver = stack.enter_context(OtlpReceiver(protocol))
                yield receiver.endpoint.replace("http:", "https:")

    @BOTH
    def test_takes_less_than_a_second_and_loses_nothing(
        self, endpoint: str, protocol: str, start: Start, variables: Callable[..., Any]
    ) -> None:
        """Nobody answers; the next process knows a better address, and delivers what this one could not."""
        leaving: list[float] = []
        while len(leaving) < ATTEMPTS and min(leaving, default=9.0) >= 1.0:  # the machine may have been busy
            first = start(STEADILY, 20, 1000, variables=variables(endpoint, protocol))
            said, _ = first.communicate(timeout=20)
            leaving.append(time.time() - float(said.split()[-1]))
            assert 0 == first.returncode
        with OtlpReceiver(protocol) as receiver:
            second = start(STEADILY + WAITS, 1, 1000, variables=variables(receiver.endpoint, protocol))
            receiver.wait(20 * len(leaving) + 1)
            second.communicate("\n", timeout=20)

            assert min(leaving) < 1.0
            assert 20 * len(leaving) + 1 == len(ids(receiver)) == len(receiver.spans)


class TestManner:
    """Of leaving: with a good receiver everything arrives, however a program ends."""

    ENDINGS: ClassVar = {
        "ten lines": "",
        "an exception": "raise ValueError('Li')\n",
        "sys.exit in a thread": "import threading\nthread = threading.Thread(target=lambda: (craft(7), sys.exit(3)))\n"
        "thread.start(); thread.join()\n",
        "sys.exit": "sys.exit(3)\n",
    }

    @pytest.mark.parametrize("how", ENDINGS)
    def test_is_no_matter(self, how: str, start: Start, variables: Callable[..., Any]) -> None:
        """By an end, an exception that nobody catches, `sys.exit` in the program or in a thread of it."""
        spans = 10 + ("thread" in how)
        with OtlpReceiver() as receiver:
            start(STEADILY + self.ENDINGS[how], 10, 1000, variables=variables(receiver.endpoint)).communicate(
                timeout=20
            )

            assert spans == len(receiver.spans) == len(ids(receiver))


class TestSlowness:
    def test_costs_the_program_nothing(self, start: Start, variables: Callable[..., Any]) -> None:
        """Thousands of spans at once, and a receiver that takes its time for each request."""
        with OtlpReceiver(reply=Reply(delay=0.1)) as receiver:
            program = start(STEADILY + FLUSHES, 3000, 1e6, variables=variables(receiver.endpoint))
            said, complaint = program.communicate(timeout=40)

            assert [True, 3000, 3000, ""] == json.loads(said.splitlines()[-1])
            assert 3000 == len(receiver.spans) == len(ids(receiver))
            assert "" == complaint


class TestSize:
    def test_a_huge_prompt_goes_with_its_neighbours(self, post: Post) -> None:
        """Shrunk to what the receiver takes, and said to be; the others are whole."""
        with OtlpReceiver("grpc") as receiver:
            running = post.open(receiver.endpoint, "grpc")
            huge = post.spans(1, attributes={"input.value": "x" * 12_000_000})
            for record in [*post.spans(250), *huge, *post.spans(250)]:
                running.journal.ended(record)
            flushed = running.flush(20)

            found = next(span for span in receiver.spans if span.span_id == huge[0].span_id)
            assert (True, "") == (bool(flushed), flushed.why)
            assert 501 == len(receiver.spans) == len(ids(receiver))
            assert len(found.attributes["input.value"]) > 1_000_000
            assert ["input.value"] == list(found.attributes["orchestrace.truncated"])

    @pytest.mark.parametrize("large", LARGE)
    def test_whatever_makes_a_span_large_its_neighbours_arrive(self, large: str, post: Post) -> None:
        """Nothing of a span can be so large that it does not arrive itself; it says what was cut."""
        with OtlpReceiver("grpc") as receiver:
            running = post.open(receiver.endpoint, "grpc")
            huge = post.spans(1, **LARGE[large])
            for record in [*post.spans(20), *huge, *post.spans(20)]:
                running.journal.ended(record)
            flushed = running.flush(20)

            found = next(span for span in receiver.spans if span.span_id == huge[0].span_id)
            assert (True, "") == (bool(flushed), flushed.why)
            assert 41 == len(receiver.spans) == len(ids(receiver))
            assert found.attributes["orchestrace.truncated"]


class TestRefusal:
    @BOTH
    def test_of_one_span_costs_no_other(self, protocol: str, post: Post, ashes: Ashes) -> None:
        """It is set aside with the receiver's words."""

        def decide(request: Received) -> Reply:
            return Reply(400, message="no such") if any(one.name == "bad" for one in request.spans) else Reply()

        with OtlpReceiver(protocol, decide) as receiver:
            running = post.open(receiver.endpoint, protocol)
            for record in [*post.spans(200), *post.spans(1, name="bad"), *post.spans(200)]:
                running.journal.ended(record)
            flushed = running.flush(20)

            assert (False, 400, 1, 0) == (
                bool(flushed), flushed.balance.delivered, flushed.balance.refused, flushed.balance.waiting
            )  # fmt: skip
            assert 400 == len(receiver.spans) == len(ids(receiver))
            assert "no such" in ashes.ask("SELECT reason FROM deliveries WHERE state = 3")[0][0]

    @BOTH
    def test_of_all_is_the_end_of_it(self, protocol: str, post: Post) -> None:
        """Each is counted, and the receiver is asked a few dozen times rather than for each span."""
        with OtlpReceiver(protocol, Reply(400, message="never")) as receiver:
            running = post.open(receiver.endpoint, protocol)
            for record in post.spans(1000):
                running.journal.ended(record)
            flushed = running.flush(20)

            assert (False, 1000, 0) == (bool(flushed), flushed.balance.refused, flushed.balance.waiting)
            assert len(receiver.requests) < 60

    @BOTH
    def test_of_a_part_is_believed(self, protocol: str, post: Post, ashes: Ashes) -> None:
        """What is said to be rejected is refused, what is left has arrived."""
        with OtlpReceiver(protocol, Reply(rejected=3, message="three too many")) as receiver:
            running = post.open(receiver.endpoint, protocol)
            for record in post.spans(10):
                running.journal.ended(record)
            flushed = running.flush(20)

            requests = len(receiver.requests)
            assert (False, 10 - 3 * requests, 3 * requests) == (
                bool(flushed), flushed.balance.delivered, flushed.balance.refused
            )  # fmt: skip
            assert "three too many" in ashes.ask("SELECT reason FROM deliveries WHERE state = 3")[0][0]

    @BOTH
    def test_for_now_is_waited_for(self, protocol: str, post: Post) -> None:
        """As long as the receiver asks, even by whoever is in a hurry."""
        asked: list[float] = []

        def decide(request: Received) -> Reply:
            asked.append(time.monotonic())
            return Reply(503, retry_after=1) if len(asked) == 1 else Reply()

        with OtlpReceiver(protocol, decide, signals=("traces",)) as receiver:
            running = post.open(receiver.endpoint, protocol)
            for record in post.spans(10):
                running.journal.ended(record)

            assert running.flush(20)
            assert 10 == len(receiver.spans)
            assert asked[1] - asked[0] >= 1.0

    @BOTH
    def test_of_metrics_and_logs_costs_no_span(
        self, protocol: str, start: Start, variables: Callable[..., Any]
    ) -> None:
        """A receiver of traces alone is asked once for each of the other signals."""
        often = {"OTEL_METRIC_EXPORT_INTERVAL": "100"}
        with OtlpReceiver(protocol, signals=("traces",)) as receiver:
            program = start(STEADILY + FLUSHES, 100, 100, variables=variables(receiver.endpoint, protocol, **often))
            said, _ = program.communicate(timeout=20)

            assert [True, 100, 100, ""] == json.loads(said.splitlines()[-1])
            assert 100 == len(receiver.spans)
            assert receiver.asked.count("metrics") <= 1
            assert receiver.asked.count("logs") <= 1


class TestCompany:
    def test_who_sends_is_followed_by_another(self, start: Start, variables: Callable[..., Any]) -> None:
        """Of two processes the one that sends is killed; the other sends what both recorded."""
        with OtlpReceiver() as receiver:
            told = variables(receiver.endpoint)
            first = start(STEADILY + WAITS, 50, 1000, variables=told)
            receiver.wait(50)
            receiver.stop()
            second = start(STEADILY + WAITS + FLUSHES, 50, 1000, variables=told)
            assert second.stdout is not None
            second.stdout.readline()
            first.kill()
            receiver.start()
            said, _ = second.communicate("\n", timeout=20)

            assert [True, 50, 50, ""] == json.loads(said.splitlines()[-1])
            assert 100 == len(ids(receiver))
            assert len(receiver.twice) <= BATCH

    @pytest.mark.parametrize("kind", ["fork", "spawn"])
    def test_processes_of_one_program_share_a_folder(
        self, kind: str, start: Start, variables: Callable[..., Any], tmp_path: Any
    ) -> None:
        """A pool of forked or spawned workers, and their parent: everything arrives once."""
        program = tmp_path / "pooled.py"
        program.write_text(POOL)
        with OtlpReceiver() as receiver:
            process = start(f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')", kind,
                            variables=variables(receiver.endpoint, PYTHONPATH=str(tmp_path)))  # fmt: skip
            said, complaint = process.communicate(timeout=40)

            assert (0, "") == (process.returncode, complaint)
            assert "done" in said
            assert 41 == len(receiver.spans) == len(ids(receiver))


POOL = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import orchestrace
import pooled

orchestrace.configure(service_name="pool")

@orchestrace.agent(name="A")
def craft(job):
    return job

def work(job):
    pooled.craft(job)

def main():
    craft("first")
    context = multiprocessing.get_context(sys.argv[-1])
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        list(pool.map(pooled.work, range(40)))
    print("done")

if __name__ == "__main__":
    main()
"""
