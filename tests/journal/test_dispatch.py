from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrace.balance import Balance
from orchestrace.conventions import ROLE
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.appender import Appender
from orchestrace.journal.database import FILE_NAME, transaction
from orchestrace.journal.dispatch import Dispatch
from orchestrace.journal.election import Election, is_vacant
from orchestrace.journal.encoding import Header, encode, encode_header
from orchestrace.journal.memory import MemoryOutbox
from orchestrace.journal.outbox import TRACES
from orchestrace.journal.overflow import Overflow
from orchestrace.journal.signals import encode_log
from orchestrace.journal.store import note_writer, store
from orchestrace.recording.guard import faults
from orchestrace.records import LogRecord, SpanRecord

if TYPE_CHECKING:
    from tests.journal.conftest import Book

OURS, OLD = Addressee("5d", "http://collector:4318"), Addressee("0f", "http://localhost:9999")
WRITER = Header("p", 1, "here", 1, "1", {"service.name": "shop"}, receiver=OURS)
FORK = """
import os, sys
from pathlib import Path
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.dispatch import Dispatch
dispatch = Dispatch(Path(sys.argv[1]), Addressee("5d", "x"), service=None)
assert len(dispatch.outboxes()) == 1
child = os.fork()
if child == 0:
    dispatch.forked()
    os._exit(len(dispatch.outboxes()) + dispatch.is_leading)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), dispatch.outboxes()[0].waiting("traces", 9, 9))
"""

Make = Callable[..., Dispatch]


@pytest.fixture
def make(folder: Path) -> Iterator[Make]:
    """Return what makes a dispatch for the collector, in a process of the service `shop`."""
    made: list[Dispatch] = []

    def one(place: Path = folder, service: str | None = "shop", **arguments: Any) -> Dispatch:
        made.append(Dispatch(place, OURS, service=service, **arguments))
        return made[-1]

    yield one
    for dispatch in made:
        dispatch.close()
        for memory in (dispatch._memory, *getattr(dispatch, "_inherited", ())):
            if isinstance(memory, MemoryOutbox) and memory._database is not None:
                memory._database.close()


@pytest.fixture
def overflow() -> Overflow:
    """Return where records are that could not be written."""
    return Overflow()


@pytest.fixture
def diskless(make: Make, overflow: Overflow, tmp_path: Path) -> Dispatch:
    """Return a dispatch whose folder cannot be made: there is a file."""
    (tmp_path / "file").touch()
    return make(tmp_path / "file" / "journal", memory=lambda: MemoryOutbox(overflow, lambda: WRITER))


def put(database: sqlite3.Connection, *records: SpanRecord, over: bool = False, **header: Any) -> None:
    """Put in what a process wrote."""
    with transaction(database):
        store(database, records, note_writer(database, replace(WRITER, **header), over=over))


def waiting(dispatch: Dispatch) -> list[str]:
    """Return the names of the spans in all outboxes."""
    found = [one for outbox in dispatch.outboxes() for one in outbox.waiting(TRACES, 99, 1 << 30)]
    return [record.name for _, _, record in found]  # type: ignore[union-attr]


class TestNothing:
    def test_what_waited_in_vain_is_not_asked_for_again(self, make: Make, database: sqlite3.Connection) -> None:
        """Until somebody has written: then it is asked for in the next round."""
        dispatch = make()
        asked: list[str] = []
        (first,) = dispatch.outboxes()
        found = [first.waiting(TRACES, 9, 9)]
        assert dispatch._database is not None
        dispatch._database.set_trace_callback(asked.append)
        (second,) = dispatch.outboxes()
        asked.clear()
        found.append(second.waiting(TRACES, 9, 9))
        silent = not asked
        put(database, SpanRecord("a" * 32, "b" * 16, None, "new", 0, 1, 2))
        (third,) = dispatch.outboxes()

        assert ([[], []], True, ["new"]) == (
            found,
            silent,
            [record.name for _, _, record in third.waiting(TRACES, 9, 9) if isinstance(record, SpanRecord)],
        )


