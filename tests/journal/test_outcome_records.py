from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrace import conventions as names
from orchestrace.journal.database import connect
from orchestrace.journal.ingest import ingest
from orchestrace.journal.outcome_records import _BY_KEY, _LAST, JournalRecords, open_records
from orchestrace.recording.outcomes.records import Earlier
from orchestrace.recording.outcomes.statement import state
from orchestrace.records import SpanRecord

Write = Callable[..., Any]
TRACE = "a" * 32
LATE = 2**62


def run(key: str = "job-1", agent: str = "Crafter", **more: Any) -> dict[str, Any]:
    """Return the attributes of a run."""
    return {names.ROLE: "agent", names.AGENT_NAME: agent, names.KEY: key, **more}


def said(name: str = "replied", value: object = 1, source: str | None = None) -> dict[str, Any]:
    """Return the attributes of an outcome."""
    known = {names.OUTCOME_NAME: name, names.OUTCOME_VALUE: value, names.OUTCOME_SOURCE: source}
    return {name: value for name, value in known.items() if value is not None}


@pytest.fixture
def records(database: sqlite3.Connection, folder: Path, writer: Write) -> Callable[..., JournalRecords]:
    """Return what puts spans into a journal, and gives its records."""

    def write(*spans: SpanRecord) -> JournalRecords:
        writer().write(*spans)
        for _ in ingest(database, folder):
            pass
        return JournalRecords(database)

    return write


class TestRun:
    def test_is_found_by_its_ids(self, records: Callable[..., JournalRecords], span: Write) -> None:
        """With all that is known of it, and who wrote it."""
        found = records(span(1, end=LATE, attributes=run(), sampled=False, trace_state="v=x"))
        one = found.run(TRACE, f"{1:016x}")

        assert one is not None
        assert (TRACE, f"{1:016x}", LATE, False, "v=x") == (
            one.trace_id, one.span_id, one.end, one.sampled, one.trace_state
        )  # fmt: skip
        assert run() == one.attributes
        assert found.process is not None

    def test_another_is_unknown(self, records: Callable[..., JournalRecords], span: Write) -> None:
        """Nothing of the one before is left."""
        found = records(span(1, end=LATE, attributes=run()))
        found.run(TRACE, f"{1:016x}")

        assert (None, None) == (found.run(TRACE, f"{2:016x}"), found.process)


class TestLatest:
    def test_of_several_it_is_the_one_that_ended_last(
        self, records: Callable[..., JournalRecords], span: Write
    ) -> None:
        """Not the one that began last, nor one that goes on, nor one about something else."""
        found = records(
            span(1, end=300, attributes=run()),
            span(2, end=200, attributes=run()),
            span(3, attributes=run()),
            span(4, end=400, attributes=run("job-2")),
            span(5, end=500, attributes={**run(), names.ROLE: "generator"}),
        )

        assert f"{1:016x}" == found.latest("job-1", None, LATE).span_id  # type: ignore[union-attr]

    def test_what_comes_of_a_run_comes_after_it(self, records: Callable[..., JournalRecords], span: Write) -> None:
        """Of the runs that had ended by then; of all, if none had."""
        found = records(*[span(number, end=number * 100, attributes=run()) for number in (1, 2, 3)])
        times = [250, 100, 50]

        assert [2, 1, 3] == [int(found.latest("job-1", None, at).span_id, 16) for at in times]  # type: ignore[union-attr]

    def test_one_that_goes_on_is_better_than_none(self, records: Callable[..., JournalRecords], span: Write) -> None:
        """A user says so before the stream has ended."""
        assert records(span(1, attributes=run())).latest("job-1", None, 1) is not None

    def test_of_an_agent_or_workflow(self, records: Callable[..., JournalRecords], span: Write) -> None:
        """Where several work on one thing."""
        flow = {names.ROLE: "workflow", names.WORKFLOW_NAME: "sourcing", names.KEY: "job-1"}
        found = records(
            span(1, end=300, attributes=flow),
            span(2, end=200, attributes=run()),
            span(3, end=100, attributes=run(agent="Sender")),
        )
        asked = ["sourcing", "Crafter", "Sender", None]

        assert [1, 2, 3, 1] == [int(found.latest("job-1", name, LATE).span_id, 16) for name in asked]  # type: ignore[union-attr]
        assert found.latest("job-1", "Nobody", LATE) is None

    def test_is_found_by_an_index(self, database: sqlite3.Connection) -> None:
        """Among as many runs as there are."""
        plan = str(database.execute(f"EXPLAIN QUERY PLAN {_BY_KEY}", {"key": 1, "agent": 1, "at": 1}).fetchall())

        assert ("runs_by_key" in plan, "SCAN" in plan) == (True, False)


