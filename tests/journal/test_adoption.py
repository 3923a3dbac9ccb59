from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.adoption import adopt, held
from orchestrace.journal.database import transaction
from orchestrace.journal.election import Election
from orchestrace.journal.encoding import Header
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.store import note_receiver, note_writer, store
from orchestrace.records import LogRecord, SpanRecord

OURS, OLD = Addressee("5d", "http://collector:4318"), Addressee("0f", "http://localhost:9999")
WRITER = Header("p", 1, "here", 1, "1", {"service.name": "shop"})

Put = Callable[..., None]


@pytest.fixture
def ours(database: sqlite3.Connection) -> int:
    """Return the row of the receiver that somebody sends to."""
    return note_receiver(database, OURS) or 0


@pytest.fixture
def put(database: sqlite3.Connection) -> Put:
    """Return what puts in records of a process."""

    def one(*records: Any, over: bool = False, **header: Any) -> None:
        with transaction(database):
            store(database, records, note_writer(database, replace(WRITER, **header), over=over))

    return one


@pytest.fixture
def sending(folder: Path, database: sqlite3.Connection) -> Iterator[Election]:
    """Have somebody send to the old receiver."""
    assert database  # the folder is there
    election = Election(folder, OLD.id)
    election.win()
    yield election
    election.leave()


def waiting(database: sqlite3.Connection, receiver: int) -> list[str]:
    """Return the names of the spans that wait for a receiver."""
    return [record.name for _, _, record in Outbox(database, receiver).waiting(TRACES, 99, 1 << 30)]  # type: ignore[union-attr]


class TestOfEverybody:
    """`orchestrace forward` takes whatever nobody else will send."""

    def test_who_has_no_receiver(
        self, database: sqlite3.Connection, folder: Path, ours: int, put: Put, span: Callable[..., SpanRecord]
    ) -> None:
        """Whether it lives or not: what is kept waits, and so does what it writes from now on."""
        put(span(1, end=1), span(2))
        put(span(3, end=3), process="gone", over=True)
        found = adopt(database, folder, ours, None)
        put(span(2, end=2), span(4, end=4))

        assert (2, ["span 1", "span 2", "span 3", "span 4"]) == (found, waiting(database, ours))
        assert [Balance(waiting=3), Balance(waiting=1)] == [
            accounts.balance_of(database, process) for process in ("p", "gone")
        ]
        assert [] == database.execute("SELECT * FROM accounts WHERE state = 0 AND spans <> 0").fetchall()

    def test_who_is_gone_and_whose_receiver_nobody_sends_to(
        self, database: sqlite3.Connection, folder: Path, ours: int, put: Put, span: Callable[..., SpanRecord]
    ) -> None:
        """With what waits of it, log records too; what was delivered is history."""
        put(span(1, end=1), span(2, end=2), LogRecord(1, 1), receiver=OLD, over=True)
        old = Outbox(database, note_receiver(database, OLD) or 0)
        old.delivered(TRACES, [old.waiting(TRACES, 1, 1)[0][0]])

        assert (1, ["span 2"]) == (adopt(database, folder, ours, None), waiting(database, ours))
        assert 1 == len(Outbox(database, ours).waiting("logs", 9, 1 << 20))
        assert Balance(delivered=1, waiting=1) == accounts.balance_of(database, "p")

    @pytest.mark.usefixtures("sending")
    def test_not_what_somebody_else_sends(
        self, database: sqlite3.Connection, folder: Path, ours: int, put: Put, span: Callable[..., SpanRecord]
    ) -> None:
        """Of a process that is gone, too: another one with the same receiver has taken over."""
        put(span(1, end=1), receiver=OLD, over=True)

        assert (0, []) == (adopt(database, folder, ours, None), waiting(database, ours))

    def test_not_of_the_living_who_have_a_receiver(
        self, database: sqlite3.Connection, folder: Path, ours: int, put: Put, span: Callable[..., SpanRecord]
    ) -> None:
        """They are about to send it themselves."""
        put(span(1, end=1), receiver=OLD)

        assert (0, []) == (adopt(database, folder, ours, None), waiting(database, ours))

    def test_not_what_is_withheld(
        self, database: sqlite3.Connection, folder: Path, ours: int, put: Put, span: Callable[..., SpanRecord]
    ) -> None:
        """Nor of whom nothing waits."""
        put(span(1, end=1), process="off", withheld=True)
        put(span(2, end=2), process="off and gone", withheld=True, over=True)
        put(span(3, end=3, sampled=False), process="unsampled", over=True)
        put(process="idle", receiver=OLD, over=True)

        assert (0, []) == (adopt(database, folder, ours, None), waiting(database, ours))

    def test_nothing_twice(
        self, database: sqlite3.Connection, folder: Path, ours: int, put: Put, span: Callable[..., SpanRecord]
    ) -> None:
        """What is adopted stays where it is, and so does what was meant for this receiver."""
        put(span(1, end=1))
        put(span(2, end=2), process="own", receiver=OURS)

        assert [1, 0] == [adopt(database, folder, ours, None) for _ in range(2)]
        assert (["span 1", "span 2"], Balance(waiting=1)) == (
            waiting(database, ours),
            accounts.balance_of(database, "p"),
        )


class TestOfAService:
    """A program takes what its predecessors left behind for an address that was wrong."""

    def test_who_is_gone(
        self, database: sqlite3.Connection, folder: Path, ours: int, put: Put, span: Callable[..., SpanRecord]
    ) -> None:
        """Of the same service, and no other; and none that had no receiver, which may be meant."""
        put(span(1, end=1), receiver=OLD, over=True)
        put(span(2, end=2), process="living", receiver=OLD)
        put(span(3, end=3), process="other", receiver=OLD, over=True, resource={"service.name": "mill"})
        put(span(4, end=4), process="nameless", receiver=OLD, over=True, resource={})
        put(span(5, end=5), process="kept", over=True)

        assert (1, ["span 1"]) == (adopt(database, folder, ours, "shop"), waiting(database, ours))

    def test_not_what_somebody_else_sends(  # noqa: PLR0913, PLR0917 - fixtures
        self,
        database: sqlite3.Connection,
        folder: Path,
        ours: int,
        put: Put,
        span: Callable[..., SpanRecord],
        sending: Election,
    ) -> None:
        """Until nobody does any more."""
        put(span(1, end=1), receiver=OLD, over=True)
        during = adopt(database, folder, ours, "shop")
        sending.leave()

        assert (0, 1) == (during, adopt(database, folder, ours, "shop"))


class TestHeld:
    def test_is_what_somebody_else_sends(
        self, database: sqlite3.Connection, ours: int, put: Put, span: Callable[..., SpanRecord]
    ) -> None:
        """Of processes that are gone; of one that lives, or has no receiver, nothing depends on others."""
        put(span(1, end=1), receiver=OLD, over=True)
        put(span(2, end=2), process="living", receiver=Addressee("1a", "http://localhost:1"))
        put(span(3, end=3), process="kept", over=True)

        assert ({OLD.id}, {OLD.id}, set()) == tuple(held(database, ours, one) for one in ("shop", None, "mill"))
