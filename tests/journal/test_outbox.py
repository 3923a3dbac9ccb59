from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrace.balance import Balance
from orchestrace.conventions import ROLE
from orchestrace.journal import accounts, backlog
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import FILE_NAME, transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.store import note_receiver, note_writer, store
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

COLLECTOR, OTHER = Addressee("5d", "http://collector:4318"), Addressee("6e", "http://other:4318")
WRITER = Header("p", 1, "here", 1, "1", {"service.name": "shop"}, receiver=COLLECTOR)
PLENTY = 1 << 30


def put(database: sqlite3.Connection, *records: Any, **header: Any) -> int:
    """Put in what a process wrote; return its row."""
    with transaction(database):
        writer = note_writer(database, replace(WRITER, **header), over=False)
        store(database, records, writer)
    return writer.process


@pytest.fixture
def waiting(database: sqlite3.Connection) -> Outbox:
    """Return the outbox of the collector."""
    return Outbox(database, note_receiver(database, COLLECTOR) or 0)


def keys(box: Outbox, signal: str = TRACES) -> list[int]:
    """Return the keys of all that waits."""
    return [key for key, _, _ in box.waiting(signal, 100, PLENTY)]


class TestWaiting:
    def test_what_ended_first_goes_first(
        self, database: sqlite3.Connection, waiting: Outbox, span: Callable[..., SpanRecord]
    ) -> None:
        """Whatever order it was read in; of what ended at once, what was read first."""
        records = [span(1, end=30), span(2, end=10), span(3, end=20), span(4, end=10)]
        process = put(database, *records)

        assert [(process, records[number]) for number in (1, 3, 2, 0)] == [
            one[1:] for one in waiting.waiting(TRACES, 9, PLENTY)
        ]

    def test_the_order_is_read_from_an_index(self, database: sqlite3.Connection) -> None:
        """With a hundred thousand spans waiting none but those that are asked for is touched."""
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {backlog._WAITING}", (1, 0, 0, 512))]

        assert any("USING INDEX deliveries_waiting (receiver=? AND time>?)" in step for step in plan)
        assert not any("TEMP B-TREE" in step or step.startswith(("SCAN d", "SCAN s")) for step in plan)

    def test_at_most_so_many(
        self, database: sqlite3.Connection, waiting: Outbox, span: Callable[..., SpanRecord]
    ) -> None:
        """Those that have waited longest."""
        put(database, *(span(number, end=number) for number in range(5)))

        assert ["span 0", "span 1"] == [record.name for _, _, record in waiting.waiting(TRACES, 2, PLENTY)]  # type: ignore[union-attr]

    @pytest.mark.parametrize(("size", "found"), [(1, 1), (1_500, 2), (2_500, 3), (PLENTY, 4)])
    def test_no_more_than_so_large(
        self, database: sqlite3.Connection, waiting: Outbox, span: Callable[..., SpanRecord], size: int, found: int
    ) -> None:
        """But one at least: what is too large for any request must not stand still for ever."""
        put(database, *(span(number, end=number, attributes={"long": "x" * 1000}) for number in range(4)))

        assert found == len(waiting.waiting(TRACES, 9, size))

    def test_none_but_its_own(
        self, database: sqlite3.Connection, waiting: Outbox, span: Callable[..., SpanRecord]
    ) -> None:
        """Not what runs, is kept, withheld, or for another receiver."""
        put(database, span(1, end=1), span(2), span(3, end=3, sampled=False), LogRecord(1, 1))
        put(database, span(4, end=4), LogRecord(2, 1), process="kept", receiver=None)
        put(database, span(5, end=5), process="withheld", withheld=True)
        put(database, span(6, end=6), LogRecord(3, 1), process="other", receiver=OTHER)

        assert ["span 1"] == [record.name for _, _, record in waiting.waiting(TRACES, 9, PLENTY)]  # type: ignore[union-attr]
        assert [LogRecord(1, 1)] == [record for _, _, record in waiting.waiting("logs", 9, PLENTY)]

    def test_log_records_and_metrics_in_the_order_in_which_they_came(
        self, database: sqlite3.Connection, waiting: Outbox
    ) -> None:
        """As they were written; each kind by itself."""
        logs = [
            LogRecord(9, 9, body={"a": [1, None]}),
            LogRecord(1, 1, event_name="judged", attributes={"n": {"b": 2}}),
        ]
        process = put(database, logs[0], MetricsRecord(5, b"\x00\xff"), logs[1])

        assert [(process, one) for one in logs] == [one[1:] for one in waiting.waiting("logs", 9, PLENTY)]
        assert [(process, MetricsRecord(5, b"\x00\xff"))] == [one[1:] for one in waiting.waiting("metrics", 9, PLENTY)]
        assert 1 == len(waiting.waiting("logs", 1, PLENTY)) == len(waiting.waiting("logs", 9, 1))


class TestResource:
    def test_is_what_the_process_stated(self, database: sqlite3.Connection, waiting: Outbox) -> None:
        """Nothing of a process that nobody knows."""
        process = put(database, resource={"service.name": "shop", "n": 5})

        assert ({"service.name": "shop", "n": 5}, {}) == (waiting.resource(process), waiting.resource(99))


