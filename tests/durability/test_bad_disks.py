"""Folders and files that the journal cannot use: the program goes on, and what it recorded arrives all the same."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from orchestrace.conventions import ENDING, OUTPUT_MESSAGES, OUTPUT_VALUE, ROLE, TRUNCATED
from orchestrace.export.receiver import resolve
from orchestrace.forwarding import Errand
from orchestrace.records import SpanRecord
from orchestrace.testing import OtlpReceiver, Reply

if TYPE_CHECKING:
    from tests.durability.conftest import Ashes

SPANS = 200
PROGRAM = """
import json, os, resource, signal, sys
import orchestrace

orchestrace.configure(service_name="shop")

@orchestrace.agent(name="A")
def craft(job):
    return job

for number in range(100):
    craft(number)
between()
for number in range(100):
    craft(number)
flushed = orchestrace.flush(float(sys.argv[1]))
balance = flushed.balance
status = orchestrace.status()
said = [bool(flushed), balance.ended, balance.delivered, flushed.why, status.ended, status.delivered]
print(json.dumps(said), flush=True)
"""
NOTHING = "def between(): pass\n"
SMALL_FILES = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
"""
"""No file may be longer than 100 kB: a segment cannot be made, as on a disk that is full."""
SMALL_FILES_SOON = "def between():\n" + "".join(f"    {line}\n" for line in SMALL_FILES.strip().splitlines())
FULL_ON_ARRIVAL = """
import resource, signal, sys
import orchestrace

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
orchestrace.configure(service_name="shop")
for number in range(50):
    with orchestrace.agent(name="A"):
        pass
orchestrace.flush(2)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, most))
print("full", flush=True)
sys.stdin.readline()
for _ in range(3):
    assert not orchestrace.flush(0.5)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
flushed = orchestrace.flush(15)
assert flushed, flushed.why
print(flushed.balance.ended, flushed.balance.delivered, flush=True)
"""
"""Spans are in the database, and the disk is full when their receiver takes them."""
FULL_WITHIN_A_CALL = """
import os, resource, signal, sys
import orchestrace

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
orchestrace.configure(service_name="shop")
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)

@orchestrace.agent(name="Inner")
def inner(job):
    return job

@orchestrace.agent(name="Outer")
def outer(job):
    inner("first")
    orchestrace.flush(1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, most))
    for number in range(90):
        inner("x" * 100_000)
    return "y" * 100_000

outer("job")
balance = orchestrace.flush(2).balance
print(balance.ended, balance.delivered + balance.waiting, flush=True)
sys.stdin.readline()
if sys.argv[1] == "kill":
    os.kill(os.getpid(), 9)
if sys.argv[1] == "room":
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
"""
"""More is recorded than the segment of its start has room for, and there is no other."""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    """Return a receiver."""
    with OtlpReceiver() as started:
        yield started


