from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from orchestrace import conventions as names
from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import transaction
from orchestrace.journal.ingest import ingest
from orchestrace.journal.outcome_writer import OutcomeWriter
from orchestrace.recording.outcomes.outcome import Outcome
from orchestrace.recording.outcomes.statement import state
from orchestrace.records import SpanRecord

TRACE, RUN = "a" * 32, f"{1:016x}"
REFERENCE = f"{TRACE}-{RUN}-69248000"
JAEGER, OTHER = Addressee("j", "http://jaeger"), Addressee("o", "http://other")
Say = Callable[..., Outcome]
PROCESSES = """
    SELECT DISTINCT json_extract(p.resource, '$."service.name"'), r.destination, d.state FROM spans AS s
    JOIN processes AS p USING (process) JOIN deliveries AS d USING (id) LEFT JOIN receivers AS r
    ON r.receiver = d.receiver WHERE s.role = 'outcome'
"""


@pytest.fixture
def recorded(
    database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
) -> Callable[..., None]:
    """Return what records a run as a process does."""

    def record(service: str = "shop", receiver: Addressee | None = JAEGER, number: int = 1, **more: Any) -> None:
        one = writer(service, resource={"service.name": service}, receiver=receiver, **more.pop("header", {}))
        attributes = {names.ROLE: "agent", names.KEY: "job-1", names.AGENT_NAME: "Crafter"}
        one.write(span(number, end=span(9).start, attributes=attributes, **more))
        for _ in ingest(database, folder):
            pass

    return record


@pytest.fixture
def say(database: sqlite3.Connection) -> Say:
    """Return what writes an outcome, as a call of the command does each time."""

    def write(
        value: object = 1, receiver: Addressee | None = None, service: str | None = None, **given: Any
    ) -> Outcome:
        one = OutcomeWriter(database, {"service.name": "unknown_service"}, receiver, service)
        with transaction(database):
            given = given or {"reference": REFERENCE}
            return one.write(state("replied", value, **given), content=True, events=True)

    return write


class TestWrite:
    def test_stands_beside_its_run(self, database: sqlite3.Connection, recorded: Callable[..., None], say: Say) -> None:
        """Of the same service, and on the way to the same receiver, whatever this one would send to."""
        recorded()
        say(receiver=OTHER)

        assert [("shop", "http://jaeger", accounts.WAITING)] == database.execute(PROCESSES).fetchall()
        assert [("replied", 1, RUN, "Crafter", "shop")] == database.execute(
            "SELECT name, value, invocation, agent, service FROM outcomes"
        ).fetchall()

    def test_of_a_run_without_a_receiver(
        self, database: sqlite3.Connection, recorded: Callable[..., None], say: Say
    ) -> None:
        """It goes where this one sends to; if that is nowhere, it is kept for who comes for it."""
        recorded(receiver=None)
        say(value=1)
        say(value=2, receiver=OTHER)

        assert {("shop", None, accounts.KEPT), ("shop", "http://other", accounts.WAITING)} == set(
            database.execute(PROCESSES)
        )

    def test_of_a_run_that_was_not_sampled(
        self, database: sqlite3.Connection, recorded: Callable[..., None], say: Say
    ) -> None:
        """It stays here, as the run does."""
        recorded(sampled=False)
        say()

        assert [("shop", None, accounts.WITHHELD)] == database.execute(PROCESSES).fetchall()

    @pytest.mark.parametrize(
        ("services", "named"),
        [
            ({}, None),
            ({"shop": True}, None),
            ({"shop": True, "unknown_service:python": False}, None),
            ({"shop": False, "mail": False}, None),
            ({"shop": False, "mail": True}, "mail"),
            ({"shop": False}, "new"),
        ],
    )
    def test_of_a_run_that_is_not_here(
        self,
        database: sqlite3.Connection,
        recorded: Callable[..., None],
        say: Say,
        services: dict[str, bool],
        named: str | None,
    ) -> None:
        """Of the service that is named, or of the only one that there is."""
        for number, service in enumerate(services, 2):
            recorded(service, number=number)
        say(service=named, key="job-9")
        expected = next((service for service, is_its in services.items() if is_its), "unknown_service")

        assert expected == database.execute(PROCESSES).fetchone()[0]

    def test_an_event_waits_beside_it(
        self, database: sqlite3.Connection, recorded: Callable[..., None], say: Say
    ) -> None:
        """In the context of the run, at its own time."""
        recorded()
        say(reference=REFERENCE, at=5, comment="good")
        ((kind, trace_id, payload),) = database.execute("SELECT kind, trace_id, payload FROM signals").fetchall()
        event = orjson.loads(payload)

        assert ("logs", TRACE, RUN, 5_000_000_000) == (kind, trace_id, event["span_id"], event["time"])
        assert "good" == event["attributes"][names.EVALUATION_EXPLANATION]

    def test_without_content_there_are_no_words(self, database: sqlite3.Connection) -> None:
        """Neither on the span nor on the event."""
        one = OutcomeWriter(database, {}, None)
        with transaction(database):
            one.write(state("n", "CANARY one", key="k", comment="CANARY two"), content=False, events=False)
        found = database.execute("SELECT attributes FROM spans UNION ALL SELECT payload FROM signals").fetchall()

        assert (2, False) == (len(found), "CANARY" in str(found))


class TestRepeated:
    def test_changes_nothing(self, database: sqlite3.Connection, recorded: Callable[..., None], say: Say) -> None:
        """No span, no event, no delivery more."""
        recorded()
        count = "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM deliveries), (SELECT count(*) FROM signals)"
        first, before = say(), database.execute(count).fetchone()
        again = say()

        assert (None, first.span_id) == (first.repeats, again.repeats.span_id if again.repeats else None)
        assert before == database.execute(count).fetchone()

    def test_another_value_is_a_correction(self, recorded: Callable[..., None], say: Say) -> None:
        """And says of which."""
        recorded()

        assert say(value=1).span_id == say(value=2).corrects.span_id  # type: ignore[union-attr]


class TestWriter:
    def test_is_one_a_day_however_often_the_command_is_called(
        self, database: sqlite3.Connection, recorded: Callable[..., None], say: Say
    ) -> None:
        """And its balance is that of all of them."""
        recorded()
        for value in range(5):
            say(value=value)
        (process,) = {row[0] for row in database.execute("SELECT process FROM spans WHERE role = 'outcome'")}
        (name,) = database.execute("SELECT id FROM processes WHERE process = ?", (process,)).fetchone()

        assert 2 == database.execute("SELECT count(*) FROM processes").fetchone()[0]
        assert Balance(waiting=5) == accounts.balance_of(database, name)

    def test_what_it_wrote_is_as_old_as_it_is_here(
        self, database: sqlite3.Connection, recorded: Callable[..., None], say: Say
    ) -> None:
        """Not as old as the run: what was just reported is not too old to be kept and sent."""
        recorded()
        say()
        rows = database.execute(
            "SELECT d.time - s.end_time FROM deliveries AS d JOIN spans AS s USING (id) ORDER BY s.role"
        ).fetchall()

        assert (0, True) == (rows[0][0], rows[1][0] > 10**15)
