from __future__ import annotations

import sqlite3
from collections.abc import Callable

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.removal import Removed, remove_signals, remove_spans, remove_trace
from orchestrace.journal.run import runs
from orchestrace.journal.store import note_writer, store
from orchestrace.records import LogRecord, SpanRecord

HEADER = Header("p", 1, "here", 1, "1", {}, receiver=Addressee("1", "http://one"))


def put(database: sqlite3.Connection, *records: SpanRecord | LogRecord) -> None:
    """Put records in."""
    with transaction(database):
        store(database, records, note_writer(database, HEADER, over=False))


class TestRemoveTrace:
    def test_nothing_of_it_is_left(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """No span, no delivery, no trace; what was delivered has been delivered."""
        put(database, span(1, end=9), span(2, end=9), span(3), span(4, end=9, trace_id="b" * 32))
        outbox = Outbox(database, 1)
        outbox.delivered(TRACES, [key for key, _, _ in outbox.waiting(TRACES, 1, 1)])
        with transaction(database):
            removed = remove_trace(database, "a" * 32, "gone", 100)

        assert removed == Removed(traces=1, spans=3, undelivered=1)
        assert [(1,), (1,), (1,)] == database.execute(
            "SELECT count(*) FROM spans UNION ALL SELECT count(*) FROM traces UNION ALL SELECT count(*) FROM deliveries"
        ).fetchall()
        assert accounts.balance_of(database, "p") == Balance(delivered=1, waiting=1, dropped={"gone": 1})

    def test_in_parts(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """The trace goes with the last of them."""
        put(database, *(span(number, end=9) for number in range(4)))
        with transaction(database):
            parts = [remove_trace(database, "a" * 32, "gone", 2) for _ in range(3)]

        assert [Removed(0, 2, 2), Removed(0, 2, 2), Removed(1, 0, 0)] == parts


class TestRemoveSpans:
    def test_a_number_is_never_given_twice(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """A sender that has the newest span in its hands cannot settle another by its number; nobody sees the gap."""
        put(database, span(1, end=9), span(2, end=9))
        outbox = Outbox(database, 1)
        in_hand = [key for key, _, _ in outbox.waiting(TRACES, 9, 1 << 20)]
        for number in (3, 4):
            (last,) = database.execute("SELECT max(id) FROM spans").fetchone()
            with transaction(database):
                remove_spans(database, [*in_hand, last], "gone")
            put(database, span(number, end=9))
        outbox.delivered(TRACES, in_hand)

        assert accounts.balance_of(database, "p") == Balance(waiting=1, dropped={"gone": 3})
        assert ["span 4"] == [run.name for run in runs(database, 9, nested=True)]

    def test_none(self, database: sqlite3.Connection) -> None:
        """Nothing happens."""
        assert remove_spans(database, [], "gone") == Removed()


class TestRemoveSignals:
    def test_of_these_traces(self, database: sqlite3.Connection) -> None:
        """What belongs to another, or to none, stays."""
        put(database, *(LogRecord(1, 1, trace_id=one * 32) for one in "aab"), LogRecord(1, 1))
        with transaction(database):
            remove_signals(database, ["a" * 32])

        assert 2 == database.execute("SELECT count(*) FROM signals").fetchone()[0]


class TestRemoved:
    def test_can_be_added_up(self) -> None:
        """Number by number."""
        assert sum([Removed(1, 2, 3), Removed(10, 20, 30)], Removed()) == Removed(11, 22, 33)
