from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from orchestrace.export.forwarder import Forwarder
from orchestrace.export.pace import Pace
from orchestrace.export.receiver import resolve
from orchestrace.recording import guard
from orchestrace.records import LogRecord, SpanRecord
from orchestrace.testing import silent_endpoint
from orchestrace.testing.otlp import OtlpReceiver

if TYPE_CHECKING:
    from tests.export.conftest import Shelf

Make = Callable[..., SpanRecord]
Build = Callable[..., Forwarder]

LONG = 20.0
NEVER = Pace(delay=3600)
"""Nothing is sent again before somebody is in a hurry."""


@dataclass
class Round:
    """The outboxes of this process, and what it was asked for."""

    outboxes_: list[Any] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    enabled: list[bool] = field(default_factory=list)
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    closed: threading.Event = field(default_factory=threading.Event)

    def outboxes(self) -> list[Any]:
        self.enabled.append(is_instrumentation_enabled())
        self.asked.release()
        if self.faults:
            raise self.faults.pop(0)
        return list(self.outboxes_)

    def close(self) -> None:
        self.closed.set()

    def forked(self) -> None:
        """Do nothing."""


@pytest.fixture
def dispatch(shelf: Shelf) -> Round:
    """Return one outbox."""
    return Round([shelf])


@pytest.fixture
def forward(dispatch: Round) -> Iterator[Build]:
    """Make forwarders to an endpoint, and end them after the test."""
    made: list[Forwarder] = []

    def one(endpoint: str, pace: Pace = NEVER) -> Forwarder:
        found = resolve(endpoint=endpoint)
        assert found is not None
        made.append(Forwarder(found, dispatch, pace))
        return made[-1]

    yield one
    for forwarder in made:
        forwarder.stop(LONG)


def working() -> list[threading.Thread]:
    """Return the threads that forward."""
    return [thread for thread in threading.enumerate() if thread.name == "orchestrace-forward"]


