from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.guarded_outbox import GuardedOutbox
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
    return GuardedOutbox(Outbox(database, writer.receiver), nullcontext, set())


def keys(outbox: GuardedOutbox, signal: str = TRACES) -> list[int]:
    """Return the keys of what waits."""
    return [key for key, _, _ in outbox.waiting(signal, 9, 1 << 20)]


class TestWaiting:
    def test_is_not_asked_for_where_nothing_was(self, outbox: GuardedOutbox, database: sqlite3.Connection) -> None:
        """Whoever has written says so, by what is known."""
        outbox.delivered(TRACES, keys(outbox))
        found = [keys(outbox)]
        database.close()

        assert [[], []] == [*found, keys(outbox)]
