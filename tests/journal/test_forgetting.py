from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrace import conventions as names
from orchestrace.exceptions import JournalError
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import connect
from orchestrace.journal.forgetting import Forgotten, Whom, forget
from orchestrace.journal.ingest import ingest
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.signals import encode_log
from orchestrace.recording.text import label
from orchestrace.records import LogRecord, SpanRecord

CANARY = "Ornithorhynchus"
THEIRS, OTHERS = "a" * 32, "b" * 32
WHO = 'Zoë "7"'
LOOK = """
import sys
from pathlib import Path
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord
journal = Journal(Path(sys.argv[1]))
for number in range(200):
    for trace, words in (("a", sys.argv[2]), ("b", "harmless")):
        said = {"prompt": words * (number * 7 % 90)}
        span = SpanRecord(trace * 32, f"{number:016x}", None, "x", 0, 1, attributes=said)
        journal.started(span)
        if number != 7:
            span.end = 2
            span.attributes["answer"] = words * 50
            journal.ended(span)
    if number % 40 == 0:
        journal.flush(30)
journal.flush(30)
print("written", flush=True)
sys.stdin.read()
"""


def make_span(number: int, **fields: Any) -> SpanRecord:
    """Return a span of the trace that is to be forgotten, or another."""
    known: dict[str, Any] = {"trace_id": THEIRS, "span_id": f"{number:016x}", "parent_id": None}
    return SpanRecord(**known | {"name": "x", "kind": 0, "start": 1} | fields)


def places(folder: Path, words: str = CANARY) -> list[str]:
    """Return the files in which words stand."""
    return sorted(path.name for path in folder.iterdir() if words.encode() in path.read_bytes())


def spans(database: sqlite3.Connection) -> list[str]:
    """Return the traces of the spans that are there."""
    return [trace for (trace,) in database.execute("SELECT trace_id FROM spans WHERE trace_id <> '' ORDER BY trace_id")]


