from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.set_aside import resend, set_aside
from orchestrace.journal.store import note_writer, store
from orchestrace.records import SpanRecord

HEADER = Header("p", 1, "here", 1, "1", {}, receiver=Addressee("1", "http://one"))


@pytest.fixture
def outbox(database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> Outbox:
    """Return an outbox of which three spans were refused, for two reasons, and a fourth waits."""
    with transaction(database):
        records = [span(number, end=number * 10**9) for number in range(1, 5)]
        store(database, records, note_writer(database, HEADER, over=False))
    made = Outbox(database, 1)
    keys = [key for key, _, _ in made.waiting(TRACES, 3, 1 << 20)]
    made.refused(TRACES, keys[:2], "413 too large")
    made.refused(TRACES, keys[2:], "400 bad")
    return made


class TestSetAside:
    def test_the_newest_comes_first(self, database: sqlite3.Connection, outbox: Outbox) -> None:
        """Which span, and why."""
        del outbox

        assert [("span 3", "400 bad"), ("span 2", "413 too large")] == [
            (one.name, one.reason) for one in set_aside(database, 2)
        ]
        assert ("a" * 32, f"{1:016x}", 10**9) == (
            set_aside(database)[2].trace_id, set_aside(database)[2].span_id, set_aside(database)[2].end
        )  # fmt: skip
        assert set_aside(database)[0].refused > 10**18


class TestResend:
    def test_all_wait_again(self, database: sqlite3.Connection, outbox: Outbox) -> None:
        """In the order of their time, before what came later."""
        assert (3, []) == (resend(database), set_aside(database))
        assert ["span 1", "span 2", "span 3", "span 4"] == [
            record.name for _, _, record in outbox.waiting(TRACES, 9, 1 << 20) if isinstance(record, SpanRecord)
        ]
        assert accounts.balance_of(database, "p") == Balance(waiting=4)

    def test_by_reason(self, database: sqlite3.Connection, outbox: Outbox) -> None:
        """By words that stand in it."""
        del outbox

        assert (2, 0) == (resend(database, "too large"), resend(database, "too large"))
        assert accounts.balance_of(database, "p") == Balance(waiting=3, refused=1)

    def test_without_a_receiver_they_are_kept(self, database: sqlite3.Connection, outbox: Outbox) -> None:
        """For whoever has one."""
        database.execute("UPDATE processes SET receiver = NULL")
        resend(database)

        assert 1 == len(outbox.waiting(TRACES, 9, 1 << 20))
        assert accounts.balance_of(database, "p") == Balance(waiting=4)
        assert [(accounts.KEPT, 3)] == database.execute(
            "SELECT state, spans FROM accounts WHERE state = ?", (accounts.KEPT,)
        ).fetchall()