class TestStart:
    def test_no_thread_before_it_is_needed(self, forward: Build, receiver: OtlpReceiver) -> None:
        """A program that records nothing pays nothing."""
        forwarder = forward(receiver.endpoint)

        assert (False, []) == (forwarder.started, working())

    def test_sends_what_waits(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, dispatch: Round
    ) -> None:
        """Of every signal, without being asked again; a daemon does it, for which no interpreter waits."""
        shelf.put(record(1), record(2))
        shelf.put(LogRecord(5, 6, "e"), signal="logs")
        forward(receiver.endpoint).start()

        assert shelf.wait(lambda it: not it.waits)
        assert (["span 1", "span 2"], ["e"]) == ([s.name for s in receiver.spans], [log.name for log in receiver.logs])
        assert [True] == [thread.daemon for thread in working()]

    def test_once(self, forward: Build, receiver: OtlpReceiver) -> None:
        """Eight threads begin in the same moment: one thread is started."""
        forwarder, together = forward(receiver.endpoint), threading.Barrier(8)

        def begin() -> None:
            together.wait(LONG)
            forwarder.start()

        threads = [threading.Thread(target=begin) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)
        forwarder.start()

        assert 1 == len(working())

    def test_a_machine_without_threads_harms_nobody(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everything stays where it is, and goes when there is a thread again."""

        def refuse(thread: threading.Thread) -> None:
            msg = f"can't start {thread.name}"
            raise RuntimeError(msg)

        forwarder = forward(receiver.endpoint)
        shelf.put(record())
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            forwarder.start()
        forwarder.hurry()

        assert shelf.wait(lambda it: not it.waits)

    def test_every_outbox(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, dispatch: Round
    ) -> None:
        """One on disk, and one in memory while the disk fails."""
        other = type(shelf)()
        dispatch.outboxes_.append(other)
        shelf.put(record(1))
        other.put(record(2))
        forward(receiver.endpoint).start()

        assert (True, True) == (shelf.wait(lambda it: not it.waits), other.wait(lambda it: not it.waits))
        assert ["span 1", "span 2"] == [span.name for span in receiver.spans]

    def test_its_requests_are_no_spans(
        self, forward: Build, receiver: OtlpReceiver, dispatch: Round, shelf: Shelf, record: Make
    ) -> None:
        """Instrumented HTTP clients are told to leave its thread alone, and no other one."""
        shelf.put(record())
        forward(receiver.endpoint).start()
        shelf.wait(lambda it: not it.waits)

        assert ({False}, True) == ({*dispatch.enabled}, is_instrumentation_enabled())

    def test_what_comes_later_is_sent_after_a_while(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, dispatch: Round
    ) -> None:
        """Nobody has to say so."""
        forward(receiver.endpoint, Pace(delay=0.01)).start()
        dispatch.asked.acquire(timeout=LONG)
        shelf.put(record())

        assert shelf.wait(lambda it: not it.waits)

    def test_what_comes_meanwhile_waits_for_company(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make
    ) -> None:
        """Whether something was sent or not, the next look is as far away."""
        forwarder = forward(receiver.endpoint, Pace(delay=0.25))
        before = forwarder._round()
        shelf.put(record())

        assert [0.25] * 3 == [before, forwarder._round(), forwarder._round()]
        assert 1 == len(receiver.requests)

    def test_more_than_goes_together_does_not_wait(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make
    ) -> None:
        """The delay is for company; where a batch is full the next one follows at once."""
        shelf.put(*(record(number) for number in range(1, 12)))
        forward(receiver.endpoint, Pace(batch=2, delay=3600)).start()

        assert shelf.wait(lambda it: not it.waits)
        assert [2, 2, 2, 2, 2, 1] == [len(request.spans) for request in receiver.requests]


class TestHurry:
    def test_starts_and_sends_at_once(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, dispatch: Round
    ) -> None:
        """However long the delay is."""
        forwarder = forward(receiver.endpoint)
        arrived = []
        for number in (1, 2):
            shelf.put(record(number))
            forwarder.hurry()
            arrived.append(shelf.wait(lambda it: not it.waits))

        assert [True, True] == arrived

    def test_a_pause_after_a_failure_ends(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make
    ) -> None:
        """What failed is tried again, though its time has not come."""
        receiver.stop()
        forwarder = forward(receiver.endpoint)
        shelf.put(record())
        forwarder.start()
        deadline = time.monotonic() + 10
        while not (waits := forwarder.is_put_off) and time.monotonic() < deadline:
            threading.Event().wait(0.005)
        for _ in range(6):
            forwarder._shipments[0].backoff.failed()
        receiver.start()
        # A channel of gRPC has its own pause before it connects again.
        while not shelf.wait(lambda it: not it.waits, 0.1) and time.monotonic() < deadline:
            forwarder.hurry()

        assert (True, False) == (waits, forwarder.is_put_off)
        assert [1] == shelf.arrived


class TestFaults:
    @pytest.fixture(autouse=True)
    def said_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have every fault be said: another test may have been here a moment ago."""
        monkeypatch.setattr(guard, "_last_said", {})

    def test_the_thread_lives_on(  # noqa: PLR0913, PLR0917 - fixtures
        self,
        forward: Build,
        receiver: OtlpReceiver,
        shelf: Shelf,
        record: Make,
        dispatch: Round,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A database that cannot be read now can be later; it is said, and not on the program's thread."""
        dispatch.faults.append(OSError("no disk"))
        shelf.put(record())
        forwarder = forward(receiver.endpoint)
        forwarder.start()
        dispatch.asked.acquire(timeout=LONG)
        forwarder.hurry()

        assert shelf.wait(lambda it: not it.waits)
        assert ["orchestrace-forward"] == [line.threadName for line in caplog.records]
        assert "forwarder failed (OSError: no disk)" in caplog.messages[0]

    def test_of_one_outbox_hold_up_no_other(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, dispatch: Round
    ) -> None:
        """On a full disk nothing can be noted of what is there; what is in memory goes all the same."""

        class Full(type(shelf)):  # type: ignore[misc]
            def waiting(self, *_: object) -> list[Any]:
                raise OSError(28, "No space left on device")

        dispatch.outboxes_.insert(0, Full())
        shelf.put(record())
        forward(receiver.endpoint).start()

        assert shelf.wait(lambda it: not it.waits)

    def test_what_was_said_already_is_not_said_again(
        self, forward: Build, receiver: OtlpReceiver, dispatch: Round, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whoever found a damaged database has told."""
        error = OSError("damaged")
        error.told = True  # type: ignore[attr-defined]
        dispatch.faults.append(error)
        forwarder = forward(receiver.endpoint)
        forwarder.start()
        dispatch.asked.acquire(timeout=LONG)
        forwarder.stop(LONG)

        assert [] == caplog.messages

    def test_what_was_sent_but_not_noted_is_sent_again(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At least once: an acknowledgement that could not be written is none."""
        noted, failed = shelf.delivered, threading.Event()

        def fail_once(*arguments: Any) -> None:
            if not failed.is_set():
                failed.set()
                msg = "disk full"
                raise OSError(msg)
            noted(*arguments)

        monkeypatch.setattr(shelf, "delivered", fail_once)
        shelf.put(record())
        forwarder = forward(receiver.endpoint)
        forwarder.start()
        failed.wait(LONG)
        forwarder.hurry()

        assert shelf.wait(lambda it: not it.waits)
        assert 2 == len(receiver.spans)


class TestStop:
    def test_ends_the_thread(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, dispatch: Round
    ) -> None:
        """At once, whatever the delay is; the outboxes are left to others."""
        forwarder = forward(receiver.endpoint)
        shelf.put(record())
        forwarder.start()
        shelf.wait(lambda it: not it.waits)
        began = time.monotonic()
        forwarder.stop(LONG)

        assert time.monotonic() - began < 2.0
        assert dispatch.closed.is_set()
        for thread in working():
            thread.join(LONG)
        assert [] == working()

    def test_before_its_thread_has_come_to_run(
        self, forward: Build, receiver: OtlpReceiver, shelf: Shelf, record: Make, dispatch: Round
    ) -> None:
        """It ends all the same, and does not sleep first."""
        shelf.put(record())
        forwarder = forward(receiver.endpoint)
        forwarder.stop(0)
        forwarder.start()

        assert dispatch.closed.wait(LONG) is True
        assert [] == receiver.requests

    def test_what_never_started_is_stopped(self, forward: Build, receiver: OtlpReceiver, dispatch: Round) -> None:
        """There is nothing to wait for."""
        began = time.monotonic()
        forward(receiver.endpoint).stop(LONG)

        assert time.monotonic() - began < 1.0
        assert [] == dispatch.enabled

    def test_whoever_has_the_time_may_wait_for_it(
        self, forward: Build, receiver: OtlpReceiver, dispatch: Round, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Until it has left its outboxes; one that never started has."""
        leaving, closed = threading.Event(), []
        monkeypatch.setattr(dispatch, "close", lambda: closed.append(leaving.wait(LONG)))
        forwarder = forward(receiver.endpoint)
        waited = [forwarder.wait(0)]
        forwarder.start()
        forwarder.stop(0)
        waited.append(forwarder.wait(0.01))
        leaving.set()
        waited.append(forwarder.wait(LONG))

        assert ([True, False, True], [True]) == (waited, closed)

    def test_a_receiver_that_never_answers_is_left(
        self, forward: Build, shelf: Shelf, record: Make, protocol: str, dispatch: Round
    ) -> None:
        """Its bound is kept, the thread ends with its request, and what was on its way stays in the outbox."""
        with silent_endpoint() as endpoint:
            shelf.put(record())
            forwarder = forward(endpoint)
            forwarder.start()
            dispatch.asked.acquire(timeout=LONG)
            began = time.monotonic()
            forwarder.stop(0.05)
            stopped = time.monotonic() - began
            ended = dispatch.closed.wait(LONG)

        assert stopped < 0.5
        assert (True, [1], []) == (ended, [*shelf.waits], shelf.arrived)

    @pytest.fixture(params=["http/protobuf", "grpc"])
    def protocol(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
        """Send by each protocol, with less patience than usual, so that the test need not wait for it."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", request.param)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
        return str(request.param)


PROGRAM = """
import os, sys, threading
from orchestrace.export.forwarder import Forwarder
from orchestrace.export.pace import Pace
from orchestrace.export.receiver import resolve
from orchestrace.records import SpanRecord
from tests.export.conftest import Shelf
from tests.export.test_forwarder import Round

class Forked(Round):
    def forked(self):
        self.outboxes_ = [Shelf()]

def send(name):
    [shelf] = dispatch.outboxes_
    shelf.put(SpanRecord("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", None, name, 0, 1, 2))
    forwarder.hurry()
    return shelf.wait(lambda it: not it.waits)

dispatch = Forked([Shelf()])
forwarder = Forwarder(resolve(), dispatch, Pace(delay=3600))
before = BEFORE
child = os.fork()
threads = [thread.name for thread in threading.enumerate()].count("orchestrace-forward")
done = send("parent" if child else "child")
sys.stdout.write(f"{'parent' if child else 'child'} {threads} {done}\\n")
sys.stdout.flush()
if not child:
    forwarder.stop(10)
    os._exit(0)
os.waitpid(child, 0)
done = send("after")
forwarder.stop(10)
sys.exit(0 if done and before else 1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
class TestFork:
    @pytest.mark.parametrize(
        ("before", "names", "threads"),
        [("True", ["after", "child", "parent"], 0), ("send('used')", ["after", "child", "parent", "used"], 1)],
        ids=["unused", "used"],
    )
    def test_both_processes_send_their_own(
        self, before: str, names: list[str], threads: int, receiver: OtlpReceiver
    ) -> None:
        """A child has its own thread, connection and outboxes; its parent goes on with what it had."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", PROGRAM.replace("BEFORE", before)],
            env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert 0 == done.returncode, done.stderr
        assert ["child 0 True", f"parent {threads} True"] == sorted(done.stdout.splitlines())
        assert names == sorted(span.name for span in receiver.spans)
