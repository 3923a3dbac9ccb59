from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.guarded_outbox import GuardedOutbox, Known
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.store import note_writer, store
from orchestrace.records import SpanRecord

WRITER = Header("p", 1, "here", 1, "1", {}, receiver=Addressee("5d", "http://collector:4318"))


@pytest.fixture
def outbox(database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> GuardedOutbox:
    """Return an outbox in which a span waits."""
    with transaction(database):
        writer = note_writer(database, WRITER, over=False)
        store(database, [span(1, end=1)], writer)
    assert writer.receiver is not None
    return GuardedOutbox(Outbox(database, writer.receiver), nullcontext, Known())


def keys(outbox: GuardedOutbox, signal: str = TRACES) -> list[int]:
    """Return the keys of what waits."""
    return [key for key, _, _ in outbox.waiting(signal, 9, 1 << 20)]


def refuse(database: sqlite3.Connection, *, everything: bool) -> None:
    """Have the database take nothing, as on a full disk; or take it again."""
    database.execute(f"PRAGMA query_only = {'ON' if everything else 'OFF'}")


class TestWaiting:
    def test_is_not_asked_for_where_nothing_was(self, outbox: GuardedOutbox, database: sqlite3.Connection) -> None:
        """Whoever has written says so, by what is known."""
        outbox.delivered(TRACES, keys(outbox))
        found = [keys(outbox)]
        database.close()

        assert [[], []] == [*found, keys(outbox)]


class TestDelivered:
    def test_is_noted_later_where_the_disk_is_full(self, outbox: GuardedOutbox, database: sqlite3.Connection) -> None:
        """Until then nothing is given out: it would arrive twice."""
        arrived = keys(outbox)
        refuse(database, everything=True)
        with pytest.raises(sqlite3.OperationalError):
            outbox.delivered(TRACES, arrived)
        with pytest.raises(sqlite3.OperationalError):
            keys(outbox)
        refuse(database, everything=False)

        assert ([], Balance(delivered=1)) == (keys(outbox), accounts.balance_of(database, "p"))

    def test_of_another_signal_is_another_matter(self, outbox: GuardedOutbox, database: sqlite3.Connection) -> None:
        """Log records go while spans cannot be noted."""
        arrived = keys(outbox)
        refuse(database, everything=True)
        with pytest.raises(sqlite3.OperationalError):
            outbox.delivered(TRACES, arrived)

        assert [] == keys(outbox, "logs")
