from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import pytest

from orchestrace import conventions as names
from orchestrace.exceptions import ConfigurationError
from orchestrace.journal.bounds import SIZE_VARIABLE
from orchestrace.journal.census import census, host
from orchestrace.journal.database import connect, transaction
from orchestrace.journal.journal import Journal
from orchestrace.journal.location import VARIABLE
from orchestrace.journal.overflow import Overflow
from orchestrace.journal.reader import Reader
from orchestrace.recording.guard import faults
from orchestrace.records import MetricsRecord, SpanRecord

KILLED = """
import os, sys, threading
from pathlib import Path
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord
journal = Journal(Path(sys.argv[1]), resource={"service.name": "shop"})
def work(name):
    for number in range(250):
        ids = "a" * 32, f"{name}{number:015x}"
        journal.started(SpanRecord(*ids, None, "ended", 0, 1))
        journal.ended(SpanRecord(*ids, None, "ended", 0, 1, 2))
threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
journal.started(SpanRecord("a" * 32, "b" * 16, None, "chat", 2, 1, attributes={"gen_ai.input.messages": "[prompt]"}))
print("written", flush=True)
if sys.argv[2] == "kill":
    os.kill(os.getpid(), 9)
sys.stdin.read()
"""
UNCLOSED = """
import sys
from pathlib import Path
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord
journal = Journal(Path(sys.argv[1]))
for number in range(2000):
    journal.ended(SpanRecord("a" * 32, f"{number:016x}", None, "x", 0, 1, 2, attributes={"long": "x" * 2000}))
"""


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    """Return a journal."""
    made = Journal(folder, resource={"service.name": "shop"})
    yield made
    made.close()


def die(journal: Journal) -> None:
    """End as a killed process does."""
    segment, journal.appender._current = journal.appender._current, None
    assert segment is not None
    segment.close()


class Strange:
    """A record that is none."""