class TestDelivered:
    def test_waits_no_more(
        self, database: sqlite3.Connection, waiting: Outbox, span: Callable[..., SpanRecord]
    ) -> None:
        """It is counted as delivered, for the process that wrote it."""
        put(database, span(1, end=1), span(2, end=2))
        put(database, span(3, end=3), process="q")
        one, _, three = keys(waiting)
        waiting.delivered(TRACES, [one, three])

        assert ["span 2"] == [record.name for _, _, record in waiting.waiting(TRACES, 9, PLENTY)]  # type: ignore[union-attr]
        assert (Balance(delivered=1, waiting=1), Balance(delivered=1)) == (
            accounts.balance_of(database, "p"),
            accounts.balance_of(database, "q"),
        )

    def test_is_counted_once(
        self, database: sqlite3.Connection, waiting: Outbox, span: Callable[..., SpanRecord]
    ) -> None:
        """Two that sent the same span both say so; the first answer stays, also when a later one differs."""
        put(database, span(1, end=1))
        found = keys(waiting)
        waiting.delivered(TRACES, found * 2)
        waiting.refused(TRACES, found, "too late")
        put(database, span(1, end=1))

        assert ([], Balance(delivered=1)) == (keys(waiting), accounts.balance_of(database, "p"))

    def test_what_is_gone_is_no_error(self, database: sqlite3.Connection, waiting: Outbox) -> None:
        """It was forgotten while it was on its way."""
        waiting.delivered(TRACES, [77])
        waiting.refused("logs", [77], "")

        assert {} == accounts.balances(database)

    def test_signals_are_forgotten(self, database: sqlite3.Connection, waiting: Outbox) -> None:
        """Those that arrived, and no others."""
        put(database, LogRecord(1, 1), LogRecord(2, 2), MetricsRecord(3, b"x"))
        waiting.delivered("logs", keys(waiting, "logs")[:1])

        assert ([LogRecord(2, 2)], 1) == (
            [record for _, _, record in waiting.waiting("logs", 9, PLENTY)],
            len(keys(waiting, "metrics")),
        )


class TestRefused:
    def test_is_set_aside_with_its_reason(
        self, database: sqlite3.Connection, waiting: Outbox, span: Callable[..., SpanRecord]
    ) -> None:
        """Where it can be looked at, and when it was."""
        put(database, span(1, end=1))
        waiting.refused(TRACES, keys(waiting), "too large")
        state, reason, settled = database.execute("SELECT state, reason, settled FROM deliveries").fetchone()

        assert (accounts.REFUSED, "too large", True) == (state, reason, settled > 1)
        assert ([], Balance(refused=1)) == (keys(waiting), accounts.balance_of(database, "p"))

    def test_signals_are_forgotten(self, database: sqlite3.Connection, waiting: Outbox) -> None:
        """Nobody would look at them."""
        put(database, LogRecord(1, 1))
        waiting.refused("logs", keys(waiting, "logs"), "no")

        assert [] == keys(waiting, "logs")


class TestDiscard:
    def test_takes_one_kind_for_one_receiver(self, database: sqlite3.Connection, waiting: Outbox) -> None:
        """What others would take stays."""
        put(database, LogRecord(1, 1), MetricsRecord(2, b"x"))
        put(database, MetricsRecord(3, b"x"), process="q", receiver=OTHER)
        waiting.discard("metrics")
        left = database.execute("SELECT kind, time FROM signals ORDER BY id").fetchall()

        assert [("logs", 1), ("metrics", 3)] == left


class TestCatchUp:
    def test_what_arrived_is_not_given_out_again(
        self, database: sqlite3.Connection, folder: Path, waiting: Outbox, span: Callable[..., SpanRecord]
    ) -> None:
        """The database could not be written when it arrived: before anything else goes, that is noted."""
        put(database, span(1, end=1), span(2, end=2), LogRecord(1, 1))
        one, two = keys(waiting)
        logs = keys(waiting, "logs")
        database.execute("PRAGMA busy_timeout = 0")
        with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite3.OperationalError):
                waiting.delivered(TRACES, [one])
            with pytest.raises(sqlite3.OperationalError):
                waiting.delivered("logs", logs)
            with pytest.raises(sqlite3.OperationalError):
                waiting.waiting(TRACES, 9, PLENTY)

        assert ([two], []) == (keys(waiting), keys(waiting, "logs"))
        assert Balance(delivered=1, waiting=1) == accounts.balance_of(database, "p")


class TestMark:
    def test_a_marker_is_counted_nowhere(
        self, database: sqlite3.Connection, waiting: Outbox, span: Callable[..., SpanRecord]
    ) -> None:
        """It goes out like a span, with the resource of the run's process; no span of the program ended."""
        process = put(database, span(1, attributes={ROLE: "agent"}))
        marked = waiting.mark()
        ((key, writer, marker),) = waiting.waiting(TRACES, 9, PLENTY)
        before = accounts.balance_of(database, "p")
        waiting.delivered(TRACES, [key])

        assert (1, process, "started span 1") == (marked, writer, marker.name)  # type: ignore[union-attr]
        assert ([], Balance(), Balance()) == (keys(waiting), before, accounts.balance_of(database, "p"))
