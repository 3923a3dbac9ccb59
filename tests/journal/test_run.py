from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrace import conventions as names
from orchestrace.journal.ingest import ingest
from orchestrace.journal.run import Run, runs
from orchestrace.records import EventRecord, SpanRecord

AGENT = {names.ROLE: "agent"}
WORKFLOW = {names.ROLE: "workflow"}
CALL = {names.OPERATION_NAME: "chat"}


@pytest.fixture
def listed(database: sqlite3.Connection, folder: Path, writer: Callable[..., Any]) -> Callable[..., list[Run]]:
    """Return a function that writes spans and lists the runs."""
    one = writer()

    def write_and_list(*records: SpanRecord, limit: int = 20, nested: bool = False) -> list[Run]:
        one.write(*records)
        for _ in ingest(database, folder):
            pass
        return runs(database, limit, nested=nested)

    return write_and_list


@pytest.fixture
def ids(listed: Callable[..., list[Run]]) -> Callable[..., list[int]]:
    """Return a function that writes spans and tells by number which are listed."""
    return lambda *records, **options: [int(run.span_id, 16) for run in listed(*records, **options)]


class TestRun:
    def test_says_what_is_known(self, listed: Callable[..., list[Run]], span: Callable[..., SpanRecord]) -> None:
        """Of an agent that ended."""
        attributes = {
            names.ROLE: "agent",
            names.AGENT_NAME: "Crafter",
            names.AGENT_VERSION: "1.4",
            names.KEY: "job-1",
            names.ITERATIONS: 3,
            names.ACCEPTED: False,
            names.STOP_REASON: "limit",
            names.SUM_PREFIX + "input_tokens": 10,
            names.SUM_PREFIX + "output_tokens": 20,
            names.ENDING: "returned",
            names.SUMMARY: "3 iterations, limit",
            names.SUM_COST: 0.25,
            names.SUM_COST_UNKNOWN: 1,
            names.SCORES: [0.4, 0.9],
        }
        (run,) = listed(span(1, end=span(2).start, attributes=attributes))

        assert (
            Run(
                trace_id="a" * 32,
                span_id="0" * 15 + "1",
                kind="agent",
                name="Crafter",
                version="1.4",
                key="job-1",
                start=span(1).start,
                end=span(2).start,
                iterations=3,
                accepted=False,
                stop_reason="limit",
                input_tokens=10,
                output_tokens=20,
                ending="returned",
                status="UNSET",
                error=None,
                summary="3 iterations, limit",
                cost=0.25,
                unpriced=1,
                scores=(0.4, 0.9),
            )
            == run
        )

    @pytest.mark.parametrize("scores", ["0.4", 7, True, ["a", None]])
    def test_scores_of_another_kind_are_none(
        self, listed: Callable[..., list[Run]], span: Callable[..., SpanRecord], scores: Any
    ) -> None:
        """Any program can write an attribute of that name."""
        (run,) = listed(span(1, attributes={names.ROLE: "agent", names.SCORES: scores}))

        assert () == run.scores

    def test_unknown_is_none(self, listed: Callable[..., list[Run]], span: Callable[..., SpanRecord]) -> None:
        """Of a workflow that runs."""
        (run,) = listed(span(1, attributes=WORKFLOW))

        assert ("workflow", "span 1", None, None, None, None, "running") == (
            run.kind,
            run.name,
            run.version,
            run.accepted,
            run.input_tokens,
            run.end,
            run.ending,
        )

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"status": "ERROR", "status_message": "refused", "attributes": {names.ERROR_TYPE: "x.Y"}}, "refused"),
            ({"status": "ERROR", "attributes": {names.ERROR_TYPE: "x.Y"}}, "x.Y"),
            ({"status": "ERROR", "events": [EventRecord("exception", 1, {names.EXCEPTION_MESSAGE: "no"})]}, "no"),
            ({"status": "ERROR"}, None),
            ({"status_message": "nothing"}, None),
        ],
    )
    def test_an_error_is_its_message_or_its_type(
        self,
        listed: Callable[..., list[Run]],
        span: Callable[..., SpanRecord],
        fields: dict[str, Any],
        error: str | None,
    ) -> None:
        """Whatever there is."""
        record = span(1, end=9, **fields)
        record.attributes = record.attributes | AGENT

        assert [error] == [run.error for run in listed(record)]


