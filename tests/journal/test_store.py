from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import connect_in_memory, transaction
from orchestrace.journal.encoding import Header, encode, encode_rest
from orchestrace.journal.pairing import records_of
from orchestrace.journal.row import COLUMNS, record_of
from orchestrace.journal.store import NOT_SAMPLED, NOT_SENT, deliver, note_receiver, note_writer, store
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

COLLECTOR = Addressee("5d", "http://collector:4318")
WRITER = Header("p", 1, "here", 1, "1", {"service.name": "shop"}, receiver=COLLECTOR)
ID = st.sampled_from(["a", "b", "c"])
SAID = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), max_size=3)
RECORDS = st.lists(
    st.builds(
        SpanRecord,
        ID,
        ID,
        st.none(),
        st.just("x"),
        st.just(0),
        st.just(5),
        st.sampled_from([None, 9, 12]),
        sampled=st.booleans(),
    )
)


def put(database: sqlite3.Connection, *records: Any, over: bool = False, **header: Any) -> None:
    """Put in what a process wrote, in one transaction."""
    with transaction(database):
        store(database, records, note_writer(database, replace(WRITER, **header), over=over))


def deliveries(database: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Return the state, the receiver's id and the reason of every span that ended."""
    return database.execute(
        "SELECT state, r.id, reason FROM deliveries LEFT JOIN receivers AS r USING (receiver) ORDER BY deliveries.id"
    ).fetchall()


class TestStates:
    @pytest.mark.parametrize(
        ("sampled", "header", "state", "receiver", "reason"),
        [
            (True, {}, accounts.WAITING, "5d", ""),
            (True, {"receiver": None}, accounts.KEPT, None, ""),
            (True, {"withheld": True}, accounts.WITHHELD, None, NOT_SENT),
            (True, {"receiver": None, "withheld": True}, accounts.WITHHELD, None, NOT_SENT),
            (False, {}, accounts.WITHHELD, None, NOT_SAMPLED),
            (False, {"receiver": None}, accounts.WITHHELD, None, NOT_SAMPLED),
            (False, {"withheld": True}, accounts.WITHHELD, None, NOT_SAMPLED),
        ],
    )
    def test_what_becomes_of_a_span(  # noqa: PLR0913, PLR0917 - a fixture and a case
        self,
        database: sqlite3.Connection,
        span: Callable[..., SpanRecord],
        sampled: bool,  # noqa: FBT001 - a case
        header: dict[str, Any],
        state: int,
        receiver: str | None,
        reason: str,
    ) -> None:
        """It waits for whom its process writes, is kept if that is nobody, and is counted where it is not sent."""
        put(database, span(1, end=9, sampled=sampled), **header)

        assert [(state, receiver, reason)] == deliveries(database)
        assert [(state, reason, 1)] == database.execute("SELECT state, reason, spans FROM accounts").fetchall()

    def test_what_runs_is_in_no_account(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """Only what ended is delivered, and counted."""
        put(database, span(1))

        assert ([], Balance()) == (deliveries(database), accounts.balance_of(database, "p"))


class TestStore:
    @given(RECORDS, st.lists(st.integers(0, 30), max_size=4), st.booleans())
    @settings(deadline=None, max_examples=25)
    def test_however_it_is_read_it_is_counted_once(
        self,
        records: list[SpanRecord],
        cuts: list[int],
        again: bool,  # noqa: FBT001 - drawn
    ) -> None:
        """In pieces, and each of them twice: a span that ended is in exactly one account."""
        with closing(connect_in_memory()) as database:
            for piece in pieces(records, cuts):
                for _ in range(1 + again):
                    put(database, *piece)
            ended = {(record.trace_id, record.span_id) for record in records if record.end is not None}

            assert len(ended) == accounts.balance_of(database, "p").ended == len(deliveries(database))
            counted = "SELECT state, reason, spans FROM accounts ORDER BY state, reason"
            there = "SELECT state, reason, count(*) FROM deliveries GROUP BY state, reason ORDER BY state, reason"
            assert database.execute(there).fetchall() == database.execute(counted).fetchall()

    @given(st.lists(SAID, min_size=1, max_size=5), st.booleans(), st.lists(st.integers(0, 5), max_size=3))
    @settings(deadline=None, max_examples=60)
    def test_however_it_was_said_all_of_it_is_there(
        self,
        said: list[dict[str, int]],
        ends: bool,  # noqa: FBT001 - drawn
        cuts: list[int],
    ) -> None:
        """A span says more from frame to frame, or something else, and they are read in pieces."""
        attributes: dict[str, int] = {}
        payloads: list[bytes] = []
        for number, more in enumerate(said):
            before, attributes = attributes, {**attributes, **more}
            end = 9 if ends and number == len(said) - 1 else None
            record = SpanRecord("a" * 32, "b" * 16, None, "x", 0, 5, end, attributes=dict(attributes))
            payloads.append(encode_rest(record, before) if number else encode(record))
        with closing(connect_in_memory()) as database:
            for piece in pieces(payloads, cuts):
                put(database, *records_of(piece))
            ((kept, ended),) = database.execute("SELECT attributes, end_time FROM spans").fetchall()

        assert sorted(attributes.items()) == sorted(orjson.loads(kept).items())
        assert len(attributes) == kept.count(":")  # each is there once
        assert end == ended

    def test_a_start_never_replaces_an_end(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """Nor is a span counted anew by it."""
        ended = span(1, end=9, status="OK")
        put(database, ended)
        put(database, span(1))

        assert [ended] == [record_of(row) for row in database.execute(f"SELECT {', '.join(COLUMNS)} FROM spans")]  # noqa: S608 - ours
        assert Balance(waiting=1) == accounts.balance_of(database, "p")

    def test_is_undone_with_its_transaction(
        self, database: sqlite3.Connection, span: Callable[..., SpanRecord]
    ) -> None:
        """Spans and accounts together."""
        with pytest.raises(ZeroDivisionError), transaction(database):
            put_and_fail(database, span(1, end=9))

        assert ([], {}) == (deliveries(database), accounts.balances(database))

    def test_knows_the_last_sign_of_life(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """The latest start or end that a process wrote, in whatever order."""
        latest = span(9).start
        put(database, span(1, end=latest + 5), span(9))
        put(database, span(2))

        assert [(latest + 5,)] == database.execute("SELECT last_time FROM processes").fetchall()

    def test_log_records_and_metrics_wait(self, database: sqlite3.Connection) -> None:
        """Since they were noticed; for the same receiver, also of a process that withholds its spans."""
        put(database, LogRecord(3, 4, trace_id="a" * 32), MetricsRecord(5, b"\x00measured"), withheld=True)
        rows = database.execute("SELECT kind, trace_id, time, receiver FROM signals ORDER BY id").fetchall()

        assert [("logs", "a" * 32, 4, 1), ("metrics", None, 5, 1)] == rows


class TestDeliver:
    def test_counts_a_span_once(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """What is to become of it was decided the first time."""
        put(database, span(1, end=9))
        with transaction(database):
            deliver(database, [span(1, end=9, sampled=False)], note_writer(database, WRITER, over=False))

        assert Balance(waiting=1) == accounts.balance_of(database, "p")

    def test_what_two_processes_recorded_is_one(
        self, database: sqlite3.Connection, span: Callable[..., SpanRecord]
    ) -> None:
        """An outcome that both reported at once: the first has it, and the other waits for nothing."""
        put(database, span(1, end=9))
        with transaction(database):
            other = note_writer(database, replace(WRITER, process="q"), over=False)
            store(database, [span(1, end=9), span(2, end=9)], other)

        assert Balance(waiting=1) == accounts.balance_of(database, "p")
        assert Balance(waiting=1, dropped={"recorded by another process": 1}) == accounts.balance_of(database, "q")


class TestNoteReceiver:
    def test_makes_one_row_of_an_id(self, database: sqlite3.Connection) -> None:
        """Whoever names it, however its address is written."""
        one = note_receiver(database, COLLECTOR)

        assert (one, one) == (note_receiver(database, COLLECTOR), note_receiver(database, Addressee("5d", "elsewhere")))
        assert one != note_receiver(database, Addressee("6e", "http://collector:4318"))

    def test_nobody_has_none(self, database: sqlite3.Connection) -> None:
        """Programs without an endpoint write for nobody."""
        assert note_receiver(database, None) is None


class TestNoteWriter:
    def test_stays_with_who_adopted_it(self, database: sqlite3.Connection) -> None:
        """What it writes afterwards waits there too, whatever its segments say."""
        first = note_writer(database, replace(WRITER, receiver=None), over=False)
        other = note_receiver(database, Addressee("6e", "http://other"))
        database.execute("UPDATE processes SET receiver = ?", (other,))
        again = note_writer(database, replace(WRITER, receiver=None), over=False)

        assert ((first.process, None), (first.process, other)) == (
            (first.process, first.receiver),
            (again.process, again.receiver),
        )

    def test_knows_who_is_over(self, database: sqlite3.Connection) -> None:
        """And that one writes again which had closed its journal."""
        said = []
        for over in (False, True, False):
            note_writer(database, WRITER, over=over)
            said += database.execute("SELECT over FROM processes").fetchall()

        assert [(0,), (1,), (0,)] == said


def pieces(records: Sequence[SpanRecord], cuts: list[int]) -> list[Sequence[SpanRecord]]:
    """Return the records in several pieces."""
    places = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    return [records[start:end] for start, end in pairwise(places)]


def put_and_fail(database: sqlite3.Connection, record: SpanRecord) -> None:
    """Put in a span, and raise."""
    store(database, [record], note_writer(database, WRITER, over=False))
    raise ZeroDivisionError
