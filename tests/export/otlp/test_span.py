from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource

from orchestrace.export.otlp import encode_span
from orchestrace.export.otlp.partial import PartialEvent, PartialLink, PartialSpan
from orchestrace.export.readable import readable
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
RESOURCE = Resource({})


def hexadecimal(size: int) -> st.SearchStrategy[str]:
    """Draw an id of `size` bytes."""
    return st.binary(min_size=size, max_size=size).map(bytes.hex)


TEXT = st.text(st.characters()) | st.text(string.ascii_letters) | st.text(min_size=200, max_size=300)
SCALAR = TEXT | st.booleans() | st.integers() | st.integers(-(2**63), 2**63 - 1) | st.floats()
VALUE = st.one_of(
    SCALAR,
    st.lists(SCALAR, max_size=4),
    st.lists(TEXT, max_size=4).map(tuple),
    st.none(),
    st.binary(),
    st.dictionaries(TEXT, TEXT, max_size=2),
    st.lists(st.none() | SCALAR | st.lists(SCALAR, max_size=2), max_size=3),
    st.builds(object),
)
ATTRIBUTES = st.dictionaries(TEXT | st.integers() | st.sampled_from(["\ud800", "\ud801", "\ufffd"]), VALUE, max_size=6)
TIME = st.integers() | st.integers(0, 2**64 - 1)
RECORDS = st.builds(
    SpanRecord,
    trace_id=hexadecimal(16),
    span_id=hexadecimal(8),
    parent_id=st.none() | hexadecimal(8),
    name=TEXT,
    kind=st.integers(-1, 6),
    start=TIME,
    end=st.none() | TIME,
    status=st.sampled_from(["UNSET", "OK", "ERROR", "ODD"]),
    status_message=st.none() | TEXT,
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(EventRecord, TEXT, TIME, ATTRIBUTES), max_size=3),
    links=st.lists(st.builds(LinkRecord, hexadecimal(16), hexadecimal(8), ATTRIBUTES), max_size=3),
    scope=TEXT,
    scope_version=TEXT,
    trace_state=st.sampled_from(["", "vendor=value", "a=1,b=2", " a=1 ,, b=2 ", "a=1,a=2", "no state", "a=é"]),
    sampled=st.booleans(),
)


def stock(record: SpanRecord) -> Span:
    """Return the message that the stock encoder makes of a record."""
    return encode_spans([readable(record, RESOURCE)]).resource_spans[0].scope_spans[0].spans[0]


class TestEncodeSpan:
    @given(RECORDS)
    def test_is_what_the_stock_encoder_writes(self, record: SpanRecord) -> None:
        """Whatever stands in a record: read back, our bytes are its message, field by field."""
        ours = Span.FromString(encode_span(record))
        theirs = stock(record)
        differing = [
            field.name
            for field in Span.DESCRIPTOR.fields
            # As bytes: a number that is none is unequal to itself.
            if _alone(ours, field.name) != _alone(theirs, field.name)
        ]

        assert [] == differing
        assert theirs.SerializeToString(deterministic=True) == ours.SerializeToString(deterministic=True)

    def test_nothing_is_dropped(self) -> None:
        """The counts of what was dropped are zero: our pipeline has no such limits."""
        span = Span.FromString(encode_span(SpanRecord(TRACE, SPAN, None, "x", 0, 1, 2)))

        assert (0, 0, 0) == (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count)

    def test_many_attributes_with_odd_keys_keep_their_neighbours(self) -> None:
        """Keys that become the same when mended are one attribute; those that are none cost nothing else."""
        attributes: dict[Any, Any] = {"a": 1, "\ud800": 2, "": 3, 7: 4, "\udfff": 5, "z": 6}  # noqa: F601 - they differ
        span = Span.FromString(encode_span(SpanRecord(TRACE, SPAN, None, "x", 0, 1, 2, attributes=attributes)))

        assert [("a", 1), ("\ufffd", 5), ("z", 6)] == [(pair.key, pair.value.int_value) for pair in span.attributes]

    @pytest.mark.parametrize("field", ["trace_id", "span_id", "parent_id"])
    @pytest.mark.parametrize("said", ["", "0a", "x" * 32, TRACE + "00"])
    def test_a_wrong_id_is_refused(self, field: str, said: str) -> None:
        """It raises for its record alone, before there is a batch."""
        record = SpanRecord(TRACE, SPAN, None, "x", 0, 1, 2)
        setattr(record, field, said)

        with pytest.raises(ValueError, match=r"no id|hexadecimal"):
            encode_span(record)

    def test_a_wrong_id_of_a_link_is_refused(self) -> None:
        """As its own."""
        with pytest.raises(ValueError, match="no id of 8 bytes"):
            encode_span(SpanRecord(TRACE, SPAN, None, "x", 0, 1, 2, links=[LinkRecord(TRACE, "0a")]))


def _alone(message: Span, field: str) -> bytes:
    other = Span()
    other.CopyFrom(message)
    for one in Span.DESCRIPTOR.fields:
        if one.name != field:
            other.ClearField(one.name)
    return other.SerializeToString(deterministic=True)


class TestPartial:
    def test_what_was_left_out_is_counted(self) -> None:
        """In OTLP's own fields; where nothing was, nothing is said."""
        event, link = PartialEvent("e", 1, dropped_attributes=4), PartialLink(TRACE, SPAN, dropped_attributes=5)
        told = PartialSpan(
            TRACE, SPAN, None, "n", 0, 1, 2, events=[event], links=[link],
            dropped_attributes=300, dropped_events=2, dropped_links=3,
        )  # fmt: skip
        read = Span.FromString(encode_span(told))
        [sent], [linked] = read.events, read.links

        assert (300, 2, 3) == (read.dropped_attributes_count, read.dropped_events_count, read.dropped_links_count)
        assert (4, 5) == (sent.dropped_attributes_count, linked.dropped_attributes_count)
        assert encode_span(SpanRecord(TRACE, SPAN, None, "n", 0, 1, 2)) == encode_span(
            PartialSpan(TRACE, SPAN, None, "n", 0, 1, 2)
        )