class TestRuns:
    def test_newest_first(self, ids: Callable[..., list[int]], span: Callable[..., SpanRecord]) -> None:
        """By when they started, however they were written."""
        records = [span(number, trace_id=f"{number:032x}", attributes=AGENT) for number in (2, 4, 1, 3)]

        assert [4, 3, 2] == ids(*records, limit=3)

    def test_one_inside_another_is_part_of_it(
        self, ids: Callable[..., list[int]], span: Callable[..., SpanRecord]
    ) -> None:
        """Also with other spans between them."""
        records = [
            span(1, attributes=WORKFLOW),
            span(2, parent_id=f"{1:016x}", attributes=AGENT),
            span(3, parent_id=f"{2:016x}", attributes={names.ROLE: "iteration"}),
            span(4, parent_id=f"{3:016x}", attributes=AGENT),
        ]

        assert [1] == ids(*records)
        assert [4, 2, 1] == ids(nested=True)

    def test_one_inside_of_something_that_is_not_here_is_listed(
        self, ids: Callable[..., list[int]], span: Callable[..., SpanRecord]
    ) -> None:
        """A web server's span, or another machine's."""
        assert [1] == ids(span(1, parent_id="f" * 16, attributes=AGENT))

    def test_several_agents_of_one_trace_are_several_runs(
        self, ids: Callable[..., list[int]], span: Callable[..., SpanRecord]
    ) -> None:
        """A web request may start two; what else it did is no run beside them."""
        root = span(1)
        records = [span(number, parent_id=root.span_id, attributes=AGENT) for number in (2, 3)]

        assert [3, 2] == ids(root, *records, span(4, parent_id=root.span_id, attributes=CALL))

    def test_a_trace_without_agents_is_listed_by_its_root(
        self, listed: Callable[..., list[Run]], span: Callable[..., SpanRecord]
    ) -> None:
        """The first span whose parent is not here."""
        attributes = {**CALL, names.USAGE_INPUT_TOKENS: 5, names.USAGE_OUTPUT_TOKENS: 6}
        records = [
            span(1, trace_id="b" * 32, parent_id=f"{2:016x}"),
            span(2, trace_id="b" * 32, parent_id="f" * 16, attributes=attributes, name="chat gpt"),
            span(3, trace_id="b" * 32, parent_id="f" * 16, attributes=attributes),
            span(4, trace_id="c" * 32),
        ]

        assert [("span", "span 4", None, None), ("call", "chat gpt", 5, 6)] == [
            (run.kind, run.name, run.input_tokens, run.output_tokens) for run in listed(*records)
        ]

    def test_an_outcome_alone_is_no_run(self, ids: Callable[..., list[int]], span: Callable[..., SpanRecord]) -> None:
        """It belongs to one that another machine knows."""
        assert [] == ids(span(1, attributes={names.OUTCOME_PREFIX + "name": "replied"}))

    def test_spans_that_contain_each_other_are_no_obstacle(
        self, ids: Callable[..., list[int]], span: Callable[..., SpanRecord]
    ) -> None:
        """Whatever a broken library says of parents."""
        records = [
            span(1, parent_id=f"{1:016x}", attributes=CALL),
            span(2, parent_id=f"{3:016x}", attributes={}),
            span(3, parent_id=f"{2:016x}", attributes={}),
            span(4, parent_id=f"{3:016x}", attributes=AGENT),
        ]

        assert [4] == ids(*records)