@pytest.fixture
def run(start: Start, ashes: Ashes, receiver: OtlpReceiver) -> Callable[..., tuple[list[Any], str]]:
    """Return how to run the program; what it says and what it logs is the result."""

    def execute(before: str = NOTHING, seconds: float = 15) -> tuple[list[Any], str]:
        variables = {"ORCHESTRACE_JOURNAL": str(ashes.folder), "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        process = start(before + PROGRAM, seconds, variables=variables)
        said, complaint = process.communicate(timeout=60)
        assert 0 == process.returncode, complaint
        return json.loads(said.splitlines()[-1]), complaint

    return execute


@contextmanager
def locked(ashes: Ashes) -> Iterator[None]:
    """Hold the write lock of the database."""
    with closing(sqlite3.connect(ashes.folder / "journal.db", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield
        database.execute("ROLLBACK")


def all_arrived(said: list[Any], receiver: OtlpReceiver) -> bool:
    """Tell whether everything was delivered once, and the program knows."""
    assert [True, SPANS, SPANS, "", SPANS, SPANS] == said
    assert SPANS == len({span.span_id for span in receiver.spans}) == len(receiver.spans)
    return True


class TestFolder:
    def test_that_cannot_be_made(self, run: Callable[..., Any], ashes: Ashes, receiver: OtlpReceiver) -> None:
        """A path below a file: everything goes by memory, and one warning says why."""
        ashes.folder.parent.joinpath("file").write_text("")
        ashes.folder = ashes.folder.parent / "file" / "journal"
        said, complaint = run()

        assert all_arrived(said, receiver)
        assert 1 == complaint.count("orchestrace: ")

    def test_on_a_disk_that_is_full(self, run: Callable[..., Any], receiver: OtlpReceiver) -> None:
        """No segment can be made: everything goes by memory."""
        said, complaint = run(NOTHING + SMALL_FILES)

        assert all_arrived(said, receiver)
        assert complaint.count("orchestrace: ") <= 2  # of the segment and of the database

    def test_on_a_disk_that_becomes_full(self, run: Callable[..., Any], ashes: Ashes, receiver: OtlpReceiver) -> None:
        """What is in segments waits there until the database can grow: it is counted, and the next process sends it."""
        said, complaint = run(SMALL_FILES_SOON, 1)

        assert [False, SPANS] == said[:2]
        assert "orchestrace: " in complaint
        run()
        receiver.wait(2 * SPANS)
        ashes.recover()
        assert 2 * SPANS == len({span.span_id for span in receiver.spans}) == len(receiver.spans)
        assert 2 * SPANS == ashes.balance().delivered


class TestWithinACall:
    """The start of a run is on disk, and its end found no room there. It arrives once, whatever comes then."""

    @pytest.fixture
    def live(self, start: Start, ashes: Ashes, receiver: OtlpReceiver) -> Callable[..., list[SpanRecord]]:
        """Return how to run the program, and have sent what it leaves; what arrived, but for markers, is the result."""

        def run(end: str, reply: int = 200) -> list[SpanRecord]:
            receiver.reply = Reply(reply)
            variables = {"ORCHESTRACE_JOURNAL": str(ashes.folder), "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
            process = start(FULL_WITHIN_A_CALL, end, variables=variables)
            assert process.stdout is not None
            assert "92 92\n" == process.stdout.readline()
            process.communicate("\n", timeout=60)
            receiver.reply = Reply()
            found = resolve(endpoint=receiver.endpoint)
            assert found is not None
            errand = Errand(ashes.folder, found)
            assert 0 == errand.run(15)
            errand.close()
            return [span for span in receiver.spans if span.attributes[ROLE] != "marker"]

        return run

    @pytest.mark.parametrize(
        "end", ["kill", *(pytest.param(end, marks=pytest.mark.slow) for end in ("return", "room"))]
    )
    def test_what_was_sent_from_memory_is_not_sent_again(
        self, live: Callable[..., list[SpanRecord]], ashes: Ashes, end: str
    ) -> None:
        """Nor taken for interrupted; it is counted as delivered."""
        spans = live(end)

        assert 92 == len({span.span_id for span in spans}) == len(spans)
        assert {"returned"} == {span.attributes[ENDING] for span in spans}
        assert (0, {}) == (ashes.balance().waiting, ashes.balance().dropped)

    @pytest.mark.parametrize("end", ["return", pytest.param("kill", marks=pytest.mark.slow)])
    def test_what_nobody_took_comes_without_its_output(
        self, live: Callable[..., list[SpanRecord]], ashes: Ashes, end: str
    ) -> None:
        """It went with the process; that it ended, and all that it began with, was on disk."""
        spans = live(end, 503)
        (outer,) = [span for span in spans if span.name == "invoke_agent Outer"]

        assert ("returned", [OUTPUT_VALUE, OUTPUT_MESSAGES]) == (outer.attributes[ENDING], outer.attributes[TRUNCATED])
        assert OUTPUT_VALUE not in outer.attributes
        assert len({span.span_id for span in spans}) == len(spans) == ashes.balance().delivered

    def test_there_is_room_again_when_the_process_ends(
        self, live: Callable[..., list[SpanRecord]], ashes: Ashes
    ) -> None:
        """Everything is on disk then, and whoever sends it has all of it."""
        spans = live("room", 503)

        assert 92 == len({span.span_id for span in spans}) == len(spans)
        assert 92 == sum(OUTPUT_VALUE in span.attributes for span in spans)
        assert 92 == ashes.balance().delivered


class TestDatabase:
    def test_that_cannot_grow_when_spans_arrive(self, start: Start, ashes: Ashes, receiver: OtlpReceiver) -> None:
        """That they did cannot be noted: they are not sent again, and it is noted as soon as there is room."""
        receiver.reply = Reply(503)
        variables = {"ORCHESTRACE_JOURNAL": str(ashes.folder), "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        process = start(FULL_ON_ARRIVAL, variables=variables)
        assert process.stdout is not None
        assert "full\n" == process.stdout.readline()
        receiver.reply = Reply()
        said, complaint = process.communicate("\n", timeout=60)

        assert (0, "50 50\n") == (process.returncode, said), complaint
        assert 50 == len({span.span_id for span in receiver.spans}) == len(receiver.spans)
        assert 50 == ashes.balance().delivered

    def test_that_is_something_else(self, run: Callable[..., Any], ashes: Ashes, receiver: OtlpReceiver) -> None:
        """It is put away, which is said once, and a new one begins."""
        ashes.folder.mkdir()
        (ashes.folder / "journal.db").write_text("a text that was here before\n" * 500)
        said, complaint = run()

        assert all_arrived(said, receiver)
        assert 1 == complaint.count("orchestrace: ")
        assert "damaged" in complaint
        aside = next(ashes.folder.glob("journal.db.damaged-*"))
        assert aside.read_text().startswith("a text that was here before")
        assert SPANS == ashes.balance().delivered

    def test_of_another_program(self, run: Callable[..., Any], ashes: Ashes, receiver: OtlpReceiver) -> None:
        """An SQLite file in which somebody else has tables is put away, too, with all that is in it."""
        ashes.folder.mkdir()
        with closing(sqlite3.connect(ashes.folder / "journal.db")) as database:
            database.execute("CREATE TABLE spans (theirs TEXT)")
        said, complaint = run()

        assert all_arrived(said, receiver)
        assert 1 == complaint.count("orchestrace: ")

    def test_that_is_damaged(self, run: Callable[..., Any], ashes: Ashes, receiver: OtlpReceiver) -> None:
        """Wherever its bytes were flipped: what is recorded from then on arrives."""
        run()
        path = ashes.folder / "journal.db"
        octets = bytearray(path.read_bytes())
        for at in range(4096, len(octets), 4096):
            octets[at : at + 64] = bytes(byte ^ 0xFF for byte in octets[at : at + 64])
        path.write_bytes(octets)
        before = len(receiver.spans)
        said, complaint = run()

        assert [True, SPANS] == said[:2]
        assert 2 * SPANS == len({span.span_id for span in receiver.spans})
        assert before == SPANS
        assert 1 == complaint.count("orchestrace: ")

    def test_that_is_locked(self, run: Callable[..., Any], ashes: Ashes, receiver: OtlpReceiver) -> None:
        """By another process, for longer than anybody waits for it: what is in segments is sent when it is free."""
        run()
        with locked(ashes):
            said, _ = run(seconds=1)

        assert [False, SPANS] == said[:2]
        said, _ = run()
        assert [True, SPANS, SPANS] == said[:3]
        receiver.wait(3 * SPANS)
        assert 3 * SPANS == len(receiver.spans) == len({span.span_id for span in receiver.spans})
