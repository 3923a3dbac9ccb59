from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence

import pytest
from opentelemetry import context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orchestrace.export.sender import Pace, Sender
from orchestrace.records import Sink, SpanRecord
from orchestrace.testing.otlp import OtlpReceiver, Reply

Make = Callable[..., SpanRecord]
Build = Callable[..., Sender]

SOON = 0.05
LONG = 20.0


class Gate(InMemorySpanExporter):
    """An exporter that takes nothing until it is opened, or shut down."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.entered = threading.Event()
        self.enabled: list[bool] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Wait, then keep the spans."""
        self.entered.set()
        self.open.wait(LONG)
        self.enabled.append(is_instrumentation_enabled())
        return super().export(spans)

    def shutdown(self) -> None:
        """Stop waiting."""
        self.open.set()
        super().shutdown()


class Cycle:
    """What only the garbage collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Return an exporter that holds back what it gets."""
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def sender(gate: Gate, resource: Resource) -> Iterator[Sender]:
    """Send through the gate, each span by itself, with room for three."""
    sender = Sender(lambda: gate, resource, destination="there", pace=Pace(queue=3, batch=1, delay=LONG))
    yield sender
    sender.shutdown(0)


class TestSender:
    def test_is_a_sink(self, sender: Sender) -> None:
        """The pipeline takes it as it takes a journal."""
        sink: Sink = sender

        assert sink is sender

    def test_only_sampled_spans_are_sent(self, sender: Sender, gate: Gate, record: Make) -> None:
        """A span that the sampler left out stays on this machine, and is no loss."""
        gate.open.set()
        sender.ended(record(1, sampled=False))
        sender.ended(record(2))

        assert sender.flush(LONG) is True
        assert ["span 2"] == [span.name for span in gate.get_finished_spans()]
        assert (1, 0) == (sender.sent, sender.lost)

    def test_a_start_sends_nothing(self, sender: Sender, gate: Gate, record: Make) -> None:
        """A receiver gets a span once."""
        gate.open.set()
        sender.started(record(end=None))
        sender.flush(LONG)

        assert () == gate.get_finished_spans()

    def test_a_full_queue_loses_the_newest(self, sender: Sender, gate: Gate, record: Make) -> None:
        """One span is on its way, three wait, and the rest is counted; the thread that ended them went on."""
        sender.ended(record(1))
        gate.entered.wait(LONG)
        for number in range(2, 8):
            sender.ended(record(number))
        gate.open.set()

        assert sender.flush(LONG) is False
        assert (4, 3) == (sender.sent, sender.lost)
        assert ["span 1", "span 2", "span 3", "span 4"] == [span.name for span in gate.get_finished_spans()]

    def test_a_loss_is_said(self, sender: Sender, gate: Gate, record: Make, caplog: pytest.LogCaptureFixture) -> None:
        """The log has one line about what a full queue lost, from our thread."""
        sender.ended(record(1))
        gate.entered.wait(LONG)
        for number in range(2, 8):
            sender.ended(record(number))
        gate.open.set()
        sender.flush(LONG)

        assert ["orchestrace-export"] == [line.threadName for line in caplog.records]
        assert "3 span(s) were not sent to there (3 spans were waiting already)" in caplog.messages[0]

    def test_a_fault_does_not_reach_the_program(self, sender: Sender) -> None:
        """What is no record at all is reported, not raised."""
        sender.ended(None)  # type: ignore[arg-type]

        assert 0 == sender.sent

    def test_requests_are_no_spans(self, sender: Sender, gate: Gate, record: Make) -> None:
        """An instrumented HTTP client is told to leave our own requests alone."""
        gate.open.set()
        sender.ended(record())
        sender.flush(LONG)

        assert ([False], True) == (gate.enabled, is_instrumentation_enabled())

    def test_the_callers_context_is_left_alone(self, sender: Sender, record: Make) -> None:
        """Nothing is attached on the thread that ends a span."""
        before = context.get_current()
        sender.ended(record())

        assert before is context.get_current()

    def test_any_thread_may_end_spans(self, resource: Resource, record: Make) -> None:
        """Eight threads begin at the same moment: one sending thread is started, and nothing is lost."""
        sender = Sender(InMemorySpanExporter, resource, destination="there")
        together = threading.Barrier(8)

        def end(first: int) -> None:
            together.wait(LONG)
            for number in range(first, first + 100):
                sender.ended(record(number))

        threads = [threading.Thread(target=end, args=(100 * n + 1,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)

        assert sender.shutdown(LONG) is True
        assert (800, 0) == (sender.sent, sender.lost)

    def test_a_machine_without_threads_harms_nobody(
        self, resource: Resource, record: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where no thread can be started spans still end; they are lost when there is no more time, and not before."""

        def refuse(thread: threading.Thread) -> None:
            msg = f"can't start {thread.name}"
            raise RuntimeError(msg)

        sender = Sender(InMemorySpanExporter, resource, destination="there")
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            sender.ended(record(1))
            first = sender.flush(0)
        sender.ended(record(2))

        assert [False, True] == [first, sender.shutdown(LONG)]
        assert (2, 0) == (sender.sent, sender.lost)

    def test_spans_may_end_inside_a_garbage_collection(self, resource: Resource, record: Make) -> None:
        """A finaliser that ends a span while one is queued on the same thread waits for no lock."""
        sender = Sender(InMemorySpanExporter, resource, destination="there")

        finalisers: list[weakref.finalize[[SpanRecord], Cycle]] = []

        def drop() -> None:
            finalisers.append(weakref.finalize(Cycle(), sender.ended, record()))

        before = gc.get_threshold()
        gc.set_threshold(1)
        try:
            for _ in range(200):
                drop()
                sender.ended(record())
        finally:
            gc.set_threshold(*before)
        collected = sum(not finaliser.alive for finaliser in finalisers)
        for finaliser in finalisers:
            finaliser()

        assert collected > 0
        assert sender.shutdown(LONG) is True
        assert 400 == sender.sent


class TestFlush:
    def test_nothing_ended_is_all_acknowledged(self, sender: Sender) -> None:
        """Without a span there is nothing to wait for, and no thread."""
        assert sender.flush(0) is True
        assert sender._worker is None

    def test_does_not_wait_for_company(self, gate: Gate, resource: Resource, record: Make) -> None:
        """What waits for a batch to fill is sent at once."""
        gate.open.set()
        sender = Sender(lambda: gate, resource, destination="there", pace=Pace(delay=3600))
        sender.ended(record())

        assert sender.flush(LONG) is True
        assert 1 == sender.sent

    def test_is_false_while_something_is_on_its_way(self, sender: Sender, gate: Gate, record: Make) -> None:
        """It returns after its timeout, and later says true."""
        sender.ended(record())

        assert sender.flush(SOON) is False
        gate.open.set()
        assert sender.flush(LONG) is True

    def test_never_true_again_after_a_loss(self, gate: Gate, resource: Resource, record: Make) -> None:
        """That everything was acknowledged cannot become true again."""
        gate.shutdown()  # from now on it refuses
        sender = Sender(lambda: gate, resource, destination="there")
        sender.ended(record())

        assert [False, False] == [sender.flush(LONG), sender.flush(LONG)]
        assert (0, 1) == (sender.sent, sender.lost)

    def test_many_threads_may_wait(self, sender: Sender, gate: Gate, record: Make) -> None:
        """Each caller is answered."""
        sender.ended(record())
        answers: list[bool] = []
        threads = [threading.Thread(target=lambda: answers.append(sender.flush(LONG))) for _ in range(5)]
        for thread in threads:
            thread.start()
        gate.open.set()
        for thread in threads:
            thread.join(LONG)

        assert [True] * 5 == answers

    def test_waits_as_long_as_it_is_told(self, sender: Sender, gate: Gate, record: Make) -> None:
        """Without a bound is a bound, too."""
        gate.open.set()
        sender.ended(record())

        assert sender.flush(float("inf")) is True


class TestDelay:
    def test_a_span_does_not_wait_for_ever(self, gate: Gate, resource: Resource, record: Make) -> None:
        """After the delay a batch goes as it is, without a flush."""
        sender = Sender(lambda: gate, resource, destination="there", pace=Pace(delay=0.01))
        sender.ended(record())

        assert gate.entered.wait(LONG) is True

    def test_a_full_batch_does_not_wait_at_all(self, gate: Gate, resource: Resource, record: Make) -> None:
        """As many as go together go when they are together."""
        sender = Sender(lambda: gate, resource, destination="there", pace=Pace(batch=2, delay=3600))
        sender.ended(record(1))
        sender.ended(record(2))

        assert gate.entered.wait(LONG) is True


class TestShutdown:
    def test_what_waits_is_sent(self, sender: Sender, gate: Gate, record: Make) -> None:
        """A span that ended a moment ago arrives."""
        gate.open.set()
        sender.ended(record(1))
        sender.ended(record(2))

        assert sender.shutdown(LONG) is True
        assert 2 == sender.sent

    def test_the_exporter_is_closed(self, sender: Sender, gate: Gate, record: Make) -> None:
        """No connection stays open, nor does the thread."""
        gate.open.set()
        sender.ended(record())
        sender.shutdown(LONG)

        assert SpanExportResult.FAILURE == gate.export(())

    def test_a_sender_that_sent_nothing_is_closed_too(self, sender: Sender, gate: Gate) -> None:
        """The exporter was there from the beginning."""
        assert sender.shutdown(0) is True
        assert SpanExportResult.FAILURE == gate.export(())

    def test_its_bound_is_kept(
        self, sender: Sender, gate: Gate, record: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An exporter that hangs is left, and what was with it is lost, each span once."""
        for number in (1, 2, 3):
            sender.ended(record(number))
        gate.entered.wait(LONG)

        assert sender.shutdown(SOON) is False
        assert 3 == sender.lost
        assert "3 span(s) were not sent to there (shutdown had 0.05 s for it)" in caplog.messages[0]

    def test_spans_that_end_afterwards_are_lost(self, sender: Sender, record: Make) -> None:
        """They are counted and nothing happens to the program."""
        sender.shutdown(0)
        sender.ended(record())

        assert (0, 1) == (sender.sent, sender.lost)

    @pytest.mark.parametrize("again", [Sender.shutdown, Sender.flush])
    def test_asking_again_gets_the_same_answer(
        self, again: Callable[[Sender, float], bool], sender: Sender, gate: Gate, record: Make
    ) -> None:
        """A second shutdown, or a flush after it, does nothing."""
        gate.open.set()
        sender.ended(record())

        assert [True, True] == [sender.shutdown(LONG), again(sender, LONG)]


class TestDeadEndpoint:
    def test_costs_the_program_nothing(
        self, receiver: OtlpReceiver, build: Build, record: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Nobody listens: spans end at once, shutdown keeps its bound, flush says so, and one line is logged."""
        sender = build(endpoint=receiver.endpoint)
        receiver.stop()
        began = time.monotonic()
        for number in range(1, 101):
            sender.ended(record(number))
        ended = time.monotonic() - began

        assert [False, False] == [sender.flush(0.1), sender.shutdown(0.2)]
        assert ended < 0.25
        assert time.monotonic() - began < 2.0
        assert (0, 100) == (sender.sent, sender.lost)
        assert 1 == len(caplog.messages)

    def test_a_hanging_receiver_costs_no_more(self, receiver: OtlpReceiver, build: Build, record: Make) -> None:
        """Somebody listens and never answers: shutdown keeps its bound."""
        receiver.reply = Reply(delay=LONG)
        sender = build(endpoint=receiver.endpoint)
        sender.ended(record())
        began = time.monotonic()

        assert sender.shutdown(0.2) is False
        assert time.monotonic() - began < 2.0

    @pytest.mark.parametrize("status", [400, 404, 500])
    def test_a_refusal_is_a_loss(
        self, status: int, receiver: OtlpReceiver, build: Build, record: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A receiver that says no is not asked again; one line of ours says why, none of the exporter's."""
        receiver.reply = Reply(status=status, message="not this")
        sender = build(endpoint=receiver.endpoint)
        sender.ended(record())

        assert sender.flush(LONG) is False
        assert (1, 0, 1) == (len(receiver.requests), sender.sent, sender.lost)
        assert ["orchestrace"] == [line.name for line in caplog.records]
        assert "Failed to export" in caplog.messages[0]

    def test_a_receiver_that_comes_back_gets_what_waits(
        self, receiver: OtlpReceiver, build: Build, record: Make
    ) -> None:
        """A request is tried again for the exporter's timeout."""
        receiver.stop()
        sender = build(endpoint=receiver.endpoint)
        sender.ended(record())
        sender.flush(SOON)
        receiver.start()

        assert sender.flush(LONG) is True
        assert ["span 1"] == [span.name for span in receiver.spans]


class TestSurrogate:
    def test_among_a_hundred_spans_loses_nothing(self, receiver: OtlpReceiver, build: Build, record: Make) -> None:
        """All spans arrive, the odd one with U+FFFD, and an exception's text with it."""
        sender = build(endpoint=receiver.endpoint)
        for number in range(1, 101):
            text = "bad \ud800" if number == 50 else "good"
            sender.ended(record(number, attributes={"text": text, "also": 1}))

        assert sender.flush(LONG) is True
        assert 100 == len(receiver.spans)
        assert {"text": "bad \ufffd", "also": 1} == receiver.spans[49].attributes


PROGRAM = """
import os, sys
from opentelemetry.sdk.resources import Resource
from orchestrace.export.endpoint import build_sender
from orchestrace.records import SpanRecord

def span(name): return SpanRecord("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", None, name, 0, 1, 2)

sender = build_sender(Resource({"service.name": "forking"}))
BEFORE
child = os.fork()
sender.ended(span("parent" if child else "child"))
done = sender.flush(10) if child else sender.shutdown(10)
sys.stdout.write(f"{'parent' if child else 'child'} {done} {sender.sent} {sender.lost}\\n")
sys.stdout.flush()
if not child: os._exit(0)
os.waitpid(child, 0)
sender.ended(span("after"))
sys.exit(0 if sender.shutdown(10) else 1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
class TestFork:
    @pytest.mark.parametrize(
        ("before", "names", "parent"),
        [
            ("", ["after", "child", "parent"], "parent True 1 0"),
            ("sender.ended(span('used')); sender.flush(10)", ["after", "child", "parent", "used"], "parent True 2 0"),
            ("sender.ended(span('waits'))", ["after", "child", "parent", "waits"], "parent True 2 0"),
        ],
        ids=["unused", "used", "waiting"],
    )
    def test_both_processes_send_their_own(
        self, before: str, names: list[str], parent: str, receiver: OtlpReceiver
    ) -> None:
        """A child sends what ended in it over a connection of its own; what waited is sent by the parent, once."""
        environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", PROGRAM.replace("BEFORE", before)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert 0 == done.returncode, done.stderr
        assert ["child True 1 0", parent] == sorted(done.stdout.splitlines())
        assert names == sorted(span.name for span in receiver.spans)
