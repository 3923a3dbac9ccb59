from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord as ApiLogRecord
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as Message
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from orchestrace.export.otlp import encode_log
from orchestrace.records import LogRecord
from orchestrace.testing.otlp_decoding import _value

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.builds(
    LogRecord,
    time=st.integers(0, 2**64 - 1),
    observed=st.integers(0, 2**64 - 1),
    event_name=TEXT,
    body=JSON,
    attributes=st.dictionaries(KEY, JSON, max_size=4),
    trace_id=st.none() | st.binary(min_size=16, max_size=16).filter(any).map(bytes.hex),
    sampled=st.booleans(),
    severity=st.integers(0, 24),
    severity_text=TEXT,
)


def stock(record: LogRecord) -> Message:
    """Return the message that the stock encoder makes of the same record of the SDK."""
    flags = TraceFlags(TraceFlags.SAMPLED if record.sampled else TraceFlags.DEFAULT)
    context = set_span_in_context(
        NonRecordingSpan(SpanContext(int(record.trace_id or "0", 16), int(SPAN, 16), False, flags))  # noqa: FBT003
    )
    known: dict[str, Any] = {} if record.trace_id is None else {"context": context}
    api = ApiLogRecord(
        timestamp=record.time,
        observed_timestamp=record.observed,
        severity_text=record.severity_text,
        severity_number=SeverityNumber(record.severity),
        body=record.body,
        attributes=record.attributes,
        event_name=record.event_name,
        **known,
    )
    readable = ReadableLogRecord(api, Resource({}))
    return encode_logs([readable]).resource_logs[0].scope_logs[0].log_records[0]


def message(**fields: Any) -> Message:
    """Encode a record, and read it back."""
    return Message.FromString(encode_log(LogRecord(1, 2, **fields)))


class TestEncodeLog:
    @given(RECORDS)
    def test_is_what_the_stock_encoder_writes(self, record: LogRecord) -> None:
        """Whatever stands in a record: read back, our bytes are its message."""
        record.span_id = SPAN if record.trace_id else None
        ours = Message.FromString(encode_log(record))

        assert stock(record).SerializeToString(deterministic=True) == ours.SerializeToString(deterministic=True)

    @pytest.mark.parametrize(
        ("odd", "read"),
        [(2**63, None), (object(), None), ([1, object()], [1, None]), ({"a": {1, 2}, "b": 3}, {"a": None, "b": 3})],
    )
    def test_what_otlp_cannot_carry_is_no_value(self, odd: Any, read: Any) -> None:
        """Its neighbours arrive, and the record."""
        found = message(body=odd, attributes={"odd": odd})

        assert (read, read) == (_value(found.body), _value(found.attributes[0].value))

    def test_bytes_are_bytes(self) -> None:
        """The SDK lets a body be bytes."""
        assert b"\0\xff" == message(body=b"\0\xff").body.bytes_value

    def test_lone_surrogates_are_replaced(self) -> None:
        """In every text, keys too."""
        found = message(event_name="e\ud800", severity_text="s\ud800", body={"k\ud800": ["\udfff"]})

        assert ("e\ufffd", "s\ufffd", {"k\ufffd": ["\ufffd"]}) == (
            found.event_name,
            found.severity_text,
            _value(found.body),
        )

    def test_depth_is_bounded(self) -> None:
        """What is nested deeper than parsers go ends there; the record can be read."""
        body: Any = "bottom"
        for _ in range(900):
            body = {"down": body}
        depth, found = 0, _value(message(body=body).body)
        while found is not None:
            depth, found = depth + 1, found["down"]

        assert 28 == depth

    @pytest.mark.parametrize("severity", [-1, 25, 10**6])
    def test_an_unknown_severity_is_none(self, severity: int) -> None:
        """OTLP knows 1 to 24."""
        assert 0 == message(severity=severity).severity_number

    @pytest.mark.parametrize("ids", [{"trace_id": "0a"}, {"trace_id": TRACE, "span_id": "x" * 16}])
    def test_a_wrong_id_is_refused(self, ids: dict[str, str]) -> None:
        """It raises for its record alone."""
        with pytest.raises(ValueError, match=r"no id|hexadecimal"):
            message(**ids)
