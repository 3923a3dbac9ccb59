from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrace.conventions import (
    AGENT_NAME,
    INPUT_MESSAGES,
    INPUT_MIME_TYPE,
    INPUT_VALUE,
    KEY,
    NAMES,
    OPERATION_NAME,
    ROLE,
    SESSION_ID,
    SPAN_KIND,
)
from orchestrace.journal import accounts, markers
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.markers import mark
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.run import runs
from orchestrace.journal.store import note_writer, store
from orchestrace.records import SpanRecord

WRITER = Header("p", 1, "here", 1, "1", {}, receiver=Addressee("5d", "http://collector:4318"))
SECOND = 1_000_000_000
CONTENT = {f"{key}x" if key.endswith(".") else key: "CANARY" for key, name in NAMES.items() if name.content}
"""Every attribute that may hold what people said."""

Put = Callable[..., None]


@pytest.fixture
def put(database: sqlite3.Connection) -> Put:
    """Return what puts in spans of a process."""

    def one(*records: SpanRecord, over: bool = False, **header: Any) -> None:
        with transaction(database):
            store(database, records, note_writer(database, replace(WRITER, **header), over=over))

    return one


@pytest.fixture
def agent(span: Callable[..., SpanRecord]) -> Callable[..., SpanRecord]:
    """Return what makes runs of an agent."""
    return lambda number=1, **fields: span(number, **{"attributes": {ROLE: "agent", AGENT_NAME: "Crafter"}} | fields)


def waiting(database: sqlite3.Connection) -> list[SpanRecord]:
    """Return what waits for the collector."""
    return [
        record for _, _, record in Outbox(database, 1).waiting(TRACES, 99, 1 << 30) if isinstance(record, SpanRecord)
    ]


class TestMark:
    def test_a_run_of_more_than_a_second_gets_one(
        self, database: sqlite3.Connection, put: Put, agent: Callable[..., SpanRecord]
    ) -> None:
        """Not sooner, and not again: a child that says what has started."""
        run = agent(parent_id="b" * 16, scope="orchestrace", scope_version="1", trace_state="a=1")
        put(run)
        marked = [mark(database, 1, run.start + age) for age in (SECOND - 1, SECOND, 2 * SECOND)]
        (marker,) = waiting(database)

        assert [0, 1, 0] == marked
        assert (run.trace_id, run.span_id, "started span 1") == (marker.trace_id, marker.parent_id, marker.name)
        assert (run.start, run.start + 1_000) == (marker.start, marker.end)
        assert ("orchestrace", "1", "a=1") == (marker.scope, marker.scope_version, marker.trace_state)

    def test_whoever_marks_makes_the_same_span(
        self, database: sqlite3.Connection, put: Put, agent: Callable[..., SpanRecord]
    ) -> None:
        """Two processes that mark a run at once, or one that has forgotten: no id of two spans, no two of one run."""
        put(agent(1), agent(2))
        ids = []
        for _ in range(2):
            mark(database, 1, agent(9).start)
            ids.append({(record.parent_id, record.span_id) for record in waiting(database)})
            database.execute("DELETE FROM deliveries")
            database.execute("DELETE FROM spans WHERE role = 'marker'")

        assert ids[0] == ids[1]
        assert 4 == len({one for pair in ids[0] for one in pair})

    def test_can_be_found_by_what_the_run_can_be_found_by(
        self, database: sqlite3.Connection, put: Put, agent: Callable[..., SpanRecord]
    ) -> None:
        """Its attributes, but nothing that would make it a run of its own."""
        findable = {AGENT_NAME: "Crafter", KEY: "job-17", SESSION_ID: "s-1", "theirs": 5}
        own = {ROLE: "agent", OPERATION_NAME: "invoke_agent", SPAN_KIND: "AGENT", INPUT_MIME_TYPE: "text/plain"}
        put(agent(attributes=findable | own))
        mark(database, 1, agent(9).start)

        assert [{**findable, ROLE: "marker"}] == [record.attributes for record in waiting(database)]
        assert ["Crafter"] == [run.name for run in runs(database, 9, nested=True)]

    def test_says_nothing_of_what_was_said(
        self, database: sqlite3.Connection, put: Put, agent: Callable[..., SpanRecord]
    ) -> None:
        """No attribute that is content by our own list: the run itself says it when it ends."""
        assert {INPUT_VALUE, INPUT_MESSAGES} < set(CONTENT)
        put(agent(attributes={ROLE: "agent", **CONTENT}))
        mark(database, 1, agent(9).start)

        assert [{ROLE: "marker"}] == [record.attributes for record in waiting(database)]

    def test_is_in_no_account(self, database: sqlite3.Connection, put: Put, agent: Callable[..., SpanRecord]) -> None:
        """No span of the program's ended, before and after it has arrived."""
        put(agent())
        mark(database, 1, agent(9).start)
        outbox = Outbox(database, 1)
        keys = [key for key, _, _ in outbox.waiting(TRACES, 9, 1 << 20)]
        outbox.delivered(TRACES, keys)

        assert ({}, 1) == (accounts.balances(database), len(keys))

    @pytest.mark.parametrize(
        ("fields", "header"),
        [
            ({"end": 9}, {}),
            ({"sampled": False}, {}),
            ({"attributes": {ROLE: "tool"}}, {}),
            ({"attributes": {OPERATION_NAME: "chat"}}, {}),
            ({}, {"withheld": True}),
            ({}, {"over": True}),
            ({}, {"receiver": None}),
            ({}, {"receiver": Addressee("6e", "http://other:4318")}),
        ],
    )
    def test_none_for_what_is_not_to_be_shown(
        self,
        database: sqlite3.Connection,
        put: Put,
        agent: Callable[..., SpanRecord],
        fields: dict[str, Any],
        header: dict[str, Any],
    ) -> None:
        """What has ended or was not sampled, is no run, is not sent, not for this receiver, or not alive any more."""
        put(process="first")  # who makes the collector's row
        put(agent(**fields), **header)

        assert 0 == mark(database, 1, agent(9).start)

    def test_runs_of_others_too(self, database: sqlite3.Connection, put: Put, agent: Callable[..., SpanRecord]) -> None:
        """Whose spans say their operation, and have no role of ours."""
        put(agent(attributes={OPERATION_NAME: "invoke_workflow"}))

        assert 1 == mark(database, 1, agent(9).start)

    def test_reads_what_runs_alone(self, database: sqlite3.Connection) -> None:
        """It is asked several times a second, of journals with very many runs."""
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {markers._RUNNING}", (1, 1))]

        assert ["SCAN p", "SEARCH s USING INDEX spans_running (process=?)"] == plan