class TestForget:
    def test_no_byte_is_left_while_others_write(self, folder: Path, launch: Callable[..., Any]) -> None:
        """In no page of the database that was ever used, in no log of it, in no segment of a process that goes on."""
        other = launch(LOOK, folder, CANARY)
        assert other.stdout.readline() == "written\n"
        found = places(folder)
        with closing(connect(folder)) as database:
            forgotten = forget(database, folder, Whom(run=THEIRS))

            assert {OTHERS} == set(spans(database))
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert len(found) > 1, found
            assert [] == places(folder)
            assert Forgotten(runs=1, spans=200, undelivered=199, running=1) == forgotten

    def test_what_is_written_afterwards_arrives(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """The segment goes on behind what was erased, and is read from there."""
        process = writer().write(span(1), span(2, trace_id=OTHERS))
        forget(database, folder, Whom(run=THEIRS))
        process.write(span(3, trace_id=OTHERS, end=9), span(2, trace_id=OTHERS, end=9))
        for _ in ingest(database, folder):
            pass

        assert [OTHERS, OTHERS] == spans(database)

    def test_read_again_it_does_not_come_back(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Somebody deletes the database: what was erased is skipped, what stands beside it is there again."""
        writer().write(span(1), span(2, trace_id=OTHERS), span(1, end=9), span(4, trace_id=OTHERS))
        forget(database, folder, Whom(run=THEIRS))
        database.execute("DELETE FROM segments")
        for _ in ingest(database, folder):
            pass

        assert [OTHERS, OTHERS] == spans(database)

    def test_a_run_that_is_forgotten_while_it_runs(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Its end comes later, and can be forgotten as well."""
        process = writer().write(span(1))

        assert Forgotten(runs=1, spans=1, undelivered=0, running=1) == forget(database, folder, Whom(run=THEIRS))
        process.write(span(1, end=9, name=CANARY))
        assert Forgotten(runs=1, spans=1, undelivered=1, running=0) == forget(database, folder, Whom(run=THEIRS))
        assert [] == places(folder)

    @pytest.mark.parametrize(
        ("key", "whom"),
        [
            (names.SESSION_ID, Whom(session=WHO)),
            (names.CONVERSATION_ID, Whom(session=WHO)),
            (names.TENANT, Whom(tenant=WHO)),
            (names.USER_ID, Whom(user=WHO)),
        ],
    )
    def test_whole_traces_of_whom_a_span_is(
        self, folder: Path, writer: Callable[..., Any], key: str, whom: Whom
    ) -> None:
        """All spans of the trace go, those too that do not say whose they are; nobody else's."""
        theirs = make_span(2, end=9, attributes={key: WHO})
        others = make_span(3, end=9, trace_id=OTHERS, attributes={key: "Zoë"})
        writer().write(make_span(1, end=9), theirs, others)
        with closing(connect(folder)) as database:
            forgotten = forget(database, folder, whom)

            assert (1, 2, [OTHERS]) == (forgotten.runs, forgotten.spans, spans(database))

    def test_ids_that_were_too_long_are_known_again(self, folder: Path, writer: Callable[..., Any]) -> None:
        """They are recorded by their beginning and a hash, and typed as they are."""
        long, other = "u" * 300, "u" * 299 + "v"
        writer().write(
            make_span(1, end=9, attributes={names.USER_ID: label(long)}),
            make_span(2, end=9, trace_id=OTHERS, attributes={names.USER_ID: label(other)}),
        )
        with closing(connect(folder)) as database:
            forgotten = forget(database, folder, Whom(user=long))

            assert (1, [OTHERS]) == (forgotten.runs, spans(database))

    def test_what_was_never_delivered_is_counted(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """As dropped, and why; what was delivered has been delivered."""
        writer(receiver=Addressee("1", "http://one")).write(*(span(number, end=9) for number in range(5)))
        for _ in ingest(database, folder):
            pass
        outbox = Outbox(database, 1)
        keys = [key for key, _, _ in outbox.waiting(TRACES, 9, 1 << 20)]
        outbox.delivered(TRACES, keys[:2])
        outbox.refused(TRACES, keys[2:3], "too large")

        assert 3 == forget(database, folder, Whom(run=THEIRS)).undelivered
        balance = accounts.balance_of(database, "writer")
        assert (2, 0, 0, {"forgotten": 3}, 5) == (
            balance.delivered, balance.waiting, balance.refused, balance.dropped, balance.ended
        )  # fmt: skip

    def test_log_records_go_as_well(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Those of the trace, and those that say themselves whose they are."""
        process = writer(receiver=Addressee("1", "http://one")).write(span(1, attributes={names.USER_ID: "7"}))
        theirs = (
            LogRecord(1, 1, body=CANARY, trace_id=THEIRS),
            LogRecord(1, 1, body=CANARY, attributes={names.USER_ID: "7"}),
        )
        for record in (*theirs, LogRecord(1, 1, trace_id=OTHERS)):
            process.appender.append(encode_log(record))
        forget(database, folder, Whom(user="7"))

        assert [(OTHERS,)] == database.execute("SELECT trace_id FROM signals").fetchall()
        assert [] == places(folder)

    def test_nothing_to_forget(self, folder: Path, database: sqlite3.Connection) -> None:
        """Nobody was here."""
        assert Forgotten(0, 0, 0, 0) == forget(database, folder, Whom(session="nobody"))

    def test_it_says_so_if_others_hold_on_to_old_pages(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """A reader in the middle of an answer keeps the log from being emptied; once it is done, all is well."""
        writer().write(span(1, name=CANARY), span(2, trace_id=OTHERS))
        database.execute("PRAGMA busy_timeout = 10")
        for _ in ingest(database, folder):
            pass
        with closing(connect(folder)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM spans").fetchone()
            with pytest.raises(JournalError, match="once more"):
                forget(database, folder, Whom(run=THEIRS))

            assert [OTHERS] == spans(database)
        forget(database, folder, Whom(run=THEIRS))
        assert [] == places(folder)
