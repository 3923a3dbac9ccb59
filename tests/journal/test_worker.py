from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.journal import upkeep
from orchestrace.journal import worker as workers
from orchestrace.journal.appender import Appender
from orchestrace.journal.bounds import AGE_VARIABLE
from orchestrace.journal.database import connect
from orchestrace.journal.encoding import Header, encode, encode_header
from orchestrace.journal.refuge import Refuge
from orchestrace.journal.worker import Worker
from orchestrace.recording.guard import faults
from orchestrace.records import SpanRecord

FORKED = """
import os, sys, threading
from pathlib import Path
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord
def record(name):
    return SpanRecord("a" * 32, name.ljust(16, "0"), None, name, 0, 1, 2)
journal = Journal(Path(sys.argv[1]))
journal.ended(record("1"))
assert journal.flush(30)
child = os.fork()
if child == 0:
    names = [thread.name for thread in threading.enumerate()]
    journal.ended(record("2"))
    os._exit(0 if names == ["MainThread"] and journal.flush(30) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
journal.ended(record("3"))
print(journal.flush(30))
journal.close()
"""
EXIT = """
import sys
from pathlib import Path
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord
journal = Journal(Path(sys.argv[1]))
journal.ended(SpanRecord("a" * 32, "b" * 16, None, "last", 0, 1, 2))
"""


@pytest.fixture
def appender(folder: Path) -> Iterator[Appender]:
    """Return an appender whose segments a worker can read."""
    header = encode_header(Header("p", os.getpid(), "here", 1, "1", {}))
    made = Appender(folder, lambda: header, size=1 << 14)
    yield made
    made.close()


@pytest.fixture
def worker(folder: Path, appender: Appender) -> Iterator[Worker]:
    """Return a worker that has not been started."""
    made = Worker(folder, appender)
    yield made
    made.stop(30)


def names_in(folder: Path) -> list[str]:
    """Return the names of the spans in the database."""
    with closing(connect(folder)) as database:
        return [name for (name,) in database.execute("SELECT name FROM spans ORDER BY span_id")]


def threads() -> list[threading.Thread]:
    """Return the workers' threads."""
    return [thread for thread in threading.enumerate() if thread.name == "orchestrace-journal"]


class TestStart:
    def test_starts_one_thread(self, worker: Worker) -> None:
        """However often it is called; it never keeps the interpreter from leaving."""
        for _ in range(3):
            worker.start()

        assert [True] == [thread.daemon for thread in threads()]

    def test_a_thread_that_cannot_be_started_is_no_error(
        self, worker: Worker, appender: Appender, monkeypatch: pytest.MonkeyPatch, span: Callable[..., SpanRecord]
    ) -> None:
        """The interpreter is leaving, or the limit of threads is reached: whoever flushes ingests."""

        def refuse(_: threading.Thread) -> None:
            raise RuntimeError

        monkeypatch.setattr(threading.Thread, "start", refuse)
        appender.append(encode(span(1)))
        worker.start()
        worker.start()

        assert (True, ["span 1"]) == (worker.flush(30), names_in(worker._folder))


