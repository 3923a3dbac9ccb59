from __future__ import annotations

import json

from orchestrace import conventions as names
from orchestrace.cli.document import trace_document
from orchestrace.conversation import messages_of
from orchestrace.records import SpanRecord
from orchestrace.sources.own_json import is_own, spans_of


class TestSpans:
    def test_are_those_that_were_written(self, record: SpanRecord) -> None:
        """What `show --json` prints tells the same again; documents in it are texts again."""
        read = json.loads(trace_document([record]))
        (span,) = spans_of(read)

        assert is_own(read)
        assert [{"role": "user"}] == messages_of(span)
        span.attributes[names.INPUT_MESSAGES] = record.attributes[names.INPUT_MESSAGES]
        assert record == span

    def test_what_is_no_span_is_left_out(self) -> None:
        """Whatever stands in the file."""
        assert [] == list(spans_of({"trace_id": "a", "spans": [{}, 7, {"trace_id": "a", "span_id": "b"}]}))
