from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrace import conventions as names
from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.removal import Removed
from orchestrace.journal.retention import journal_size, prune
from orchestrace.journal.store import note_writer, store
from orchestrace.records import LogRecord, SpanRecord

DAY = 86_400_000_000_000
ONE = Addressee("1", "http://one")
LARGE = "x" * 240_000
MIB = 1 << 20
SENDING = Header("p", 1, "here", 1, "1", {}, receiver=ONE)
KEEPING = Header("k", 1, "here", 1, "1", {})
WITHHOLDING = Header("n", 1, "here", 1, "1", {}, withheld=True)


def put(database: sqlite3.Connection, number: int, age: float = 0, header: Header = SENDING, **fields: Any) -> None:
    """Put in a span of 240 KB and of a trace of its own, that ended `age` days ago."""
    end = time.time_ns() - int(age * DAY)
    known = {"end": end, "attributes": {"large": LARGE}, "trace_id": f"{number:032x}"} | fields
    record = SpanRecord(span_id=f"{number:016x}", parent_id=None, name="x", kind=0, start=end - 5, **known)
    with transaction(database):
        store(database, [record], note_writer(database, header, over=False))


def settle(database: sqlite3.Connection, count: int, reason: str | None = None) -> None:
    """Have the receiver take what waits longest, or refuse it."""
    outbox = Outbox(database, 1)
    keys = [key for key, _, _ in outbox.waiting(TRACES, count, 1 << 30)]
    outbox.delivered(TRACES, keys) if reason is None else outbox.refused(TRACES, keys, reason)


def pruned(database: sqlite3.Connection, folder: Path, **bounds: int) -> Removed:
    """Prune, and return what went."""
    return sum(prune(database, folder, **bounds), Removed())


def traces(database: sqlite3.Connection) -> list[int]:
    """Return which traces are there, by their numbers."""
    found = database.execute("SELECT DISTINCT trace_id FROM spans WHERE trace_id <> '' ORDER BY trace_id")
    return [int(trace_id, 16) for (trace_id,) in found]


class TestAge:
    def test_what_is_older_goes_whatever_became_of_it(self, folder: Path, database: sqlite3.Connection) -> None:
        """A trace is as old as its last end; accounts say which was never delivered, and why."""
        for number, age in enumerate((9, 8, 8, 6, 1), 1):
            put(database, number, age)
        settle(database, 1)
        removed = pruned(database, folder)

        assert (Removed(traces=3, spans=3, undelivered=2), [4, 5]) == (removed, traces(database))
        assert accounts.balance_of(database, "p") == Balance(delivered=1, waiting=2, dropped={"older than 7 days": 2})
        assert [(2,), (2,)] == database.execute(
            "SELECT count(*) FROM traces UNION ALL SELECT count(*) FROM deliveries"
        ).fetchall()

    def test_a_trace_is_as_old_as_what_came_last(self, folder: Path, database: sqlite3.Connection) -> None:
        """It goes as a whole, or stays as a whole."""
        put(database, 1, 9)
        put(database, 2, 5, trace_id=f"{1:032x}")

        assert (Removed(), [1]) == (pruned(database, folder), traces(database))
        assert Removed(traces=1, spans=2, undelivered=2) == pruned(database, folder, max_age=4 * 86_400)

    def test_what_runs_stays(self, folder: Path, database: sqlite3.Connection) -> None:
        """And all of its trace with it, however old it is."""
        put(database, 1, 30, end=None)
        put(database, 2, 29, trace_id=f"{1:032x}")

        assert (Removed(), [1]) == (pruned(database, folder), traces(database))

    def test_an_outcome_is_as_old_as_it_is_here(self, folder: Path, database: sqlite3.Connection) -> None:
        """It stands at the end of a run of long ago, and was reported just now: it is not gone before it was sent."""
        said = {names.OUTCOME_NAME: "replied"}
        put(database, 1, 30)
        put(database, 2, 30, attributes=said)

        assert (1, [2]) == (pruned(database, folder).spans, traces(database))

    def test_log_records_and_metrics_go_too(self, folder: Path, database: sqlite3.Connection) -> None:
        """By when they were noticed: an event may tell of what happened long ago."""
        now = time.time_ns()
        with transaction(database):
            writer = note_writer(database, SENDING, over=False)
            store(database, [LogRecord(now - 9 * DAY, now - 8 * DAY), LogRecord(now - 8 * DAY, now)], writer)
        pruned(database, folder)

        assert [(now,)] == database.execute("SELECT time FROM signals").fetchall()

    def test_a_large_trace_goes_in_short_transactions(self, folder: Path, database: sqlite3.Connection) -> None:
        """No step takes more than some hundred spans, so that others can write between two."""
        for number in range(600):
            put(database, number, 8, trace_id="a" * 32, attributes={})
        steps = [removed.spans for removed in prune(database, folder)]

        assert (600, True) == (sum(steps), max(steps) <= 256)