class TestFolder:
    def test_is_the_one_that_was_given(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Wherever the program goes afterwards."""
        monkeypatch.chdir(folder.parent)
        journal = Journal(Path(folder.name))
        monkeypatch.chdir("/")

        assert folder == journal.folder

    def test_is_the_default_otherwise(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """That which the environment names."""
        monkeypatch.setenv(VARIABLE, str(folder))

        assert folder == Journal().folder

    def test_bounds_that_cannot_be_read_are_an_error_at_once(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the program is set up, and not in a thread later."""
        monkeypatch.setenv(SIZE_VARIABLE, "large")
        with pytest.raises(ConfigurationError, match=SIZE_VARIABLE):
            Journal(folder)

    def test_is_not_made_before_there_is_a_span(self, journal: Journal, folder: Path) -> None:
        """A program that records nothing leaves nothing."""
        assert (True, False) == (journal.flush(), folder.exists())


class TestSink:
    def test_spans_can_be_read_back(self, journal: Journal, folder: Path, span: Callable[..., SpanRecord]) -> None:
        """Those that ended as they ended, those that run as they started."""
        journal.started(span(1))
        journal.started(span(2, attributes={"a": 1}))
        journal.ended(span(1, end=9))

        assert [span(1, end=9), span(2, attributes={"a": 1, names.ENDING: "running"})] == Reader(folder).trace("last")

    def test_a_span_that_runs_can_say_more(
        self, journal: Journal, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """What it has said is not written again, however often that is."""
        said: dict[str, Any] = {"prompt": "Write to Li."}
        for name in ("a", "b", "c"):
            journal.started(span(1, attributes=dict(said)))
            said[name] = 1
            runs = Reader(folder).trace("last")
        journal.ended(span(1, end=9, attributes=said))
        written = [path.read_bytes().count(b"Write to Li.") for path in folder.glob("*.segment")]

        assert [span(1, attributes={"prompt": "Write to Li.", "a": 1, "b": 1, names.ENDING: "running"})] == runs
        assert [span(1, end=9, attributes=said)] == Reader(folder).trace("last")
        assert [1] == written

    def test_a_span_that_was_renamed_has_its_last_name(
        self, journal: Journal, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """And what it said when it started."""
        journal.started(span(1, name="before", attributes={"a": "1"}))
        journal.ended(span(1, name="after", end=9, attributes={"a": "1", "b": 2}))

        assert [span(1, name="after", end=9, attributes={"a": "1", "b": 2})] == Reader(folder).trace("last")

    def test_counts_what_ended(self, journal: Journal, span: Callable[..., SpanRecord]) -> None:
        """Written or not; no start, and nothing twice."""
        journal.started(span(1))
        journal.ended(span(1, end=9))
        journal.ended(None)  # type: ignore[arg-type]

        assert (2, 1) == (journal.ended_spans, journal.lost_spans)

    def test_says_who_writes(self, journal: Journal, folder: Path, span: Callable[..., SpanRecord]) -> None:
        """In every segment."""
        journal.started(span(1))
        (found,) = census(folder)

        assert (os.getpid(), host(), {"service.name": "shop"}) == (
            found.header.pid,
            found.header.host,
            found.header.resource,
        )

    @pytest.mark.parametrize("value", [b"\xff", float("nan"), 2**80, "\ud800", object(), {"a": {1}}])
    def test_whatever_attributes_hold(
        self, journal: Journal, folder: Path, span: Callable[..., SpanRecord], value: object
    ) -> None:
        """The record is there."""
        journal.ended(span(1, end=9, attributes={"odd": value, "plain": 1}))
        (record,) = Reader(folder).trace("last")

        assert (1, 0) == (record.attributes["plain"], journal.lost)

    @pytest.mark.parametrize("record", [None, Strange()])
    def test_never_raises(self, journal: Journal, record: Any) -> None:
        """Whatever it is given: what is lost is counted and reported."""
        before = faults().get("journal", 0)
        journal.started(record)
        journal.ended(record)

        assert (2, before + 2) == (journal.lost, faults()["journal"])

    def test_a_folder_that_cannot_be_written_is_no_error(
        self, tmp_path: Path, span: Callable[..., SpanRecord], caplog: pytest.LogCaptureFixture
    ) -> None:
        """The program goes on, and what it recorded stays in memory; the log says why, once."""
        (tmp_path / "file").touch()
        journal = Journal(tmp_path / "file" / "journal")
        with caplog.at_level(logging.WARNING, "orchestrace"):
            for number in range(5):
                journal.ended(span(number))

        before = time.monotonic()
        flushed = journal.flush(30)

        assert (5, 0, False) == (journal.ended_spans, journal.lost, flushed)
        assert time.monotonic() - before < 20, "it was waited for a disk that is not there"
        assert len(caplog.records) <= 1
        journal.close()

    def test_what_could_not_be_written_is_written_once_it_can(
        self, tmp_path: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """A flush asks the disk at once, however short ago it has refused."""
        (tmp_path / "journal").touch()
        journal = Journal(tmp_path / "journal")
        journal.started(span(1))
        journal.ended(span(1, end=9))
        (tmp_path / "journal").unlink()

        assert (True, [span(1, end=9)]) == (journal.flush(30), Reader(tmp_path / "journal").trace("last"))
        assert (1, 0) == (journal.ended_spans, journal.lost)
        journal.close()

    @pytest.mark.parametrize("way", ["kill", "later"])
    def test_a_killed_process_has_lost_nothing(self, folder: Path, launch: Callable[..., Popen[str]], way: str) -> None:
        """All that ended, from every thread; what ran comes back with its prompt, as interrupted."""
        process = launch(KILLED, folder, way)
        assert process.stdout.readline() == "written\n"
        running = [record for record in Reader(folder).trace("last") if record.end is None] if way == "later" else None
        process.kill()
        process.wait()
        spans = Reader(folder).trace("last")
        interrupted = {
            "gen_ai.input.messages": "[prompt]",
            names.ENDING: "interrupted",
            names.ERROR_TYPE: "interrupted",
        }

        assert 1000 == sum(record.end == 2 for record in spans)
        assert [interrupted] == [record.attributes for record in spans if record.end != 2]
        assert running is None or ["running"] == [record.attributes[names.ENDING] for record in running]

    def test_an_unclosed_journal_keeps_nothing_waiting(self, folder: Path, run: Callable[..., str]) -> None:
        """The interpreter leaves in the middle of ingesting; the next reader finds everything."""
        run(UNCLOSED, folder)

        assert 2000 == len(Reader(folder).trace("last"))


class TestFullDisk:
    """A span has started on disk; by the time it ends there is no room."""

    begun: Final = {"input.value": "in"}
    said: Final = {"input.value": "in", "output.value": "x" * (1 << 15), names.ENDING: "returned"}

    @pytest.fixture
    def journal(self, folder: Path) -> Iterator[Journal]:
        """Return a journal with small segments, and without a thread that tries to write what overflowed."""
        made = Journal(folder)
        made.appender._size = 1 << 14
        made.worker.started = True
        yield made
        made.close()

    def test_it_has_ended_though_its_end_is_lost(
        self,
        journal: Journal,
        folder: Path,
        span: Callable[..., SpanRecord],
        full_disk: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """The process was killed with it: what comes back is not interrupted, and lacks its output."""
        journal.started(span(1, attributes=self.begun))
        with full_disk():
            journal.ended(span(1, end=9, attributes=self.said))
            during = journal.ended_spans, journal.lost, bool(journal.refuge.overflow), journal.flush(0.1)
            die(journal)
        (left,) = Reader(folder).trace("last")

        assert (1, 0, True, False) == during
        assert (9, "UNSET", self.begun | {names.ENDING: "returned", names.TRUNCATED: ["output.value"]}) == (
            left.end,
            left.status,
            left.attributes,
        )

    def test_its_end_comes_when_there_is_room_again(
        self,
        journal: Journal,
        folder: Path,
        span: Callable[..., SpanRecord],
        full_disk: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """At the latest when the process ends."""
        journal.started(span(1, attributes=self.begun))
        with full_disk():
            journal.ended(span(1, end=9, attributes=self.said))
        journal.close()

        assert [span(1, end=9, attributes=self.said)] == Reader(folder).trace("last")
        assert (False, 0) == (bool(journal.refuge.overflow), journal.appender._room)

    def test_what_neither_has_room_for_has_ended_all_the_same(
        self,
        journal: Journal,
        folder: Path,
        span: Callable[..., SpanRecord],
        full_disk: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """It is not lost: all but its output is on disk. Of one whose start is not there nothing is left."""
        journal.refuge.overflow = Overflow(1 << 10)
        journal.started(span(1, attributes=self.begun))
        with full_disk():
            journal.ended(span(1, end=9, attributes=self.said))
            journal.ended(span(2, end=9, attributes=self.said))
            during = journal.ended_spans, journal.lost_spans, journal.appender._room
            die(journal)

        assert ((2, 1, 0), ["returned"]) == (
            during,
            [left.attributes[names.ENDING] for left in Reader(folder).trace("last")],
        )

    def test_what_waited_for_another_write_is_kept(
        self,
        journal: Journal,
        folder: Path,
        span: Callable[..., SpanRecord],
        full_disk: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """A garbage collection ended it while another span was written: that one is on disk, and this in memory."""
        journal.started(span(1, attributes=self.begun))
        journal.started(span(2))
        inside = [span(1, end=9, attributes=self.said), span(3, attributes=self.said)]

        def first(_: object, event: str, __: object) -> None:
            if event == "call" and journal.appender._busy and inside:
                sys.setprofile(None)
                journal.ended(inside.pop(0))
                journal.started(inside.pop(0))

        with full_disk():
            sys.setprofile(first)
            journal.ended(span(2, end=9))
            sys.setprofile(None)
            held = len(list(journal.refuge.overflow)), journal.lost
        journal.ended(span(3, end=9, attributes=self.said))
        journal.close()
        trace = {left.span_id[-1]: left for left in Reader(folder).trace("last")}

        assert ((2, 0), []) == (held, inside)
        assert [(9, self.said), (9, {}), (9, self.said)] == [(trace[one].end, trace[one].attributes) for one in "123"]

    def test_a_start_that_came_to_the_disk_later_is_no_other(
        self,
        journal: Journal,
        folder: Path,
        span: Callable[..., SpanRecord],
        full_disk: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """It is full, has room, and is full again: the span has ended. Of one that ended before, nothing is kept."""
        with full_disk():
            journal.started(span(1, attributes=self.begun))
            journal.started(span(2))
            journal.started(span(3))
            journal.ended(span(3, end=9))
        journal.refuge.write_now()
        held = journal.appender._room, journal.refuge.begun.unwritten
        with full_disk():
            journal.ended(span(1, end=9, attributes=self.said))
            journal.ended(span(2, end=9))
            after = journal.appender._room
            die(journal)
        trace = {left.name: left for left in Reader(folder).trace("last")}

        assert ((1280, set()), 320) == (held, after)
        assert {"span 1": 9, "span 2": 9, "span 3": 9} == {name: left.end for name, left in trace.items()}
        assert "returned" == trace["span 1"].attributes[names.ENDING]

    def test_what_goes_with_the_process_is_said(
        self,
        journal: Journal,
        span: Callable[..., SpanRecord],
        full_disk: Callable[[], AbstractContextManager[None]],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """In one line, with how many spans there are; what only started, or is none, is not among them."""
        with caplog.at_level(logging.WARNING, "orchestrace"), full_disk():
            for record in (span(1, end=9), span(2, end=9)):
                journal.ended(record)
            journal.started(span(3))
            journal.measured(MetricsRecord(3, b"sums"))
            journal.close()

        assert ["orchestrace: 2 span(s) are in memory"] == [
            line[: line.index(",")] for line in caplog.messages if "go with this process" in line
        ]


class TestFlush:
    def test_what_was_taken_is_in_the_database(
        self, journal: Journal, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """No segment is needed to read it then."""
        journal.ended(span(1, end=9))
        flushed = journal.flush(30)
        journal.close()
        for path in folder.glob("*.segment"):
            path.unlink()

        assert (True, [span(1, end=9)]) == (flushed, Reader(folder).trace("last"))

    def test_tells_the_truth_about_what_was_lost(self, journal: Journal, span: Callable[..., SpanRecord]) -> None:
        """Once; what came afterwards is another matter."""
        journal.ended(span(1, end=9))
        journal.ended(None)  # type: ignore[arg-type]

        assert (False, True) == (journal.flush(30), journal.flush(30))


class TestClose:
    def test_leaves_what_the_next_reader_needs(
        self, journal: Journal, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Whether it was ingested or not. What still ran is interrupted."""
        journal.started(span(1))
        journal.close()
        (left,) = Reader(folder).trace("last")

        assert (span(1).start + 1000, "ERROR", "interrupted") == (left.end, left.status, left.attributes[names.ENDING])

    def test_writes_what_there_was_no_place_for(self, tmp_path: Path, span: Callable[..., SpanRecord]) -> None:
        """If there is one by then."""
        (tmp_path / "journal").touch()
        journal = Journal(tmp_path / "journal")
        journal.ended(span(1, end=9))
        (tmp_path / "journal").unlink()
        journal.close()

        assert [span(1, end=9)] == Reader(tmp_path / "journal").trace("last")

    def test_waits_for_nobody_who_holds_the_database(
        self, journal: Journal, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Programs end within a second: what was not read is in a segment."""
        journal.ended(span(1, end=9))
        journal.flush(30)
        with closing(connect(folder)) as other, transaction(other):
            journal.ended(span(2, end=9))
            flushed = journal.flush(0.3)
            before = time.monotonic()
            journal.close()
            took = time.monotonic() - before
        for thread in threading.enumerate():  # it has waited for the database, and ends now
            if thread.name == "orchestrace-journal":
                thread.join(30)

        assert (False, True) == (flushed, took < 0.9)
        assert [span(1, end=9), span(2, end=9)] == Reader(folder).trace("last")

    def test_ends_the_thread(self, journal: Journal, span: Callable[..., SpanRecord]) -> None:
        """And is no error the second time."""
        journal.started(span(1))
        journal.close()
        journal.close()

        assert [] == [thread for thread in threading.enumerate() if thread.name == "orchestrace-journal"]

    def test_is_not_the_end(self, journal: Journal, folder: Path, span: Callable[..., SpanRecord]) -> None:
        """A span that ends after it is kept too."""
        journal.started(span(1))
        journal.close()
        journal.ended(span(1, end=9))

        assert (True, [span(1, end=9)]) == (journal.flush(30), Reader(folder).trace("last"))


class TestFaults:
    @pytest.mark.parametrize("verb", ["flush", "close"])
    def test_of_ours_stay_here(self, journal: Journal, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
        """They are reported under what they happened in."""

        def fail(*_: object) -> None:
            raise RuntimeError

        before = faults().get(f"journal {verb}", 0)
        with monkeypatch.context() as patch:
            patch.setattr(journal.worker, {"flush": "flush", "close": "stop"}[verb], fail)

            assert getattr(journal, verb)() in {False, None}
        assert before + 1 == faults()[f"journal {verb}"]
