from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.balance import Balance
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import FILE_NAME, connect, transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.ledger import Ledger
from orchestrace.journal.store import note_writer, store
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

COLLECTOR = Addressee("5d", "http://collector:4318")
NOTHING = (Balance(), 0)


def read(folder: Path, process: str) -> tuple[Balance, int]:
    """Ask once."""
    with closing(Ledger(folder)) as ledger:
        return ledger.read(process)


class TestRead:
    def test_is_of_one_process(
        self, database: sqlite3.Connection, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Its spans, and its log records and metrics that wait for somebody."""
        signals = [LogRecord(1, 1), MetricsRecord(2, b"x")]
        for number, (process, receiver) in enumerate({"a": COLLECTOR, "b": COLLECTOR, "c": None}.items()):
            with transaction(database):
                writer = note_writer(database, Header(process, 1, "here", 1, "1", {}, receiver=receiver), over=False)
                store(database, [span(number, end=9), *signals[: 2 - number % 2]], writer)

        assert [(Balance(waiting=1), 2), (Balance(waiting=1), 1), (Balance(waiting=1), 0), NOTHING] == [
            read(folder, process) for process in ("a", "b", "c", "nobody")
        ]

    def test_of_no_folder_is_nothing(self, folder: Path) -> None:
        """Nor is one made."""
        assert (NOTHING, False) == (read(folder, "a"), folder.exists())

    def test_of_a_file_that_is_no_database_is_nothing(self, folder: Path) -> None:
        """Whoever asks is a program that does something else: it never raises."""
        folder.mkdir()
        (folder / FILE_NAME).write_text("no database" * 1000)
        assert read(folder, "a") == NOTHING
        (folder / FILE_NAME).unlink()
        (folder / FILE_NAME).mkdir()

        assert read(folder, "a") == NOTHING

    def test_of_a_later_version_is_nothing(self, database: sqlite3.Connection, folder: Path) -> None:
        """As of one that is older, and whose tables are not there."""
        for version in (1, 999):
            database.execute(f"PRAGMA user_version = {version}")

            assert read(folder, "a") == NOTHING

    def test_does_not_wait_for_who_writes(
        self, database: sqlite3.Connection, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """It finds what was there before."""
        with transaction(database):
            writer = note_writer(database, Header("a", 1, "here", 1, "1", {}, receiver=COLLECTOR), over=False)
            store(database, [span(1, end=9)], writer)
        with transaction(database):
            store(database, [span(2, end=9)], writer)

            assert (Balance(waiting=1), 0) == read(folder, "a")


class TestReadAgain:
    def test_tells_anew_what_there_is(
        self, database: sqlite3.Connection, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Each time it is asked, with the file open all the while."""
        header = Header("a", 1, "here", 1, "1", {}, receiver=COLLECTOR)
        with closing(Ledger(folder)) as ledger:
            for number in (1, 2):
                with transaction(database):
                    store(database, [span(number, end=9)], note_writer(database, header, over=False))

                assert (Balance(waiting=number), 0) == ledger.read("a")

    def test_follows_the_name_of_the_file(
        self, database: sqlite3.Connection, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """What was put away as damaged is not asked any more; the new one is, as soon as it is there."""
        header = Header("a", 1, "here", 1, "1", {}, receiver=COLLECTOR)
        with closing(Ledger(folder)) as ledger:
            with transaction(database):
                store(database, [span(1, end=9)], note_writer(database, header, over=False))
            before = ledger.read("a")
            (folder / FILE_NAME).rename(folder / "aside")
            between = ledger.read("a")
            with closing(connect(folder)):
                after = ledger.read("a")

        assert ((Balance(waiting=1), 0), NOTHING, NOTHING) == (before, between, after)

    def test_by_any_thread(self, database: sqlite3.Connection, folder: Path, span: Callable[..., SpanRecord]) -> None:
        """Whoever flushes, or collects metrics."""
        header = Header("a", 1, "here", 1, "1", {}, receiver=COLLECTOR)
        with transaction(database):
            store(database, [span(1, end=9)], note_writer(database, header, over=False))
        with closing(Ledger(folder)) as ledger, ThreadPoolExecutor() as pool:
            told = [ledger.read("a"), *pool.map(ledger.read, "aaaa")]

        assert [(Balance(waiting=1), 0)] * 5 == told

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks nobody")
    def test_in_a_forked_child(
        self, database: sqlite3.Connection, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """It opens the file for itself: SQLite's locks are the parent's."""
        header = Header("a", 1, "here", 1, "1", {}, receiver=COLLECTOR)
        with transaction(database):
            store(database, [span(1, end=9)], note_writer(database, header, over=False))
        with closing(Ledger(folder)) as ledger:
            before, parents = ledger.read("a"), ledger._database
            child = os.fork()
            if not child:
                same = ledger.read("a") == before and ledger._database not in {None, parents}
                os._exit(0 if same else 1)

            assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert before == ledger.read("a")
