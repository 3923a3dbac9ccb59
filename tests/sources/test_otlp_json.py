from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.records import SpanRecord
from orchestrace.sources.otlp_json import is_otlp, spans_of

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resourceSpans", "scopeSpans", "spans", "attributes", "value", "arrayValue", "values"]),
            inner,
        )
    ),
    max_leaves=12,
)


class TestSpans:
    def test_are_read_whole(self, otlp: dict[str, Any], record: SpanRecord) -> None:
        """Every field, to the nanosecond, each value in its own type."""
        (read,) = spans_of(otlp)

        assert record == read
        assert float is type(read.attributes["whole"])

    def test_other_spellings_are_understood(self, otlp: dict[str, Any], record: SpanRecord) -> None:
        """As protobuf's own JSON writes it: snake case, names of enums, ids in base64."""
        (span,) = otlp["resourceSpans"][0]["scopeSpans"][0]["spans"]
        ids = {
            "trace_id": base64.b64encode(bytes.fromhex(record.trace_id)).decode(),
            "span_id": base64.b64encode(bytes.fromhex(record.span_id)).decode(),
            "parent_span_id": base64.b64encode(bytes.fromhex(str(record.parent_id))).decode(),
        }
        times = {"start_time_unix_nano": record.start, "end_time_unix_nano": record.end}
        kept = {name: span[name] for name in ("name", "attributes", "events", "links")}
        snake = kept | ids | times | {"trace_state": "a=b", "kind": "SPAN_KIND_CLIENT"}
        snake["status"] = {"message": record.status_message, "code": "STATUS_CODE_ERROR"}
        scoped = {"scope": {"name": "orchestrace", "version": "0.1.0"}, "spans": [snake]}

        assert [record] == list(spans_of({"resource_spans": [{"scope_spans": [scoped]}]}))

    @pytest.mark.parametrize("field", ["traceId", "spanId", "startTimeUnixNano"])
    def test_what_is_no_span_is_left_out(self, otlp: dict[str, Any], field: str) -> None:
        """Without an id or a start there is nothing to show."""
        del otlp["resourceSpans"][0]["scopeSpans"][0]["spans"][0][field]

        assert [] == list(spans_of(otlp))

    @pytest.mark.parametrize(
        ("value", "read"),
        [
            ({"doubleValue": "Infinity"}, float("inf")),
            ({"bytesValue": "aGk="}, "aGk="),
            ({"kvlistValue": {"values": [{"key": "k", "value": {"intValue": 1}}]}}, {"k": 1}),
            ({"stringValue": "half \ud800"}, "half ?"),
        ],
    )
    def test_rare_values(self, otlp: dict[str, Any], value: dict[str, Any], read: object) -> None:
        """Whatever OTLP can carry."""
        otlp["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [{"key": "x", "value": value}]

        assert [{"x": read}] == [span.attributes for span in spans_of(otlp)]

    @given(DOCUMENTS)
    def test_never_raises(self, document: Any) -> None:
        """Whatever the document holds."""
        if isinstance(document, dict):
            list(spans_of(document))


class TestIsOtlp:
    @pytest.mark.parametrize(
        ("document", "expected"),
        [
            ({"resourceSpans": []}, True),
            ({"resourceLogs": []}, True),
            ({}, False),
            ([], False),
            ("resourceSpans", False),
        ],
    )
    def test_requests_of_any_signal_are(self, document: object, *, expected: bool) -> None:
        """A file may hold logs and metrics beside spans."""
        assert expected is is_otlp(document)
