from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from orchestrace.doctor.finding import OK, WARNING
from orchestrace.doctor.spans import check
from orchestrace.journal import accounts
from orchestrace.journal.database import connect_in_memory


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """Return the accounts of one process, which has had seven spans."""
    with closing(connect_in_memory()) as database:
        for state, spans, reason in (
            (accounts.DELIVERED, 3, ""),
            (accounts.WAITING, 2, ""),
            (accounts.WITHHELD, 2, "not sampled"),
        ):
            accounts.add(database, 1, state, spans, reason)
        yield database


class TestCheck:
    def test_says_what_became_of_all(self, database: sqlite3.Connection) -> None:
        """One line; what the sampler left out is no loss."""
        [finding] = check(database)

        assert OK == finding.state
        assert "7 spans ended: 3 delivered, 2 wait, 0 refused, 2 dropped or not to be sent" == finding.what

    @pytest.mark.parametrize(
        ("state", "reason"), [(accounts.REFUSED, "400 Bad Request"), (accounts.DROPPED, "older than 7 days")]
    )
    def test_says_why_some_did_not_arrive(self, state: int, reason: str, database: sqlite3.Connection) -> None:
        """With the words of whoever decided it."""
        accounts.add(database, 1, state, 4, reason)
        [finding] = [one for one in check(database) if one.state == WARNING]

        assert f"4: {reason}" == finding.why

    @pytest.mark.parametrize(("minutes", "warnings"), [(1, 0), (60, 1)])
    def test_says_that_some_wait_for_long(self, minutes: int, warnings: int, database: sqlite3.Connection) -> None:
        """Those of this moment are on their way."""
        since = time.time_ns() - minutes * 60 * 10**9
        row = (1, 1, accounts.WAITING, 1, since)
        database.execute("INSERT INTO deliveries (id, process, state, receiver, time) VALUES (?, ?, ?, ?, ?)", row)

        assert warnings == sum(one.state == WARNING for one in check(database))
