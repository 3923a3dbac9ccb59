from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from orchestrace.balance import Balance
from orchestrace.delivery import Delivery
from orchestrace.export.forwarder import Forwarder
from orchestrace.export.receiver import resolve
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.dispatch import Dispatch
from orchestrace.journal.journal import Journal
from orchestrace.journal.ledger import Ledger
from orchestrace.journal.memory import MemoryOutbox
from orchestrace.records import SpanRecord
from orchestrace.testing import OtlpReceiver, refused_endpoint

Make = Callable[..., Delivery]


def span(number: int) -> SpanRecord:
    """Return a span that has ended."""
    return SpanRecord("a" * 32, f"{number:016x}", None, "work", 0, 1, number)


def soon() -> float:
    """Return a deadline that nothing here should need."""
    return time.monotonic() + 10


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return what makes the way to an endpoint, or to nobody."""
    made: list[Delivery] = []

    def one(endpoint: str | None = None) -> Delivery:
        receiver = resolve(endpoint=endpoint, protocol=None, headers=None)
        if receiver is None:
            journal = Journal(tmp_path / "journal")
            made.append(Delivery(journal, None, None, Ledger(journal.folder)))
            return made[-1]
        whom = Addressee(receiver.id, receiver.destination)
        journal = Journal(tmp_path / "journal", receiver=whom)
        dispatch = Dispatch(
            journal.folder, whom, service=None, memory=partial(MemoryOutbox, journal.refuge.overflow, journal.header)
        )
        made.append(Delivery(journal, dispatch, Forwarder(receiver, dispatch), Ledger(journal.folder)))
        return made[-1]

    yield one
    for delivery in made:
        if delivery.forwarder is not None:
            delivery.forwarder.stop(1)
        delivery.journal.close()
        delivery.ledger.close()


class TestBalance:
    def test_counts_what_is_not_in_the_database_yet(self, make: Make) -> None:
        """It waits: a thread has not come by so far."""
        delivery = make()
        delivery.journal.worker.start = lambda: None  # type: ignore[method-assign] # nobody comes by at all
        for number in (1, 2):
            delivery.journal.ended(span(number))

        assert Balance(waiting=2) == delivery.balance()


class TestWait:
    def test_for_nobody_takes_no_time(self, make: Make) -> None:
        """What waits for a receiver that nobody knows is not waited for."""
        delivery = make()
        delivery.journal.ended(span(1))
        begun = time.monotonic()
        balance, signals = delivery.wait(soon())

        assert (1, 0) == (balance.waiting, signals)
        assert time.monotonic() - begun < 5

    def test_ends_when_all_has_arrived(self, make: Make) -> None:
        """And says that it has."""
        with OtlpReceiver() as receiver:
            delivery = make(receiver.endpoint)
            assert delivery.forwarder is not None
            for number in (1, 2):
                delivery.journal.ended(span(number))
            delivery.forwarder.hurry()

            assert (Balance(delivered=2), 0) == delivery.wait(soon())

    def test_has_no_patience_with_a_receiver_that_refuses_connections(self, make: Make) -> None:
        """Whoever leaves does not stand before a closed door."""
        with refused_endpoint() as endpoint:
            delivery = make(endpoint)
            assert delivery.forwarder is not None
            delivery.journal.ended(span(1))
            delivery.forwarder.hurry()
            begun = time.monotonic()
            balance, _ = delivery.wait(soon(), 5.0, begun)

            assert 1 == balance.waiting
            assert time.monotonic() - begun < 5


class TestFlushed:
    def test_is_true_where_all_is_stored(self, make: Make) -> None:
        """Without a receiver the journal is where things go."""
        delivery = make()
        delivery.journal.ended(span(1))
        flushed = delivery.flushed(soon(), stored=True)

        assert (True, "") == (bool(flushed), flushed.why)

    def test_says_what_is_missing(self, make: Make) -> None:
        """In words, for whoever has to do something about it."""
        with refused_endpoint() as endpoint:
            delivery = make(endpoint)
            delivery.journal.ended(span(1))
            flushed = delivery.flushed(time.monotonic(), stored=False)

            assert not flushed
            assert f"not everything is in the journal's database; 1 spans wait for {endpoint}" == flushed.why