class TestOutcome:
    def test_is_found_by_its_ids(self, records: Callable[..., JournalRecords], span: Write) -> None:
        """If it is one."""
        found = records(span(1, end=LATE, attributes=run()), span(2, end=LATE, attributes=said(value="yes")))

        assert Earlier(f"{2:016x}", "yes") == found.outcome(TRACE, f"{2:016x}")
        assert [None, None] == [found.outcome(TRACE, f"{1:016x}"), found.outcome("b" * 32, f"{2:016x}")]


class TestLast:
    def test_is_what_was_recorded_last(self, records: Callable[..., JournalRecords], span: Write) -> None:
        """In the same place, under the same name, by the same source and rater."""
        parent = f"{1:016x}"
        found = records(
            span(2, parent_id=parent, end=LATE, attributes=said(value=False)),
            span(3, parent_id=parent, end=LATE, attributes=said(value=True)),
            span(4, parent_id=parent, end=LATE, attributes=said(source="crm")),
            span(5, parent_id=parent, end=LATE, attributes=said("opened")),
            span(6, parent_id="f" * 16, end=LATE, attributes=said()),
            span(7, end=LATE, attributes=said()),
        )
        statement = state("replied", key="job-1")

        assert Earlier(f"{3:016x}", 1) == found.last(TRACE, parent, statement)
        assert f"{7:016x}" == found.last(TRACE, None, statement).span_id  # type: ignore[union-attr]
        assert found.last(TRACE, parent, state("replied", key="job-1", rater="ann")) is None

    def test_is_looked_for_in_its_trace_alone(self, database: sqlite3.Connection) -> None:
        """Not among all outcomes that there are."""
        plan = str(database.execute(f"EXPLAIN QUERY PLAN {_LAST}", (1, 1, 1, 1, 1)).fetchall())

        assert ("trace_id=?" in plan, "role=?" in plan) == (True, False)


class TestOpenRecords:
    def test_where_there_is_no_journal_nothing_is_known(self, folder: Path) -> None:
        """And none is made."""
        with open_records(folder) as records:
            assert records.run(TRACE, f"{1:016x}") is None
        assert not folder.exists()

    def test_what_lies_in_segments_is_known(self, folder: Path, writer: Write, span: Write) -> None:
        """Of processes that live, and of those that were killed; their files are left to whoever puts them away."""
        writer("lives").write(span(1, end=LATE, attributes=run()))
        dead = writer("dead").write(span(2, end=LATE, attributes=run()))
        dead.die()
        files = {path.name for path in folder.glob("*.segment")}
        with open_records(folder) as records:
            found = [records.run(TRACE, f"{number:016x}") for number in (1, 2)]

        assert None not in found
        assert files == {path.name for path in folder.glob("*.segment")}

    def test_nobody_waits_for_others_who_write(self, folder: Path, writer: Write, span: Write) -> None:
        """What was in the database before is known all the same."""
        writer().write(span(1, end=LATE, attributes=run()))
        with open_records(folder):
            pass
        with closing(connect(folder)) as other:
            other.execute("BEGIN IMMEDIATE")
            with open_records(folder) as records:
                found = records.run(TRACE, f"{1:016x}")
            other.execute("ROLLBACK")

        assert found is not None
