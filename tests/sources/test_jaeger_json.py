from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrace.records import LinkRecord, SpanRecord
from orchestrace.sources.jaeger_json import is_jaeger, spans_of


class TestSpans:
    def test_are_read_whole(self, jaeger: dict[str, Any], record: SpanRecord) -> None:
        """Tags that Jaeger made of fields are fields again, lists that it made texts of are lists."""
        (read,) = spans_of(jaeger)

        assert record == read
        assert float is type(read.attributes["whole"])

    def test_a_parent_in_another_trace_is_a_link(self, jaeger: dict[str, Any], record: SpanRecord) -> None:
        """The tree is that of one trace."""
        jaeger["spans"][0]["references"] = [{"refType": "CHILD_OF", "traceID": "ab", "spanID": "cd"}]

        assert [replace(record, parent_id=None, links=[LinkRecord("ab".zfill(32), "cd".zfill(16))])] == list(
            spans_of(jaeger)
        )

    def test_an_error_may_be_a_tag_alone(self, jaeger: dict[str, Any]) -> None:
        """As Jaeger's own clients wrote it."""
        jaeger["spans"][0]["tags"] = [{"key": "error", "type": "bool", "value": True}]

        assert ["ERROR"] == [span.status for span in spans_of(jaeger)]

    @pytest.mark.parametrize("field", ["traceID", "spanID", "startTime"])
    def test_what_is_no_span_is_left_out(self, jaeger: dict[str, Any], field: str) -> None:
        """Without an id or a start there is nothing to show."""
        jaeger["spans"][0][field] = None

        assert [] == list(spans_of(jaeger))

    def test_a_list_that_is_none_stays_text(self, jaeger: dict[str, Any]) -> None:
        """Whatever stands there."""
        tag = {"key": "gen_ai.response.finish_reasons", "type": "string", "value": "stop"}
        jaeger["spans"][0]["tags"] = [tag, {"key": "b", "type": "binary", "value": "aGk="}, "no tag"]

        assert [{"gen_ai.response.finish_reasons": "stop", "b": "aGk="}] == [one.attributes for one in spans_of(jaeger)]


class TestIsJaeger:
    def test_a_trace_is(self, jaeger: dict[str, Any], otlp: dict[str, Any]) -> None:
        """By its spelling of the id."""
        assert (True, False) == (is_jaeger(jaeger), is_jaeger(otlp))
