from __future__ import annotations

import sqlite3
from collections.abc import Callable

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.database import transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.past import PAST, fold
from orchestrace.journal.removal import remove_trace
from orchestrace.journal.store import note_writer, store
from orchestrace.records import LogRecord, SpanRecord


def put(database: sqlite3.Connection, process: str, *records: SpanRecord | LogRecord, over: bool = True) -> None:
    """Put in what a process wrote; without records, that it did."""
    with transaction(database):
        header = Header(process, 1, "here", 1, "1", {})
        store(database, records, note_writer(database, header, over=over))


def processes(database: sqlite3.Connection) -> set[str]:
    """Return whose accounts are kept on their own."""
    return {name for (name,) in database.execute("SELECT id FROM processes")}


class TestFold:
    def test_sums_stay(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """Of two processes that are gone, with everything that they wrote; and of a third, later."""
        for process, count in (("one", 2), ("two", 3), ("three", 1)):
            put(database, process, *(span(number, end=9, start=1) for number in range(count)))
            with transaction(database):
                remove_trace(database, "a" * 32, "old", 100)
            if process != "one":
                assert [None] == list(fold(database, 1000))

        assert {PAST} == processes(database)
        assert accounts.balance_of(database, PAST) == Balance(dropped={"old": 6})
        assert [] == list(fold(database, 1000))

    def test_who_is_still_needed_stays(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """Who lives, was there a moment ago, or has left a span that ended, one that did not, or a log record."""
        put(database, "lives", over=False)
        put(database, "ended", span(1, start=1, end=9))
        put(database, "running", span(2, start=1))
        put(database, "logging", LogRecord(1, 1))
        put(database, "recent")
        database.execute("UPDATE processes SET last_time = 2000 WHERE id = 'recent'")

        assert [] == list(fold(database, 1000))
        assert 5 == len(processes(database))
