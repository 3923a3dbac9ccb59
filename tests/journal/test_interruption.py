from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrace.balance import Balance
from orchestrace.conventions import ENDING, ERROR_TYPE, INPUT_VALUE
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.ingest import ingest
from orchestrace.journal.interruption import MESSAGE, interrupt
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.row import COLUMNS, record_of
from orchestrace.records import SpanRecord

COLLECTOR = Addressee("5d", "http://collector:4318")


def take(database: sqlite3.Connection, folder: Path) -> None:
    """Ingest to the end."""
    for _ in ingest(database, folder):
        pass


def found(database: sqlite3.Connection, name: str) -> SpanRecord:
    """Return a span by its name."""
    query = f"SELECT {', '.join(COLUMNS)} FROM spans WHERE name = ?"  # noqa: S608 - our names
    return record_of(database.execute(query, (name,)).fetchone())


class TestInterrupt:
    def test_ends_at_the_last_sign_of_life(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Of the process that was killed, with all that was known when it began: its prompt, its parent, its scope."""
        root = span(1, attributes={INPUT_VALUE: "Write to Li."}, scope="orchestrace", trace_state="a=1")
        inner, last = span(2, parent_id=root.span_id), span(3, parent_id=root.span_id, end=span(7).start)
        writer().write(root, inner, last).die()
        take(database, folder)
        ended = found(database, "span 1")

        assert (last.end, "ERROR", MESSAGE) == (ended.end, ended.status, ended.status_message)
        assert {INPUT_VALUE: "Write to Li.", ENDING: "interrupted", ERROR_TYPE: "interrupted"} == ended.attributes
        assert ("orchestrace", "a=1", None) == (ended.scope, ended.trace_state, ended.parent_id)
        assert (root.span_id, last.end) == (found(database, "span 2").parent_id, found(database, "span 2").end)
        assert last == found(database, "span 3")

    def test_lasts_for_a_moment_at_least(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Its start was the last sign of life; a span without length is a broken one to some backends."""
        writer().write(span(1)).die()
        take(database, folder)

        assert span(1).start + 1_000 == found(database, "span 1").end

    def test_what_runs_in_a_living_process_runs_on(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Beside one that is gone."""
        writer("gone").write(span(1)).die()
        writer("living").write(span(2))
        take(database, folder)

        assert (True, None) == (found(database, "span 1").end is not None, found(database, "span 2").end)

    def test_is_sent_and_counted_once(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Also when it is looked for again, after it was delivered."""
        writer(receiver=COLLECTOR).write(span(1), span(2, sampled=False)).die()
        take(database, folder)
        outbox = Outbox(database, 1)
        waiting = outbox.waiting(TRACES, 9, 1 << 20)
        outbox.delivered(TRACES, [key for key, _, _ in waiting])
        take(database, folder)
        list(interrupt(database))

        assert ["span 1"] == [record.name for _, _, record in waiting]  # type: ignore[union-attr]
        assert [] == outbox.waiting(TRACES, 9, 1 << 20)
        assert Balance(delivered=1, dropped={"not sampled": 1}) == accounts.balance_of(database, "writer")

    def test_without_a_receiver_it_is_kept(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """And not sent where nothing is to be sent."""
        writer("kept").write(span(1)).die()
        writer("withheld", withheld=True).write(span(2)).die()
        take(database, folder)

        assert [(accounts.KEPT,), (accounts.WITHHELD,)] == database.execute(
            "SELECT state FROM deliveries ORDER BY id"
        ).fetchall()

    def test_many_are_several_transactions(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """So that nobody waits long."""
        one = writer().write(*(span(number) for number in range(300)))
        take(database, folder)
        one.die()
        database.execute("UPDATE processes SET over = 1")

        assert (2, 0) == (len(list(interrupt(database))), len(list(interrupt(database))))
        assert Balance(waiting=300) == accounts.balance_of(database, "writer")
