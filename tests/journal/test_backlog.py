from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from orchestrace.journal.addressee import Addressee
from orchestrace.journal.backlog import Backlog
from orchestrace.journal.database import transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.store import note_writer, store
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

WRITER = Header("p", 1, "here", 1, "1", {}, receiver=Addressee("5d", "http://collector:4318"))
PLENTY = 1 << 30


def put(database: sqlite3.Connection, *records: SpanRecord) -> Backlog:
    """Have spans wait; return where they do."""
    with transaction(database):
        writer = note_writer(database, WRITER, over=False)
        store(database, records, writer)
    return Backlog(database, writer.receiver or 0)


def rich(number: int, span: Callable[..., SpanRecord]) -> SpanRecord:
    """Return a span with something in every field."""
    return span(
        number,
        end=number + 9,
        parent_id="b" * 16,
        kind=3,
        status="ERROR",
        status_message='said "no"',
        attributes={"a": [1, 2], "é": "\0", "x": "],["},
        events=[EventRecord("e", 1, {"b": True}), EventRecord("f", 2)],
        links=[LinkRecord("c" * 32, "d" * 16, {"e": 0.5})],
        scope="s",
        scope_version="1",
        trace_state="x=y",
    )


class TestRead:
    def test_many_are_read_as_one(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """Each with all that is its own, also where others have nothing."""
        spans = [rich(1, span), span(2, end=11), rich(3, span)]

        assert spans == [record for _, _, record in put(database, *spans).read(9, PLENTY)]

    def test_in_any_portions_each_comes_once(
        self, database: sqlite3.Connection, span: Callable[..., SpanRecord]
    ) -> None:
        """Also of those that ended in the same moment."""
        spans = [span(number, end=50 + number // 3, attributes={"x": "x" * 900}) for number in range(20)]
        backlog = put(database, *spans)

        few, all_of_them = ([one[2] for one in backlog.read(20, size)] for size in (8_700, PLENTY))

        assert (spans[: len(few)], spans) == (few, all_of_them)
        assert 6 < len(few) < 10

    @pytest.mark.parametrize("broken", ["{", "{},{}", ""])
    def test_a_broken_document_costs_no_other_span(
        self, database: sqlite3.Connection, span: Callable[..., SpanRecord], broken: str
    ) -> None:
        """It is read as if it were empty."""
        backlog = put(database, *(span(number, end=number, attributes={"a": number}) for number in range(1, 6)))
        database.execute("UPDATE spans SET attributes = ? WHERE name = 'span 3'", (broken,))

        assert [{"a": 1}, {"a": 2}, {}, {"a": 4}, {"a": 5}] == [one[2].attributes for one in backlog.read(9, PLENTY)]

    def test_nothing_waits(self, database: sqlite3.Connection) -> None:
        """Nor did anything ever."""
        assert [] == Backlog(database, 1).read(9, PLENTY)