class TestOnDisk:
    def test_one_process_empties_it(
        self, database: sqlite3.Connection, make: Make, span: Callable[..., SpanRecord]
    ) -> None:
        """The others find nothing to do, until it leaves."""
        put(database, span(1, end=1))
        one, other = make(), make()
        found = [waiting(one), waiting(other), waiting(one)]
        leading = (one.is_leading, other.is_leading)
        one.close()

        assert ([["span 1"], [], ["span 1"]], (True, False)) == (found, leading)
        assert (["span 1"], []) == (waiting(other), waiting(one))

    def test_what_becomes_of_it_is_noted_there(
        self, database: sqlite3.Connection, make: Make, span: Callable[..., SpanRecord]
    ) -> None:
        """And not in the balance of what never came to the disk."""
        put(database, span(1, end=1), span(2, end=2))
        dispatch = make()
        (outbox,) = dispatch.outboxes()
        (one, process, _), (two, _, _) = outbox.waiting(TRACES, 9, 1 << 20)
        outbox.delivered(TRACES, [one])
        outbox.refused(TRACES, [two], "no")

        assert {"service.name": "shop"} == outbox.resource(process)
        assert Balance(delivered=1, refused=1) == accounts.balance_of(database, "p")
        assert dispatch.balance == Balance()

    def test_what_arrived_and_could_not_be_noted_does_not_wait_again(
        self, database: sqlite3.Connection, make: Make, span: Callable[..., SpanRecord]
    ) -> None:
        """It is noted before the next is asked for: a disk that is full for an hour makes no copies."""
        put(database, span(1, end=1))
        dispatch = make()
        (outbox,) = dispatch.outboxes()
        ((key, _, _),) = outbox.waiting(TRACES, 9, 1 << 20)
        assert dispatch._database is not None
        dispatch._database.execute("PRAGMA busy_timeout = 0")
        with transaction(database):
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                outbox.delivered(TRACES, [key])
            (again,) = dispatch.outboxes()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                again.waiting(TRACES, 9, 1 << 20)

        assert [] == waiting(dispatch)
        assert Balance(delivered=1) == accounts.balance_of(database, "p")

    def test_without_a_folder_there_is_none(self, make: Make, folder: Path) -> None:
        """Nothing was recorded yet, and no folder is made."""
        assert ([], False) == (make().outboxes(), folder.exists())

    def test_a_folder_that_was_deleted_is_looked_for_again(
        self, database: sqlite3.Connection, make: Make, folder: Path
    ) -> None:
        """The outbox is then that of the new database."""
        database.close()
        dispatch = make()
        found = [len(dispatch.outboxes())]
        shutil.rmtree(folder)
        found.append(len(dispatch.outboxes()))
        folder.mkdir()
        found.append(len(dispatch.outboxes()))

        assert ([1, 0, 1], True) == (found, (folder / FILE_NAME).is_file())

    def test_a_damaged_database_is_put_away(self, make: Make, folder: Path) -> None:
        """The next look finds the new one."""
        folder.mkdir()
        (folder / FILE_NAME).write_text("no database" * 1000)
        dispatch = make()

        assert [0, 1] == [len(dispatch.outboxes()) for _ in range(2)]

    def test_a_database_that_cannot_be_opened_is_reported(
        self, make: Make, folder: Path, overflow: Overflow, span: Callable[..., SpanRecord]
    ) -> None:
        """What is in memory goes all the same."""
        (folder / FILE_NAME).mkdir(parents=True)
        before = faults().get("journal ingest", 0)
        overflow.put(encode(span(1, end=1)))
        dispatch = make(memory=lambda: MemoryOutbox(overflow, lambda: WRITER))

        assert (["span 1"], before + 1) == (waiting(dispatch), faults()["journal ingest"])

    def test_marks_what_runs(self, database: sqlite3.Connection, make: Make, span: Callable[..., SpanRecord]) -> None:
        """While it is looked for what waits."""
        put(database, span(1, attributes={ROLE: "agent"}))

        assert ["started span 1"] == waiting(make())

    @pytest.mark.parametrize(("service", "found"), [("shop", ["span 1"]), ("mill", []), (None, [])])
    def test_adopts_what_its_service_left_behind(
        self,
        database: sqlite3.Connection,
        make: Make,
        span: Callable[..., SpanRecord],
        service: str | None,
        found: list[str],
    ) -> None:
        """For an address that nobody sends to any more."""
        put(database, span(1, end=1), process="gone", over=True, receiver=OLD)

        assert found == waiting(make(service=service))

    def test_adopts_soon_after_somebody_else_has_stopped_sending_it(
        self, database: sqlite3.Connection, make: Make, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Though nobody has written anything: half a second later, as if somebody had."""
        put(database, span(1, end=1), process="gone", over=True, receiver=OLD)
        other = Election(folder, OLD.id)
        other.win()
        dispatch, began = make(), time.monotonic()
        before = waiting(dispatch)
        other.leave()
        while not (found := waiting(dispatch)) and time.monotonic() < began + 5:
            pass

        assert ([], ["span 1"]) == (before, found)
        assert time.monotonic() - began < 1.5


class TestInMemory:
    def test_holds_what_could_not_be_written(
        self, diskless: Dispatch, overflow: Overflow, span: Callable[..., SpanRecord]
    ) -> None:
        """Spans and log records wait there for the receiver; what only started, or is nonsense, waits for nobody."""
        logged = LogRecord(1, 1, event_name="judged")
        for payload in (encode(span(1)), encode(span(1, end=1)), b"{}", b"nonsense", encode_log(logged)):
            overflow.put(payload)
        (outbox,) = diskless.outboxes()
        ((_, process, record),) = outbox.waiting(TRACES, 9, 1 << 20)

        assert (span(1, end=1), {"service.name": "shop"}) == (record, outbox.resource(process))
        assert [logged] == [one for _, _, one in outbox.waiting("logs", 9, 1 << 20)]
        assert (False, False) == (bool(overflow), diskless.is_leading)

    def test_goes_where_nobody_may_look_at_the_folder(
        self, make: Make, overflow: Overflow, span: Callable[..., SpanRecord], tmp_path: Path
    ) -> None:
        """Below another user's home it cannot even be said whether there is one."""
        overflow.put(encode(span(1, end=1)))
        dispatch = make(tmp_path / ("n" * 256) / "journal", memory=lambda: MemoryOutbox(overflow, lambda: WRITER))

        assert ["span 1"] == waiting(dispatch)

    def test_survives_the_end(self, diskless: Dispatch, overflow: Overflow, span: Callable[..., SpanRecord]) -> None:
        """Nobody else has it."""
        overflow.put(encode(span(1, end=1)))
        diskless.outboxes()
        diskless.close()

        assert ["span 1"] == waiting(diskless)

    def test_a_forked_child_has_none_of_it(
        self, diskless: Dispatch, overflow: Overflow, span: Callable[..., SpanRecord]
    ) -> None:
        """It is the parent's."""
        overflow.put(encode(span(1, end=1)))
        diskless.outboxes()
        diskless.forked()

        assert ([], Balance()) == (diskless.outboxes(), diskless.balance)


class TestGiveBack:
    def test_what_is_in_memory_comes_to_the_disk_in_the_end(
        self, make: Make, overflow: Overflow, folder: Path, span: Callable[..., SpanRecord], book: Book
    ) -> None:
        """There is room again: the next process has it, and no balance is that of both."""
        appender = Appender(folder, lambda: encode_header(WRITER))
        dispatch = make(memory=lambda: MemoryOutbox(overflow, lambda: WRITER, appender))
        overflow.put(encode(span(1, end=1)))
        before = waiting(dispatch), dispatch.balance
        dispatch.close()
        appender.close()
        book.take()

        assert ((["span 1"], Balance(waiting=1)), Balance()) == (before, dispatch.balance)
        assert Balance(waiting=1) == accounts.balance_of(book.database, "p")


class TestForked:
    def test_begins_anew(self, database: sqlite3.Connection, folder: Path, run: Callable[..., str]) -> None:
        """The child stands aside while its parent leads, and breaks nothing of it."""
        assert database
        assert "0 []\n" == run(FORK, folder)


class TestClose:
    def test_leaves_it_to_others(self, database: sqlite3.Connection, make: Make, folder: Path) -> None:
        """And can be repeated; afterwards it may begin anew."""
        assert database
        dispatch = make()
        dispatch.outboxes()
        during = is_vacant(folder, OURS.id)
        dispatch.close()
        dispatch.close()

        assert (False, True, 1) == (during, is_vacant(folder, OURS.id), len(dispatch.outboxes()))
