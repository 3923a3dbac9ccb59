from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import connect, transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.forgetting import Whom, forget
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.past import PAST
from orchestrace.journal.retention import prune
from orchestrace.journal.set_aside import resend
from orchestrace.journal.store import note_writer, store
from orchestrace.records import SpanRecord

RECEIVERS = {"a": Addressee("1", "http://one"), "b": Addressee("2", "http://two"), "c": None, "d": None}
"""Who writes, and for whom: two receivers, and two without one, of whom the second sends nothing."""
DAY = 86_400_000_000_000

STORE = st.tuples(
    st.just("store"), st.sampled_from("abcd"), st.integers(0, 3), st.booleans(), st.integers(1, 5), st.integers(0, 9)
)
START = st.tuples(st.just("start"), st.sampled_from("abcd"), st.integers(0, 3), st.integers(1, 4))
SETTLE = st.tuples(st.sampled_from(["delivered", "refused"]), st.sampled_from("ab"), st.integers(1, 6))
REMOVE = st.tuples(st.sampled_from(["prune", "shrink", "forget", "resend"]), st.integers(0, 3))


def header(process: str) -> Header:
    """Return who writes."""
    return Header(process, 1, "here", 1, "1", {}, receiver=RECEIVERS[process], withheld=process == "d")


class Ledger:
    """A journal, and what was put into it, counted beside it."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder, self.database = folder, database
        self.put_in: Counter[str] = Counter()
        self.running: Counter[str] = Counter()
        self.number = 0

    def store(self, process: str, trace: int, sampled: bool, spans: int, age: int) -> None:  # noqa: FBT001 - drawn
        """Put in spans of a trace that ended `age` days ago."""
        end = time.time_ns() - age * DAY
        records = []
        for _ in range(spans):
            self.number += 1
            ids = f"{trace:032x}", f"{self.number:016x}"
            records.append(SpanRecord(*ids, None, "x", 0, end - 5, end, sampled=sampled))
        with transaction(self.database):
            store(self.database, records, note_writer(self.database, header(process), over=False))
        self.put_in[process] += spans

    def start(self, process: str, trace: int, spans: int) -> None:
        """Put in spans that run."""
        self.number += spans
        records = [
            SpanRecord(f"{trace:032x}", f"{self.number - one:016x}", None, "x", 0, 5, sampled=one < 3)
            for one in range(spans)
        ]
        with transaction(self.database):
            store(self.database, records, note_writer(self.database, header(process), over=False))
        self.running[process] += spans

    def settle(self, answer: str, process: str, count: int) -> None:
        """Have a receiver answer for what waits."""
        with transaction(self.database):
            receiver = note_writer(self.database, header(process), over=False).receiver
        outbox = Outbox(self.database, receiver or 0)
        keys = [key for key, _, _ in outbox.waiting(TRACES, count, 1 << 20)]
        if answer == "delivered":
            outbox.delivered(TRACES, keys)
        else:
            outbox.refused(TRACES, keys, f"too large: {len(keys)}")

    def remove(self, what: str, number: int) -> None:
        """Take spans out, or give them another chance."""
        if what == "forget":
            # There are no segments: all processes are found gone, and what ran in them ends.
            forget(self.database, self.folder, Whom(run=f"{number:032x}"))
            self.put_in += self.running
            self.running.clear()
        elif what == "resend":
            resend(self.database, str(number) if number else "")
        else:
            for _ in prune(
                self.database,
                self.folder,
                max_age=(number + 1) * 2 * 86_400,
                max_bytes=1 if what == "shrink" and number == 0 else 1 << 30,
            ):
                pass

    def balances(self) -> dict[str, Balance]:
        """Return the balance of each process, as the accounts have it; of those of whom nothing is left, together."""
        known = [process for (process,) in self.database.execute("SELECT id FROM processes")]
        return {process: accounts.balance_of(self.database, process) for process in known}

    def states(self) -> Counter[int]:
        """Return how many of the spans that are here are in each state."""
        rows = self.database.execute("SELECT state, count(*) FROM deliveries WHERE process IS NOT NULL GROUP BY state")
        return Counter(dict(rows.fetchall()))


@contextmanager
def ledger() -> Iterator[Ledger]:
    """Make a journal for one example."""
    with TemporaryDirectory() as place, closing(connect(Path(place))) as database:
        database.execute("PRAGMA synchronous = OFF")  # many examples, and no power failure
        yield Ledger(Path(place), database)


class TestBalances:
    @given(st.lists(STORE | START | SETTLE | REMOVE, max_size=25))
    @settings(deadline=None, max_examples=40)
    def test_whatever_happens_they_add_up(self, steps: list[tuple[object, ...]]) -> None:
        """For each process ended = delivered + waiting + refused + dropped, and is what was put in."""
        with ledger() as kept:
            for what, *values in steps:
                if what == "store":
                    kept.store(*values)  # type: ignore[arg-type] # as drawn
                elif what == "start":
                    kept.start(*values)  # type: ignore[arg-type] # as drawn
                elif what in {"delivered", "refused"}:
                    kept.settle(str(what), *values)  # type: ignore[arg-type] # as drawn
                else:
                    kept.remove(str(what), *values)  # type: ignore[arg-type] # as drawn
                balances, states = kept.balances(), kept.states()
                ended = {process: balance.ended for process, balance in balances.items()}
                total = Balance.sum(accounts.balances(kept.database).values())

                assert PAST in balances or kept.put_in == Counter(ended)
                assert kept.put_in.total() == sum(ended.values()) == total.ended
                assert total.waiting == states[accounts.KEPT] + states[accounts.WAITING]
                assert total.refused == states[accounts.REFUSED]
                assert all(count >= 0 for (count,) in kept.database.execute("SELECT spans FROM accounts"))

    def test_of_all_processes(self, database: sqlite3.Connection) -> None:
        """By their rows; the one and the other do not mix."""
        with transaction(database):
            accounts.add(database, 1, accounts.DELIVERED, 3)
            accounts.add(database, 2, accounts.KEPT, 4)
            accounts.add(database, 2, accounts.WAITING, 1)
            accounts.add(database, 2, accounts.WITHHELD, 5, "not sampled")

        assert accounts.balances(database) == {
            1: Balance(delivered=3),
            2: Balance(waiting=5, dropped={"not sampled": 5}),
        }

    def test_of_one_that_nobody_knows(self, database: sqlite3.Connection) -> None:
        """Nothing ended there, as far as this journal knows."""
        assert accounts.balance_of(database, "nobody") == Balance()


class TestMove:
    def test_from_one_reason_to_another(self, database: sqlite3.Connection) -> None:
        """What is left of the reason before is no reason any more."""
        with transaction(database):
            accounts.add(database, 1, accounts.WITHHELD, 2, "before")
            accounts.move(database, 1, (accounts.WITHHELD, "before"), (accounts.DROPPED, "after"), 2)

        assert accounts.balances(database) == {1: Balance(dropped={"after": 2})}


class TestAdd:
    def test_a_span_is_counted_once(self, database: sqlite3.Connection, span: Callable[..., SpanRecord]) -> None:
        """However often it is read, and only when it has ended."""
        with transaction(database):
            writer = note_writer(database, header("a"), over=False)
        for records in ([span(1)], [span(1, end=9)], [span(1, end=9), span(1)]):
            with transaction(database):
                store(database, records, writer)

        assert accounts.balance_of(database, "a") == Balance(waiting=1)