class TestFlush:
    def test_what_was_appended_is_in_the_database(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Every time, once it says so."""
        worker.start()
        for number in range(5):
            appender.append(encode(span(number)))

            assert (True, [f"span {one}" for one in range(number + 1)]) == (worker.flush(30), names_in(folder))

    def test_of_nothing_is_true_and_makes_nothing(self, worker: Worker, folder: Path) -> None:
        """Neither thread nor folder."""
        assert (True, [], False) == (worker.flush(30), threads(), folder.exists())

    def test_without_a_thread_it_works_here(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Before the start, and after the end."""
        appender.append(encode(span(1)))
        before = worker.flush(30)
        worker.start()
        worker.stop(30)
        appender.append(encode(span(2)))

        assert (True, True, ["span 1", "span 2"]) == (before, worker.flush(30), names_in(folder))

    def test_from_its_own_thread_is_false(self, worker: Worker, appender: Appender) -> None:
        """A logging handler may ask there; waiting for itself would be for ever."""
        appender.append(b"{}")
        worker._thread = threading.current_thread()
        answer = worker.flush(30)
        worker._thread = None

        assert answer is False

    def test_says_so_if_it_takes_too_long(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Another process writes all the time: here, a test."""
        appender.append(encode(span(1)))
        worker.start()
        assert worker.flush(30)
        with closing(connect(folder)) as database:
            database.execute("BEGIN IMMEDIATE")
            appender.append(encode(span(2)))
            answer = worker.flush(0.05)
            database.execute("COMMIT")

        assert (False, True) == (answer, worker.flush(30))

    def test_many_at_once_are_all_answered(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Each finds what it appended."""
        answers: list[bool] = []

        def work(number: int) -> None:
            appender.append(encode(span(number)))
            answers.append(worker.flush(30) and f"span {number}" in names_in(folder))

        worker.start()
        callers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

        assert [True] * 8 == answers


class TestUpkeep:
    def test_the_journal_is_kept_within_its_bounds(
        self,
        worker: Worker,
        appender: Appender,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        span: Callable[..., SpanRecord],
    ) -> None:
        """Between two looks at what was appended; what is not older than the bound stays."""
        monkeypatch.setattr(upkeep, "_INTERVAL", 0.0)
        monkeypatch.setenv(AGE_VARIABLE, "1h")
        appender.append(encode(span(1, end=2)))
        appender.append(encode(span(2, trace_id="b" * 32)))
        worker.start()
        deadline = time.monotonic() + 30
        while not worker.flush(30) or "span 1" in names_in(folder):
            assert time.monotonic() < deadline

        assert ["span 2"] == names_in(folder)


class TestOverflow:
    def test_is_written_when_there_is_room(
        self, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """By the thread, without anybody's asking; what was kept free for it is free again."""
        refuge = Refuge(appender)
        worker, overflow = Worker(folder, appender, refuge), refuge.overflow
        appender.append(encode(span(1)), room=640)
        overflow.put(encode(span(1, end=9)), 640)
        overflow.put(encode(span(2, end=9)))
        worker.start()
        deadline = time.monotonic() + 30
        while overflow or not worker.flush(30):
            assert time.monotonic() < deadline
        worker.stop(30)

        assert (["span 1", "span 2"], 0) == (names_in(folder), appender._room)


class TestFailure:
    def test_is_reported_and_tried_again(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Nothing is lost by it: the segments stay until they were read."""
        before = faults().get("journal ingest", 0)
        (folder / "journal.db").mkdir(parents=True)
        appender.append(encode(span(1)))
        worker.start()
        failed = worker.flush(0.2)
        (folder / "journal.db").rmdir()

        assert (False, True, ["span 1"]) == (failed, worker.flush(30), names_in(folder))
        assert faults()["journal ingest"] > before

    def test_a_damaged_database_is_put_away(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """At once, and without a fault: what was not read yet comes into a new one."""
        before = faults().get("journal ingest", 0)
        folder.mkdir()
        (folder / "journal.db").write_text("no database" * 1000)
        appender.append(encode(span(1)))
        worker.start()

        assert (True, ["span 1"], before) == (worker.flush(30), names_in(folder), faults().get("journal ingest", 0))
        assert 1 == len(list(folder.glob("journal.db.damaged-*")))

    def test_without_a_thread_is_reported(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """And told."""
        before = faults().get("journal ingest", 0)
        folder.mkdir()
        (folder / "journal.db").write_text("no database" * 1000)
        appender.append(encode(span(1)))

        assert (False, before + 1) == (worker.flush(30), faults()["journal ingest"])

    def test_a_database_that_was_deleted_is_made_anew(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """What comes afterwards is where it is looked for."""
        worker.start()
        appender.append(encode(span(1)))
        worker.flush(30)
        for path in folder.iterdir():
            path.unlink()
        appender.append(encode(span(2)))  # still into the file that was deleted
        worker.flush(30)
        appender.append(encode(span(3)))

        assert (True, ["span 3"]) == (worker.flush(30), names_in(folder))


class TestOthers:
    def test_what_they_left_is_taken_at_the_start(
        self, worker: Worker, appender: Appender, folder: Path, run: Callable[..., str], span: Callable[..., SpanRecord]
    ) -> None:
        """A process that has the time does it for those that had not."""
        run(EXIT, folder)
        appender.append(encode(span(1)))
        worker.start()
        worker.flush(30)

        assert {"last", "span 1"} == set(names_in(folder))


class TestStop:
    def test_ends_the_thread(self, worker: Worker) -> None:
        """And can be repeated."""
        worker.start()
        worker.stop(30)
        worker.stop(30)

        assert [] == threads()

    def test_whoever_waits_is_answered(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """With no, and at once."""
        appender.append(encode(span(1)))
        worker.start()
        worker.flush(30)
        answers: list[bool] = []
        with closing(connect(folder)) as database:
            database.execute("BEGIN IMMEDIATE")
            appender.append(encode(span(2)))
            caller = threading.Thread(target=lambda: answers.append(worker.flush(600)))
            caller.start()
            while not worker._wanted > worker._done:
                pass
            worker.stop(0)
            caller.join(30)
            database.execute("COMMIT")

        assert [False] == answers

    def test_can_be_started_again(
        self, worker: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """One thread, as before."""
        before = set(threads())  # of workers that others have
        worker.start()
        worker.stop(30)
        worker.start()
        appender.append(encode(span(1)))

        assert (1, True, ["span 1"]) == (len(set(threads()) - before), worker.flush(30), names_in(folder))


class TestPace:
    def test_while_little_comes_it_looks_less_often(
        self,
        worker: Worker,
        appender: Appender,
        span: Callable[..., SpanRecord],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A look costs as much as many spans; where many come, their segment must not fill up before one."""
        stop, pauses, counts = threading.Event(), [], [1, 40, 1]

        def wait(_: Worker, __: threading.Event, ___: int, seconds: float) -> None:
            if seconds == workers._COURTESY:
                return
            pauses.append(seconds)
            for number in range(counts.pop(0) if counts else 0):
                appender.append(encode(span(number)))
            if len(pauses) == 4:
                stop.set()

        monkeypatch.setattr(Worker, "_wait", wait)
        worker._work(stop)

        assert [workers._CALM, workers._CALM, workers._INTERVAL, workers._CALM] == pauses
        assert workers._INTERVAL < workers._CALM < 1  # a run that lasts for a second is seen within the next


class TestSleep:
    @pytest.fixture
    def asleep(self, worker: Worker, appender: Appender, monkeypatch: pytest.MonkeyPatch) -> Worker:
        """Return a worker that sleeps, as nothing has been appended for some looks."""
        for name in ("_INTERVAL", "_CALM"):
            monkeypatch.setattr(workers, name, 0.001)
        monkeypatch.setattr(workers, "_OTHERS", 600.0)
        appender.append(b"{}")
        worker.start()
        worker.flush(30)
        deadline = time.monotonic() + 30
        while worker.started:
            assert time.monotonic() < deadline
        return worker

    def test_whoever_appends_wakes_it(
        self, asleep: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """As a journal does: with `start`, if it is not started. It is the same thread."""
        before = threads()
        appender.append(encode(span(1)))
        asleep.start()
        deadline = time.monotonic() + 30
        while not names_in(folder):
            assert time.monotonic() < deadline

        assert (["span 1"], before) == (names_in(folder), threads())

    def test_so_does_a_flush(
        self, asleep: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """At once."""
        appender.append(encode(span(1)))

        assert (True, ["span 1"]) == (asleep.flush(30), names_in(folder))

    def test_it_can_be_stopped_and_started_again(
        self, asleep: Worker, appender: Appender, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """As one that looks."""
        asleep.stop(30)
        ended = threads()
        asleep.start()
        appender.append(encode(span(1)))

        assert ([], True, ["span 1"]) == (ended, asleep.flush(30), names_in(folder))


class TestFork:
    def test_each_process_has_its_own_thread(self, folder: Path, run: Callable[..., str]) -> None:
        """The child's is started when it is needed, and both find everything in the database."""
        assert "True\n" == run(FORKED, folder)
        assert ["1", "2", "3"] == names_in(folder)


class TestImport:
    def test_needs_no_sqlite(self, run: Callable[..., str]) -> None:
        """It is loaded by the thread that uses it."""
        assert "False\n" == run("import sys, orchestrace.journal.journal; print('sqlite3' in sys.modules)")
