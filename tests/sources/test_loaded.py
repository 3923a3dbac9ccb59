from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrace import conventions as names
from orchestrace.exceptions import JournalError
from orchestrace.records import SpanRecord
from orchestrace.sources.loaded import Loaded


class TestLoaded:
    def test_gives_back_what_was_put_in(self, record: SpanRecord) -> None:
        """Spans are the same, whatever they hold; of two with the same ids the later counts."""
        again = replace(record, name="later")

        assert [again] == Loaded([record, again], "f").trace(record.trace_id)

    @pytest.mark.parametrize("ending", ["interrupted", "running"])
    def test_what_did_not_end_says_why(self, record: SpanRecord, ending: str) -> None:
        """As it was known where it comes from."""
        open_ = replace(record, end=None, attributes={names.ENDING: ending})

        assert [ending] == [span.attributes[names.ENDING] for span in Loaded([open_], "f").trace("last")]

    def test_can_be_asked_as_a_journal_can(self, record: SpanRecord) -> None:
        """Which runs there are; errors name the place."""
        loaded = Loaded(
            [replace(record, parent_id=None, attributes={names.ROLE: "agent", names.KEY: "7"})], "traces.json"
        )

        assert [record.trace_id] == [run.trace_id for run in loaded.runs()]
        assert record.trace_id == loaded.trace("key=7")[0].trace_id
        with pytest.raises(JournalError, match=r"no run with key=8 in traces\.json"):
            loaded.trace("key=8")

    def test_nothing_is_nothing(self) -> None:
        """The message says so."""
        assert [] == Loaded([], "f").runs()
        with pytest.raises(JournalError, match="f holds none"):
            Loaded([], "f").trace("last")