class TestSize:
    @pytest.fixture
    def mixed(self, database: sqlite3.Connection) -> sqlite3.Connection:
        """Return a database with ten spans of each kind, of 2.4 MB each; the oldest are those that are missed most."""
        for number in range(10):
            put(database, number, 1)
            put(database, 10 + number, 2, WITHHOLDING)
        settle(database, 10)
        for number in range(20, 30):
            put(database, number, 3, KEEPING)
        for number in range(30, 40):
            put(database, number, 4)
        settle(database, 10, "too large")
        for number in range(40, 50):
            put(database, number, 5)
        return database

    @pytest.mark.parametrize(("bound", "left"), [(2.28, 0), (1.63, 20), (0.98, 30), (0.33, 40)])
    def test_what_is_missed_least_goes_first(
        self, folder: Path, mixed: sqlite3.Connection, bound: float, left: int
    ) -> None:
        """What was delivered or is not sent, then what was kept, then what was refused, last what waits."""
        mixed.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pruned(mixed, folder, max_bytes=int(4 * bound * MIB))

        assert set(range(left, 50)) > set(traces(mixed)) > set(range(max(left + 10, 20), 50))

    def test_the_oldest_of_a_kind_goes_first(self, folder: Path, database: sqlite3.Connection) -> None:
        """And what is dropped that way is counted, with the bound as the reason."""
        for number in range(40):
            put(database, number, 6 - number / 10)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        removed = pruned(database, folder, max_bytes=4 * MIB)
        left = traces(database)

        assert list(range(40 - len(left), 40)) == left
        assert accounts.balance_of(database, "p") == Balance(
            waiting=len(left), dropped={"journal over 4 MiB": removed.undelivered}
        )
        assert 10 < len(left) < 20

    def test_parts_of_what_runs_go_last(self, folder: Path, database: sqlite3.Connection) -> None:
        """Where nothing else is left: what ended in it, and never what still runs."""
        for number in range(30):
            put(database, number, 1, trace_id="a" * 32)
        put(database, 99, 1, trace_id="a" * 32, end=None)
        pruned(database, folder, max_bytes=400_000)

        assert [("0" * 14 + "63",)] == database.execute("SELECT span_id FROM spans WHERE end_time IS NULL").fetchall()
        assert 30 == accounts.balance_of(database, "p").ended
        assert 0 == accounts.balance_of(database, "p").waiting

    def test_segments_do_not_crowd_the_database_out(self, folder: Path, database: sqlite3.Connection) -> None:
        """Many processes, each with a segment: the half of the bound is the database's at any rate."""
        put(database, 1, 1)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (folder / "1-1-a.segment").write_bytes(bytes(8 * MIB))

        assert Removed() == pruned(database, folder, max_bytes=4 * MIB)

    def test_pages_are_given_back(self, folder: Path, database: sqlite3.Connection) -> None:
        """The file becomes smaller, by hundreds of pages in a step."""
        for number in range(50):
            put(database, number, 8)
        before = journal_size(folder)
        steps = list(prune(database, folder, spare=0))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        assert (before > 12 * MIB, journal_size(folder) < MIB, len(steps) < 16) == (True, True, True)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    def test_within_its_bounds_it_is_left_alone(self, folder: Path, database: sqlite3.Connection) -> None:
        """Nothing is written."""
        put(database, 1, 6)
        before = database.total_changes
        pruned(database, folder)

        assert before == database.total_changes


class TestJournalSize:
    def test_of_all_files_or_some(self, tmp_path: Path) -> None:
        """By the ends of their names."""
        (tmp_path / "a.db").write_bytes(b"123")
        (tmp_path / "b.segment").write_bytes(b"12345")

        assert (8, 5) == (journal_size(tmp_path), journal_size(tmp_path, ".segment"))

    def test_of_no_folder(self, tmp_path: Path) -> None:
        """There is nothing."""
        assert journal_size(tmp_path / "none") == 0
