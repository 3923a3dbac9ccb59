from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrace.balance import Balance
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.election import Election
from orchestrace.journal.ingest import ingest
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.overview import Receiver, overview
from orchestrace.journal.past import fold
from orchestrace.journal.removal import remove_trace
from orchestrace.journal.retention import journal_size
from orchestrace.records import SpanRecord

ONE = Addressee("1", "http://one")


class TestOverview:
    def test_each_process_has_its_balance(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Those that live come first; together they are the host's."""
        writer("gone", pid=1, start=9, receiver=ONE).write(span(1, end=5), span(2, end=6)).end()
        writer("lives", pid=2, start=5).write(span(3, end=7), span(4, end=8, sampled=False))
        for _ in ingest(database, folder):
            pass
        outbox = Outbox(database, 1)
        outbox.delivered(TRACES, [key for key, _, _ in outbox.waiting(TRACES, 1, 1)])
        found = overview(database, folder)

        assert [
            (2, "here", "shop", 5, True, Balance(waiting=1, dropped={"not sampled": 1})),
            (1, "here", "shop", 9, False, Balance(delivered=1, waiting=1)),
        ] == [(one.pid, one.host, one.service, one.start, one.lives, one.balance) for one in found.processes]
        assert Balance(delivered=1, waiting=2, dropped={"not sampled": 1}) == found.total
        assert journal_size(folder) == found.size

    def test_who_sends(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Whoever has the lock; its file alone says nothing."""
        writer(receiver=ONE).write(span(1, end=5))
        for _ in ingest(database, folder):
            pass
        senders = [overview(database, folder).receivers]
        election = Election(folder, ONE.id)
        election.win()
        (folder / "forward-1.lock").write_text("4711\n")
        senders.append(overview(database, folder).receivers)
        election.leave()
        senders.append(overview(database, folder).receivers)

        assert [[Receiver("http://one", 1, 0, sender)] for sender in (None, 4711, None)] == senders

    def test_of_whom_nothing_is_left(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Their sums stay, without a process id."""
        writer("gone").write(span(1, end=5)).end()
        for _ in ingest(database, folder):
            pass
        remove_trace(database, "a" * 32, "older than 7 days", 9)
        for _ in fold(database, 1 << 62):
            pass

        assert [(None, False, Balance(dropped={"older than 7 days": 1}))] == [
            (one.pid, one.lives, one.balance) for one in overview(database, folder).processes
        ]

    def test_of_an_empty_journal(self, folder: Path, database: sqlite3.Connection) -> None:
        """Nothing ended."""
        found = overview(database, folder)

        assert ([], [], 0) == (found.processes, found.receivers, found.total.ended)
