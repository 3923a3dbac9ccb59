from __future__ import annotations

from collections.abc import Callable

from orchestrace import conventions as names
from orchestrace.journal.entry import entry_of
from orchestrace.journal.row import COLUMNS, record_of, row_of
from orchestrace.records import EventRecord, LinkRecord, SpanRecord


class TestRow:
    def test_a_span_comes_back(self, span: Callable[..., SpanRecord]) -> None:
        """With everything that it had."""
        record = span(
            parent_id="b" * 16,
            kind=3,
            end=7,
            status="ERROR",
            status_message="no",
            attributes={"a": [1, 2], "é": "\0"},
            events=[EventRecord("e", 1, {"b": True})],
            links=[LinkRecord("c" * 32, "d" * 16, {"e": 0.5})],
            scope="s",
            scope_version="1",
            trace_state="x=y",
            sampled=False,
        )

        assert record == record_of(row_of(entry_of(record), 1))

    def test_counts_verdicts(self, span: Callable[..., SpanRecord]) -> None:
        """So that spans without any need not be searched."""
        events = [
            EventRecord(names.EVALUATION_RESULT_EVENT, 1),
            EventRecord("exception", 2),
            EventRecord(names.EVALUATION_RESULT_EVENT, 3),
        ]

        assert 2 == dict(zip(COLUMNS, row_of(entry_of(span(events=events)), 1), strict=True))["verdicts"]
